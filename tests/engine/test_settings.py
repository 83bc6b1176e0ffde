"""Settings: bounds, and levels that leave things out."""

from enum import StrEnum

import pytest

from custom_components.timelapser.engine.errors import InvalidSettingError
from custom_components.timelapser.engine.models import Quality
from custom_components.timelapser.engine.settings import SCHEMA, Settings, check, resolve


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("interval", 0),
        ("interval", 86_401),
        ("interval", 1.5),
        ("interval", True),
        ("interval", "60"),
        ("retry_delay", 0),
        ("fps", 121),
        ("quality", "best"),
        ("corruption_detection", 1),
        ("nonsense", 1),
    ],
)
def test_bad_value_is_named(name: str, value: object) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        check(name, value)
    assert caught.value.placeholders["setting"] == name
    assert caught.value.placeholders["expected"]


@pytest.mark.parametrize(
    ("name", "value", "answer"),
    [
        ("interval", 1, 1),
        ("interval", 60.0, 60),
        ("retry_delay", 0.5, 0.5),
        ("quality", "ultra", Quality.ULTRA),
        ("corruption_detection", False, False),
    ],
)
def test_good_value_is_answered_in_its_kind(
    name: str, value: object, answer: float | bool | StrEnum
) -> None:
    assert check(name, value) == answer
    assert type(check(name, value)) is type(answer)


def test_every_default_is_a_valid_value() -> None:
    assert all(check(name, setting.default) == setting.default for name, setting in SCHEMA.items())


def test_later_levels_win_and_others_show_through() -> None:
    settings = resolve({"interval": 60, "fps": 30}, {"interval": 5, "url": "x"}, {})
    assert (settings.capture.interval, settings.video.fps) == (5, 30)
    assert settings.capture.timeout == Settings().capture.timeout
