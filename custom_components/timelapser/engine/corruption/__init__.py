"""Corruption detection: metrics of a small luma picture, and a score with reasons."""
