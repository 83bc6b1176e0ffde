"""Watching over the house: health, statistics, reconciliation."""
