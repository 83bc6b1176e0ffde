"""Tests of the engine's database."""
