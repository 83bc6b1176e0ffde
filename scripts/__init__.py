"""Programs of the repository."""
