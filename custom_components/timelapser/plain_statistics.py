"""Statistics as plain data; shares are in percent, as progress is."""

from datetime import datetime
from typing import Any

from .engine.capture.health import Latency
from .engine.capture.planning import Estimate
from .engine.database.statistics_operations import DayStatistics, Sums, Totals
from .engine.database.tick_operations import Misses
from .engine.models import Tick
from .engine.monitoring.statistics import Statistics

type Data = dict[str, Any]


def statistics_data(statistics: Statistics) -> Data:
    """Answer the figures of a scope as plain data."""
    data: Data = {
        "totals": totals_data(statistics.totals),
        "today": day_data(statistics.today),
        "last_24_hours": sums_data(statistics.last_24_hours),
        "last_7_days": sums_data(statistics.last_7_days),
        "growth_per_day": round(statistics.growth_per_day),
    }
    if statistics.disk is not None:
        data |= {
            "disk_bytes": statistics.disk.total,
            "free_bytes": statistics.disk.free,
            "days_until_full": _rounded(statistics.days_until_full),
        }
    return data


def sums_data(sums: Sums) -> Data:
    """Answer what was counted as plain data."""
    return {
        "images": sums.images,
        "quarantined": sums.quarantined,
        "flagged": sums.flagged,
        "failed": sums.failed,
        "skipped": sums.skipped,
        "planned": sums.planned,
        "covered": sums.covered,
        "bytes": sums.byte_count,
        "score_mean": _rounded(sums.score_mean),
        "score_min": sums.score_min,
        "success_rate": _percent(sums.success_rate),
        "coverage": _percent(sums.coverage),
    }


def day_data(day: DayStatistics) -> Data:
    """Answer a day as plain data."""
    return {"day": day.day.isoformat(), **sums_data(day)}


def totals_data(totals: Totals) -> Data:
    """Answer what was counted since ever as plain data."""
    return {
        **sums_data(totals),
        "videos": totals.videos,
        "video_bytes": totals.video_byte_count,
        "longest_gap": totals.longest_gap / 1000,
        "first_image_at": _time(totals.first_image_at),
        "last_image_at": _time(totals.last_image_at),
    }


def misses_data(misses: Misses) -> Data:
    """Answer ticks without an image as plain data."""
    return {
        "outcome": misses.outcome.value,
        "reason": misses.reason,
        "count": misses.count,
        "wanted": misses.is_wanted,
    }


def gap_data(tick: Tick) -> Data:
    """Answer a gap, in which one tick or several gave no image, as plain data."""
    return {
        "from": _time(tick.planned_at),
        "until": _time(tick.last_at or tick.planned_at),
        "ticks": tick.count,
        "outcome": tick.outcome.value,
        "reason": tick.reason,
        "wanted": tick.is_wanted,
    }


def plan_data(
    estimate: Estimate, next_capture: datetime | None, window_open: bool | None, now: datetime
) -> Data:
    """Answer what a camera is going to do as plain data; the countdown in seconds."""
    countdown = (next_capture - now).total_seconds() if next_capture else None
    return {
        "next_capture": _time(next_capture),
        "countdown": None if countdown is None else max(0, round(countdown)),
        "window_open": window_open,
        "images_per_day": estimate.images,
        "bytes_per_day": estimate.byte_count,
    }


def latency_data(latency: Latency | None) -> Data | None:
    """Answer how long the last grabs took, in seconds, as plain data."""
    if latency is None:
        return None
    return {
        "grabs": latency.count,
        "median": round(latency.median, 3),
        "p95": round(latency.p95, 3),
        "longest": round(latency.longest, 3),
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
