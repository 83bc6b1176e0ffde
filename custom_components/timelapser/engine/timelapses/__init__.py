"""Timelapses: their life from start to completion."""
