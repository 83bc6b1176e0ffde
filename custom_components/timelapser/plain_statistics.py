"""Statistics as plain data; shares are in percent, as progress is."""

from datetime import datetime
from typing import Any

from .engine.database.statistics_operations import DayStatistics, Sums, Totals
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


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
