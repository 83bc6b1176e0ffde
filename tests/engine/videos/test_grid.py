"""Several pictures in a frame: where they lie, and which of them stand together."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.errors import (
    FieldConflictError,
    InvalidRequestError,
    InvalidSettingError,
)
from custom_components.timelapser.engine.models.beside import Beside
from custom_components.timelapser.engine.models.render import Card, Mosaic, RenderImage, Shot
from custom_components.timelapser.engine.videos.grid import (
    at_once,
    boxes,
    canvas,
    columns,
    rows,
    side_by_side,
    with_columns,
)
from tests.engine.conftest import BEGIN, ZONE


def image(number: int, moment: datetime) -> RenderImage:
    return RenderImage(number, 1, "f", number, moment, 640, 480, 1000)


def taken(*seconds: float, first: int = 0) -> list[RenderImage]:
    return [
        image(first + number, BEGIN + timedelta(seconds=each))
        for number, each in enumerate(seconds)
    ]


@pytest.mark.parametrize(
    ("pictures", "layout"),
    [
        *((1, (1, 1)), (2, (2, 1)), (3, (2, 2)), (4, (2, 2)), (5, (3, 2)), (6, (3, 2))),
        *((7, (3, 3)), (8, (3, 3)), (9, (3, 3))),
    ],
)
def test_layouts(pictures: int, layout: tuple[int, int]) -> None:
    assert (columns(pictures), rows(pictures)) == layout


@given(st.integers(1, 9), st.integers(10, 2000), st.integers(10, 2000))
def test_tiles_are_even_and_share_the_frame(pictures: int, half: int, high: int) -> None:
    width, height = 2 * half, 2 * high
    tiles = boxes(pictures, (width, height))
    assert len(tiles) == pictures
    assert all(side % 2 == 0 for tile in tiles for side in tile)
    assert all(left < right and top < bottom for left, top, right, bottom in tiles)
    assert {tile[0] for tile in tiles} >= {0}
    assert max(tile[2] for tile in tiles) == width
    assert max(tile[3] for tile in tiles) == height
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in tiles]
    if pictures == columns(pictures) * rows(pictures):
        assert sum(areas) == width * height


@pytest.mark.parametrize(
    ("leading", "other", "expected"),
    [
        ((0, 60, 120), (0, 60, 120), [0, 60, 120]),
        # The nearest, even if it was taken a little later.
        ((0, 60, 120), (0.5, 60.5, 120.5), [0.5, 60.5, 120.5]),
        ((0, 60, 120), (-35, 25, 85), [25, 85, 85]),
        # Of two that are as near, the earlier.
        ((60,), (30, 90), [30]),
        # A slower one stays, a quicker one is thinned out.
        ((0, 10, 20, 30), (0, 30, 60), [0, 0, 30, 30]),
        ((0, 60), (0, 10, 20, 30, 40, 50, 60), [0, 60]),
        # Beyond three usual intervals it is dark.
        ((0, 60, 240, 241, 400, 1000), (0, 60, 1000), [0, 60, 60, 60, 60, 1000]),
        ((0, 239, 241), (0, 60, 120, 180, 1000, 1060, 1120), [0, 180, 180]),
        ((361, 819, 820), (0, 60, 120, 180, 1000, 1060, 1120), [None, None, 1000]),
        ((0, 60, 200), (30,), [30, 30, None]),
        ((0, 60), (), [None, None]),
    ],
)
def test_cameras_at_once(
    leading: Sequence[float], other: Sequence[float], expected: list[float | None]
) -> None:
    first, second = taken(*leading), taken(*other, first=100)
    found = at_once(first, second)
    assert [each and (each.captured_at - BEGIN).total_seconds() for each in found] == expected


@pytest.mark.parametrize(
    ("leading", "other", "firsts", "expected"),
    [
        # Two days.
        (
            ["06-01 12:00", "06-01 13:00"],
            ["06-20 12:10", "06-20 13:10"],
            ("06-01", "06-20"),
            [0, 1],
        ),
        # By the clock, though summer time began in between: 1 April and 1 March.
        (
            ["04-01 12:00", "04-01 13:00"],
            ["03-01 12:00", "03-01 13:00"],
            ("04-01", "03-01"),
            [0, 1],
        ),
        # Day for day in a range; the second one has no second day.
        (
            ["06-01 12:00", "06-02 12:00", "06-03 12:00"],
            ["05-01 12:00", "05-01 12:05", "05-03 11:55", "05-03 12:01"],
            ("06-01", "05-01"),
            [0, None, 3],
        ),
        # The second range is before, after, or as well the first.
        (["06-01 12:00"], ["06-01 12:00"], ("06-01", "06-01"), [0]),
        # The hour that comes twice when clocks are put back.
        (
            ["06-01 02:10", "06-01 02:50"],
            ["10-25 02:10", "10-25 02:40", "10-25 02:20*", "10-25 02:50*"],
            ("06-01", "10-25"),
            [0, 3],
        ),
    ],
    ids=["days", "summer time", "ranges", "the same", "twice"],
)
def test_two_ranges_beside_each_other(
    leading: list[str], other: list[str], firsts: tuple[str, str], expected: list[int | None]
) -> None:
    found = side_by_side(
        [image(number, local(moment)) for number, moment in enumerate(leading)],
        [image(number, local(moment)) for number, moment in enumerate(other)],
        (date.fromisoformat(f"2026-{firsts[0]}"), date.fromisoformat(f"2026-{firsts[1]}")),
        ZONE,
    )
    assert [each and each.id for each in found] == expected


def local(text: str) -> datetime:
    """A moment of the local clock; a star is for the second time that it shows this."""
    moment = datetime.strptime(f"2026-{text.rstrip('*')}", "%Y-%m-%d %H:%M")
    return moment.replace(tzinfo=ZONE, fold=text.endswith("*")).astimezone(UTC)


def test_mosaics_take_the_place_of_their_leading_images() -> None:
    images, other = taken(0, 120), taken(0, 120, first=100)
    shots = [Shot(images[0], 3), Shot(Card("No signal"), 2), Shot(images[1])]
    assert with_columns(shots, [other, [None, images[0]]]) == (
        Shot(Mosaic((images[0], other[0], None)), 3),
        Shot(Card("No signal"), 2),
        Shot(Mosaic((images[1], other[1], images[0]))),
    )
    assert with_columns(shots, []) == tuple(shots)


@pytest.mark.parametrize(
    ("pictures", "tile", "frame"),
    [
        (1, (7680, 4320), (7680, 4320)),
        (2, (640, 480), (1280, 480)),
        (3, (640, 480), (1280, 960)),
        (9, (640, 480), (1920, 1440)),
        (2, (1920, 1080), (3840, 1080)),
        (9, (1920, 1080), (3840, 2160)),
        (6, (1920, 1080), (3840, 1440)),
        (4, (1080, 1920), (2160, 3840)),
    ],
)
def test_frame_is_as_large_as_its_tiles_up_to_a_limit(
    pictures: int, tile: tuple[int, int], frame: tuple[int, int]
) -> None:
    assert canvas(pictures, tile) == frame


@pytest.mark.parametrize(
    "beside",
    [
        Beside(),
        Beside(("b", "c")),
        Beside(start=date(2026, 6, 1)),
        Beside(start=datetime(2026, 6, 1, 8), end=date(2026, 6, 3)),
    ],
)
def test_beside_is_stored_and_read(beside: Beside) -> None:
    assert Beside.from_plain(beside.plain) == beside


def test_range_of_beside() -> None:
    start, end = Beside(start=date(2026, 6, 1), end=date(2026, 6, 1)).range(ZONE, BEGIN)
    assert (start, end) == (
        datetime(2026, 5, 31, 22, tzinfo=UTC),
        datetime(2026, 6, 1, 22, tzinfo=UTC),
    )
    backwards = Beside(start=date(2026, 6, 2), end=date(2026, 6, 1))
    with pytest.raises(InvalidSettingError) as caught:
        backwards.range(ZONE, BEGIN)
    assert caught.value.placeholders["setting"] == "compare_to"


@pytest.mark.parametrize(
    ("options", "error", "name"),
    [
        ({"cameras": ("b",), "start": date(2026, 6, 1)}, FieldConflictError, "compare_from"),
        ({"cameras": ("b",), "end": date(2026, 6, 1)}, FieldConflictError, "compare_to"),
        ({"end": date(2026, 6, 1)}, InvalidSettingError, "compare_from"),
        ({"cameras": ("b", "b")}, InvalidSettingError, "grid_with"),
        ({"cameras": tuple("bcdefghij")}, InvalidSettingError, "grid_with"),
    ],
    ids=["grid and range", "grid and end", "end alone", "twice", "too many"],
)
def test_nonsense_is_refused_by_name(
    options: dict[str, Any], error: type[InvalidRequestError], name: str
) -> None:
    with pytest.raises(error) as caught:
        Beside(**options)
    assert name in caught.value.placeholders.values()


@pytest.mark.parametrize(
    "data", [{"cameras": "b"}, {"start": 5}, {"start": "June"}, {"every_nth": 2}, {"more": 1}]
)
def test_what_cannot_have_been_stored(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError):
        Beside.from_plain(data)
