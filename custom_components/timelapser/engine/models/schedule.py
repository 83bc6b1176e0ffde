"""Words of the schedule: windows, sun events, weekdays."""

from enum import StrEnum


class WindowKind(StrEnum):
    """By what a window opens and closes."""

    NONE = "none"
    CLOCK = "clock"
    SUN = "sun"


class SunEvent(StrEnum):
    """Moments of a solar day, in their order."""

    ASTRONOMICAL_DAWN = "astronomical_dawn"
    NAUTICAL_DAWN = "nautical_dawn"
    CIVIL_DAWN = "civil_dawn"
    SUNRISE = "sunrise"
    NOON = "noon"
    SUNSET = "sunset"
    CIVIL_DUSK = "civil_dusk"
    NAUTICAL_DUSK = "nautical_dusk"
    ASTRONOMICAL_DUSK = "astronomical_dusk"


class Weekday(StrEnum):
    """Days of the week, in the order and the words of Home Assistant."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"
