"""Tests with a real Home Assistant as a process of its own."""
