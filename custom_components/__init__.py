"""The integrations of this repository (a package, so that tests find them first)."""
