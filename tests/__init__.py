"""Tests of Timelapser."""
