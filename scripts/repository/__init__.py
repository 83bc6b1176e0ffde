"""The checks of scripts/check_repository.py."""
