"""Tests of the engine floor, without Home Assistant."""
