"""Tests of the engine's corruption."""
