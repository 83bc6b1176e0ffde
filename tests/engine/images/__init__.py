"""Tests of the engine's images."""
