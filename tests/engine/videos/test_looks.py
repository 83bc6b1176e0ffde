"""Grids, pairs and ramps, from what is asked for to a plan, and what a job needs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from custom_components.timelapser.engine.database.retention_operations import RetentionOperations
from custom_components.timelapser.engine.database.selection_operations import SelectionOperations
from custom_components.timelapser.engine.errors import (
    InvalidSettingError,
    NoImagesError,
    NotFoundError,
    TimelapserError,
)
from custom_components.timelapser.engine.models import (
    Beside,
    Judgement,
    NewImage,
    NewJob,
    RenderSpec,
    Resolution,
    Selection,
    Timelapse,
    Timing,
)
from custom_components.timelapser.engine.models.render import Mosaic, RenderPlan, leading
from custom_components.timelapser.engine.videos.planner import Planner
from tests.engine.conftest import BEGIN, ZONE, Engine

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def keep(
    engine: Engine, timelapse: Timelapse, moments: Sequence[datetime], **values: Any
) -> None:
    """Enter images; no files are needed to plan."""
    for moment in moments:
        new: dict[str, Any] = {
            "camera_id": timelapse.camera_id,
            "timelapse_id": timelapse.id,
            "captured_at": moment,
            "local_day": moment.astimezone(ZONE).date(),
            "width": 640,
            "height": 480,
            "byte_count": 1000,
            "judgement": Judgement(90),
            "quarantined": False,
            "flagged": False,
        }
        await engine.image_rows.record(NewImage(**new | values))


def planner_of(engine: Engine) -> Planner:
    return Planner(
        SelectionOperations(engine.database), engine.timelapses, engine.cameras, lambda: ZONE
    )


def minutes(plan: RenderPlan) -> list[list[float | None]]:
    """When what stands together was taken, in minutes from the beginning."""
    mosaics = [shot.image for shot in plan.shots if isinstance(shot.image, Mosaic)]
    assert len(mosaics) == len(plan.shots)
    return [
        [None if tile is None else (tile.captured_at - BEGIN) / MINUTE for tile in each.tiles]
        for each in mosaics
    ]


async def test_grid_of_three_cameras(either: Engine) -> None:
    lead, quick, late = [await either.timelapse(name) for name in ("cam", "cam2", "cam3")]
    await keep(either, lead, [BEGIN + number * 10 * MINUTE for number in range(4)])
    await keep(either, quick, [BEGIN + number * 2 * MINUTE for number in range(-5, 30)])
    await keep(either, quick, [BEGIN + 10 * MINUTE + timedelta(seconds=1)], quarantined=True)
    await keep(either, late, [BEGIN + (26 + number) * MINUTE for number in range(3)])
    spec = RenderSpec(Selection(every_nth=2), beside=Beside(("cam3", "cam2")))
    planned = await planner_of(either).plan(lead.id, spec, BEGIN)
    assert minutes(planned.plan) == [[0, None, 0], [20, None, 20]]
    encoding = planned.plan.encoding
    assert (encoding.width, encoding.height) == (1280, 960)
    assert planned.timelapse.id == lead.id
    smaller = replace(spec, selection=Selection(), resolution=Resolution.SD)
    planned = await planner_of(either).plan(lead.id, smaller, BEGIN)
    assert minutes(planned.plan) == [[0, None, 0], [10, None, 10], [20, None, 20], [30, 28, 30]]
    assert (planned.plan.encoding.width, planned.plan.encoding.height) == (640, 480)


@pytest.mark.parametrize(
    ("selection", "beside", "expected"),
    [
        # One day beside another one.
        (
            Selection(start=date(2026, 11, 24), end=date(2026, 11, 24)),
            Beside(start=date(2026, 11, 26), end=date(2026, 11, 26)),
            [(24, 9, 26, 9), (24, 10, 26, 10), (24, 11, 26, 11)],
        ),
        # Day for day, for as long as the first goes.
        (
            Selection(start=date(2026, 11, 24), end=date(2026, 11, 25), every_nth=2),
            Beside(start=date(2026, 11, 25)),
            [(24, 9, 25, 9), (24, 11, 25, 11), (25, 10, 26, 10)],
        ),
        # A range that begins in the day, and one that is over before the other.
        (
            Selection(start=datetime(2026, 11, 25, 10)),
            Beside(start=date(2026, 11, 24), end=datetime(2026, 11, 24, 10, 30)),
            [(25, 10, 24, 10), (25, 11, 24, 10), (26, 9, 0, 0), (26, 10, 0, 0), (26, 11, 0, 0)],
        ),
        # Of the whole timelapse, days count from the first image.
        (
            Selection(nearest_time=datetime(2026, 11, 24, 10).time()),
            Beside(start=date(2026, 11, 25), end=date(2026, 11, 25)),
            [(24, 10, 25, 10), (25, 10, 0, 0), (26, 10, 0, 0)],
        ),
    ],
    ids=["days", "ranges", "moments", "all"],
)
async def test_pair(
    engine: Engine,
    selection: Selection,
    beside: Beside,
    expected: list[tuple[int, int, int, int]],
) -> None:
    timelapse = await engine.timelapse()
    days = [
        datetime(2026, 11, day, hour, tzinfo=ZONE) for day in (24, 25, 26) for hour in (9, 10, 11)
    ]
    await keep(engine, timelapse, [day.astimezone(UTC) for day in days])
    planned = await planner_of(engine).plan(
        timelapse.id, RenderSpec(selection, beside=beside), BEGIN
    )
    found = []
    for shot in planned.plan.shots:
        assert isinstance(shot.image, Mosaic)
        local = [tile and tile.captured_at.astimezone(ZONE) for tile in shot.image.tiles]
        left, right = [(each.day, each.hour) if each else (0, 0) for each in local]
        found.append((*left, *right))
    assert found == expected
    assert (planned.plan.encoding.width, planned.plan.encoding.height) == (1280, 480)


@pytest.mark.parametrize(
    ("selection", "beside", "error", "names"),
    [
        (Selection(), Beside(("cam",)), InvalidSettingError, {"grid_with"}),
        (Selection(), Beside(("cam2", "nobody")), NotFoundError, {"nobody"}),
        (Selection(), Beside(start=date(2020, 1, 1)), InvalidSettingError, {"compare_from"}),
        (
            Selection(),
            Beside(start=date(2026, 11, 24), end=date(2026, 11, 20)),
            InvalidSettingError,
            {"compare_to"},
        ),
        (Selection(start=date(2030, 1, 1)), Beside(("cam2",)), NoImagesError, {"Spring"}),
    ],
    ids=["itself", "nobody", "no images", "backwards", "nothing leads"],
)
async def test_what_cannot_stand_together(
    engine: Engine,
    selection: Selection,
    beside: Beside,
    error: type[TimelapserError],
    names: set[str],
) -> None:
    timelapse = await engine.timelapse()
    await engine.timelapse("cam2")
    await keep(engine, timelapse, [BEGIN, BEGIN + MINUTE])
    with pytest.raises(error) as caught:
        await planner_of(engine).plan(timelapse.id, RenderSpec(selection, beside=beside), BEGIN)
    assert names <= {*map(str, caught.value.placeholders.values())}


@pytest.mark.parametrize(
    ("selection", "slow"),
    [(Selection(), {23, 0}), (Selection(time_from=time(12), time_to=time(6)), {5, 12})],
    ids=["midnight", "when the window opens"],
)
async def test_ramp_of_a_plan(engine: Engine, selection: Selection, slow: set[int]) -> None:
    timelapse = await engine.timelapse()
    begin = datetime(2026, 11, 24, tzinfo=ZONE)
    await keep(engine, timelapse, [(begin + number * HOUR).astimezone(UTC) for number in range(60)])
    spec = RenderSpec(selection, Timing(10, ramp=1), beside=Beside(start=date(2026, 11, 24)))
    plan = (await planner_of(engine).plan(timelapse.id, spec, BEGIN)).plan
    held = [leading(shot.image) for shot in plan.shots if shot.repeat > 2]
    assert {each.captured_at.astimezone(ZONE).hour for each in held if each} == slow
    plain = await planner_of(engine).plan(timelapse.id, replace(spec, timing=Timing(10)), BEGIN)
    assert {shot.repeat for shot in plain.plan.shots} == {1}


@pytest.mark.parametrize(
    "spec",
    [
        RenderSpec(Selection(), Timing(ramp=2.5), beside=Beside(("cam2", "cam3"))),
        RenderSpec(Selection(), beside=Beside(start=date(2026, 5, 1), end=datetime(2026, 5, 2, 8))),
    ],
)
def test_spec_is_stored_and_read(spec: RenderSpec) -> None:
    assert RenderSpec.from_plain(spec.plain) == spec


def test_spec_from_before_there_were_grids() -> None:
    spec = RenderSpec(Selection())
    stored = spec.plain
    del stored["beside"], stored["timing"]["ramp"]
    assert RenderSpec.from_plain(stored) == spec


@pytest.mark.parametrize(
    ("beside", "in_use"),
    [
        (Beside(), {1}),
        (Beside(("cam2",)), {1, 3}),
        # The other dates may lie in another timelapse of the camera.
        (Beside(start=date(2026, 5, 1)), {1, 2}),
    ],
    ids=["alone", "grid", "pair"],
)
async def test_what_a_job_needs_is_protected(
    either: Engine, beside: Beside, in_use: set[int]
) -> None:
    camera = await either.camera()
    first = await either.timelapses.create_completed(camera.id, "a", BEGIN, BEGIN + MINUTE)
    await either.timelapses.create_completed(camera.id, "b", BEGIN, BEGIN + MINUTE)
    await either.timelapse("cam2")
    await either.timelapse("cam3")
    spec = RenderSpec(Selection((first.id,)), beside=beside)
    await either.videos.enqueue(NewJob(camera.id, first.id, spec), BEGIN)
    assert await RetentionOperations(either.database).protected() == in_use
