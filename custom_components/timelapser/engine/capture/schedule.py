"""When captures happen: pure functions of time."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_tick(after: datetime, interval: timedelta) -> datetime:
    """Answer the first tick later than `after`.

    Ticks lie on whole multiples of the interval since 1970 in UTC, so they neither drift nor move
    with a restart, and clock changes do not concern them.
    """
    return _EPOCH + ((after - _EPOCH) // interval + 1) * interval
