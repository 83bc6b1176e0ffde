"""What is encoded before anybody asks for a video."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.timelapser.engine.database.selection_operations import SelectionOperations
from custom_components.timelapser.engine.models import (
    Frame,
    RenderSpec,
    Selection,
    TimelapseState,
    VideoSettings,
)
from custom_components.timelapser.engine.settings import CorruptionSettings, Settings
from custom_components.timelapser.engine.videos.ahead import EncodeAhead
from custom_components.timelapser.engine.videos.planner import Planner
from tests.engine.conftest import BEGIN, ZONE
from tests.engine.videos.numbered import jpeg, numbered
from tests.engine.videos.rendering import Studio


class Ahead:
    """The worker, and what it is told of the house."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.video = VideoSettings()
        self.wanted, self.busy = True, False
        engine = studio.engine
        self.planner = Planner(
            SelectionOperations(engine.database), engine.timelapses, engine.cameras, lambda: ZONE
        )
        self.worker = EncodeAhead(
            timelapses=engine.timelapses,
            planner=self.planner,
            renderer=studio.renderer,
            settings=lambda _: replace(Settings(), video=self.video),
            is_wanted=lambda: self.wanted,
            is_busy=lambda: self.busy,
            now=lambda: BEGIN + timedelta(days=1),
        )

    async def take(self, numbers: range) -> None:
        engine, timelapse = self.studio.engine, self.studio.timelapse
        unjudged = replace(Settings(), corruption=CorruptionSettings(enabled=False))
        for number in numbers:
            frame = Frame(BEGIN + timedelta(minutes=number), jpeg(numbered(number)))
            new = await engine.images.keep(frame, timelapse, unjudged, ZONE)
            await engine.image_rows.record(new)

    async def reused(self) -> int:
        """Render the video; answer how many of its frames were there."""
        timelapse = self.studio.timelapse.id
        spec = RenderSpec.of(Selection(timelapse_ids=(timelapse,)), self.video)
        planned = await self.planner.plan(timelapse, spec, BEGIN + timedelta(days=1))
        return (await self.studio.render(planned.plan)).frames_from_cache


@pytest.fixture
async def ahead(studio: Studio) -> Ahead:
    made = Ahead(studio)
    await made.take(range(105))
    return made


async def test_full_chunks_wait_for_the_video(ahead: Ahead) -> None:
    assert await ahead.worker.look() == 100
    # Without new images there is nothing to look for.
    assert await ahead.worker.look() == 0
    assert await ahead.reused() == 100


async def test_new_images_close_the_next_chunk(ahead: Ahead) -> None:
    await ahead.worker.look()
    await ahead.take(range(105, 203))
    assert await ahead.worker.look() == 100


async def test_only_when_it_is_wanted(ahead: Ahead) -> None:
    ahead.wanted = False
    assert await ahead.worker.look() == 0
    ahead.wanted, ahead.busy = True, True
    assert await ahead.worker.look() == 0
    ahead.busy, ahead.video = False, VideoSettings(target_duration=30)
    assert await ahead.worker.look() == 0
    assert await ahead.reused() == 0


async def test_a_completed_timelapse_is_left_alone(ahead: Ahead) -> None:
    await ahead.studio.engine.timelapses.change_state(
        ahead.studio.timelapse.id, {TimelapseState.RUNNING}, TimelapseState.COMPLETED, BEGIN
    )
    assert await ahead.worker.look() == 0


async def test_a_render_goes_first(ahead: Ahead) -> None:
    """It ends at once, and goes on later."""
    work = asyncio.create_task(ahead.worker.look())
    await asyncio.sleep(0.1)
    ahead.busy = True
    assert await work in {0, 100}  # it may have been faster
    ahead.busy = False
    await ahead.worker.look()
    assert await ahead.reused() == 100
