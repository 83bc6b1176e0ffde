"""Local calendar days of a timelapse."""

from datetime import date


def day_number(first_day: date, day: date) -> int:
    """Number a local day of a timelapse; the day of its first image is 1."""
    return (day - first_day).days + 1
