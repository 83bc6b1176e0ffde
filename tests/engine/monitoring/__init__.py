"""Tests of the watching over the house."""
