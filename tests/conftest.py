"""Fixtures for every test."""

import custom_components  # noqa: F401  # before the test package's own of that name

pytest_plugins = ["tests.harness.fixtures"]
