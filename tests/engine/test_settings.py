"""Settings: bounds, and levels that leave things out."""

from datetime import time
import json
from random import Random

from hypothesis import given
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.errors import (
    CropError,
    InvalidSettingError,
    SettingLevelError,
    StorageOrderError,
    ThresholdOrderError,
)
from custom_components.timelapser.engine.models import Quality, Weekday, WindowKind
from custom_components.timelapser.engine.settings import (
    SCHEMA,
    Level,
    Settings,
    changed,
    check,
    resolve,
)
from custom_components.timelapser.engine.settings.schema import EVERY_LEVEL


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
        ("rotation", 45),
        ("rotation", 360),
        ("window", "moon"),
        ("window_start", "25:00"),
        ("window_start", "6 o'clock"),
        ("window_start", "06:00:00.5"),
        ("window_start", "06:00+02:00"),
        ("weekdays", []),
        ("weekdays", "mon"),
        ("weekdays", ["mon", "someday"]),
        ("weather", "sensor.rain"),
        ("weather", "Weather.Home"),
        ("weather", 1),
        ("recorded", [f"sensor.s{number}" for number in range(11)]),
        ("recorded", ["no entity"]),
        ("recorded", "sensor.one"),
        ("gate", "sun is up"),
        ("gate", ["sun is up"]),
        ("gate", [{"condition": "sun"}] * 21),
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
        ("rotation", 270, 270),
        ("window", "sun", WindowKind.SUN),
        ("window_start", "06:30", time(6, 30)),
        ("weekdays", ["sun", "mon", "sun"], (Weekday.MONDAY, Weekday.SUNDAY)),
        ("weather", "", ""),
        ("weather", "weather.home", "weather.home"),
        ("recorded", ["sensor.b", "sensor.a", "sensor.b"], ("sensor.b", "sensor.a")),
        ("gate", {"condition": "sun"}, ({"condition": "sun"},)),
    ],
)
def test_good_value_is_answered_in_its_kind(name: str, value: object, answer: object) -> None:
    assert check(name, value) == answer
    assert type(check(name, value)) is type(answer)


def test_every_default_is_a_valid_value() -> None:
    assert all(check(name, setting.default) == setting.default for name, setting in SCHEMA.items())


def test_what_is_stored_is_the_same_when_it_is_read_again() -> None:
    changes = {
        "window": "clock",
        "window_start": "06:00:00",
        "window_end": "20:15:30",
        "weekdays": ["sun", "sat"],
        "gate": {"condition": "sun", "after": "sunrise"},
        "recorded": ["sensor.a"],
    }
    own = changed({}, Level.HUB, changes)
    assert json.loads(json.dumps(own)) == {
        "window": "clock",
        "window_start": "06:00",
        "window_end": "20:15:30",
        "weekdays": ["sat", "sun"],
        "gate": [{"condition": "sun", "after": "sunrise"}],
        "recorded": ["sensor.a"],
    }
    assert changed({}, Level.HUB, own) == own


def test_levels_show_through_and_tell_where_from() -> None:
    resolved = resolve(
        {
            Level.HUB: {"interval": 60, "fps": 30, "log_retention": 7},
            Level.CAMERA: {"interval": 5, "url": "x", "log_retention": 3},
        }
    )
    settings = resolved.settings
    assert (settings.capture.interval, settings.video.fps) == (5, 30)
    assert settings.capture.timeout == Settings().capture.timeout
    # A camera has no say in what only the hub may set.
    assert (settings.retention.logs, resolved.origins["log_retention"]) == (7, Level.HUB)
    assert resolved.origins["interval"] is Level.CAMERA
    assert resolved.origins["timeout"] is Level.DEFAULT


def test_bad_values_that_are_stored_are_left_out_and_named() -> None:
    levels = {Level.HUB: {"interval": 60}, Level.CAMERA: {"interval": 0, "quality": "best"}}
    resolved = resolve(levels)
    assert resolved.values["interval"] == 60
    assert [(one.level, one.error.placeholders["setting"]) for one in resolved.refused] == [
        (Level.CAMERA, "interval"),
        (Level.CAMERA, "quality"),
    ]


@pytest.mark.parametrize(
    ("level", "changes", "error"),
    [
        (Level.CAMERA, {"nonsense": 1}, InvalidSettingError),
        (Level.CAMERA, {"nonsense": None}, InvalidSettingError),
        (Level.HUB, {"interval": 0}, InvalidSettingError),
        (Level.TIMELAPSE, {"log_retention": 3}, SettingLevelError),
        (Level.CAMERA, {"quarantine_below": 71}, ThresholdOrderError),
        (Level.CAMERA, {"flag_below": 20, "quarantine_below": 30}, ThresholdOrderError),
        (Level.HUB, {"crop_left": 1}, SettingLevelError),
        (Level.CAMERA, {"crop_left": 50, "crop_right": 41}, CropError),
        (Level.CAMERA, {"crop_top": 90, "crop_bottom": 0.1}, CropError),
        (Level.HUB, {"stop_below": 3}, StorageOrderError),
    ],
)
def test_change_that_is_refused(
    level: Level, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        changed({Level.HUB: {"flag_below": 70}}, level, changes)


def test_heirs_are_not_turned_round_either() -> None:
    hub = {Level.HUB: {"flag_below": 70}}
    lake = {**hub, Level.CAMERA: {"quarantine_below": 50}}
    changes = {"flag_below": 30, "quarantine_below": 20}
    assert changed(hub, Level.HUB, changes) == changes
    with pytest.raises(ThresholdOrderError) as caught:
        # Cameras may have the same name.
        changed(hub, Level.HUB, changes, [("Lake", lake), ("Lake", hub)])
    assert caught.value.placeholders == {"where": "Lake", "quarantine": "50", "flag": "30"}
    # What has nothing to do with thresholds goes through.
    assert changed(hub, Level.HUB, {"fps": 9}, [("Lake", lake)]) == {"flag_below": 70, "fps": 9}


def test_thresholds_that_are_stored_the_wrong_way_round_are_left_out() -> None:
    levels = {
        Level.HUB: {"quarantine_below": 30},
        Level.CAMERA: {"flag_below": 20, "fps": 9},
        Level.TIMELAPSE: {"flag_below": 35},
    }
    resolved = resolve(levels)
    assert resolved.settings.corruption.quarantine_below == 30
    assert (resolved.values["flag_below"], resolved.values["fps"]) == (35, 9)
    assert [(one.level, type(one.error)) for one in resolved.refused] == [
        (Level.CAMERA, ThresholdOrderError)
    ]
    # The timelapse is not to blame for its camera.
    assert changed(levels, Level.TIMELAPSE, {"flag_below": 40}) == {"flag_below": 40}


THRESHOLDS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("flag_below", "quarantine_below"), st.integers(-1, 101))
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(EVERY_LEVEL, THRESHOLDS)))
def test_thresholds_in_effect_are_always_in_order(levels: dict[Level, dict[str, object]]) -> None:
    corruption = resolve(levels).settings.corruption
    assert 0 <= corruption.quarantine_below <= corruption.flag_below <= 100


SOME = {
    "interval": st.integers(1, 86_400),
    "fps": st.integers(1, 120),
    "retry_delay": st.floats(0.1, 60),
    "corruption_detection": st.booleans(),
    "quality": st.sampled_from([*map(str, Quality)]),
}
VALUES = st.fixed_dictionaries({}, optional=SOME)
LEVELS = st.fixed_dictionaries({}, optional=dict.fromkeys(EVERY_LEVEL, VALUES))
ORDER = (Level.HUB, Level.CAMERA, Level.TIMELAPSE)


@given(LEVELS)
def test_the_most_specific_level_wins(levels: dict[Level, dict[str, object]]) -> None:
    resolved = resolve(levels)
    for name in SOME:
        saying = [level for level in ORDER if name in levels.get(level, {})]
        if saying:
            assert resolved.origins[name] is saying[-1]
            assert resolved.values[name] == levels[saying[-1]][name]
        else:
            assert resolved.origins[name] is Level.DEFAULT
            assert resolved.values[name] == SCHEMA[name].default


@given(LEVELS, st.sampled_from(ORDER), st.sampled_from([*SOME]), st.data())
def test_what_is_set_is_in_effect_until_taken_back(
    levels: dict[Level, dict[str, object]], level: Level, name: str, data: st.DataObject
) -> None:
    value = data.draw(SOME[name])
    without = {**levels, level: changed(levels, level, {name: None})}
    assert resolve(without).origins[name] is not level
    with_it = {**levels, level: changed(levels, level, {name: value})}
    above = [other for other in ORDER[ORDER.index(level) + 1 :] if name in levels.get(other, {})]
    if not above:
        assert resolve(with_it).values[name] == value
    again = {**with_it, level: changed(with_it, level, {name: None})}
    assert resolve(again) == resolve(without)


@given(LEVELS, st.randoms())
def test_the_order_of_keys_does_not_matter(
    levels: dict[Level, dict[str, object]], random: Random
) -> None:
    shuffled = {}
    for level in random.sample([*levels], len(levels)):
        names = random.sample([*levels[level]], len(levels[level]))
        shuffled[level] = {name: levels[level][name] for name in names}
    assert resolve(shuffled) == resolve(levels)
