"""The two ways to decode a JPEG: both are tested by the same tests."""

import pytest

from custom_components.timelapser.engine.images.turbo import turbojpeg

from .jpegs import needs_turbojpeg, no_library

WAYS = (
    pytest.param(turbojpeg, marks=needs_turbojpeg, id="TurboJPEG"),
    pytest.param(no_library, id="Pillow"),
)
either_way = pytest.mark.parametrize("load", WAYS)
