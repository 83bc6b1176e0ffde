"""Tests of the life of timelapses."""
