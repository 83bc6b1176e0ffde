"""Tests that kill what they watch."""
