"""Tests of the engine's videos."""
