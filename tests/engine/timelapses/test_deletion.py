"""Deleting: files and rows go together, wherever it is cut off."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from custom_components.timelapser.engine.database.retention_operations import (
    RetentionOperations,
)
from custom_components.timelapser.engine.database.verify_operations import VerifyOperations
from custom_components.timelapser.engine.errors import (
    DatabaseUnavailableError,
    NotFoundError,
    OutsideStorageError,
    TimelapseStateError,
)
from custom_components.timelapser.engine.images.trash import Trash, TrashEntry, TrashKind
from custom_components.timelapser.engine.models import (
    Timelapse,
    TimelapseState,
    Video,
    VideoFile,
    VideoSettings,
)
from custom_components.timelapser.engine.timelapses.deletion import DeletionService
from tests.engine.conftest import BEGIN, Engine, queue
from tests.harness import scene

FILE = VideoFile(2, 0.1, 24.0, 64, 36, "h264", "yuv420p", 5)


@dataclass
class House:
    """The service, with two completed timelapses that have images and a video each."""

    parts: Engine
    timelapses: list[Timelapse] = field(default_factory=list)
    videos: list[Video] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.trash = Trash(self.parts.storage)
        self.service = DeletionService(
            timelapses=self.parts.timelapses,
            videos=self.parts.videos,
            images=RetentionOperations(self.parts.database),
            cancel_renders=self._cancel,
            trash=self.trash,
            executor=self.parts.pool,
            sleep=self._sleep,
        )

    async def _cancel(self, timelapse_id: int) -> None:
        self.cancelled.append(timelapse_id)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def add_timelapse(self, images: int = 2) -> None:
        timelapse = await self.parts.timelapse()
        for number in range(images):
            await self.parts.add(timelapse, scene.jpeg(0.5, (64, 36)), number)
        job = await queue(self.parts.videos, timelapse, VideoSettings(), BEGIN)
        await self.parts.videos.start(job.id, BEGIN, images)
        path = self.parts.storage.videos_folder(timelapse.folder) / f"{job.id}.mp4"
        path.parent.mkdir()
        path.write_bytes(b"video")
        relative = self.parts.storage.relative(path)
        _, video = await self.parts.videos.finish(job.id, BEGIN, relative, FILE)
        self.timelapses.append(
            await self.parts.timelapses.change_state(
                timelapse.id, {TimelapseState.RUNNING}, TimelapseState.COMPLETED, BEGIN
            )
        )
        self.videos.append(video)

    def files(self) -> list[str]:
        root = self.parts.storage.root
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())

    async def check_counters(self) -> None:
        assert await VerifyOperations(self.parts.database).verify(repair=False) == []


@pytest.fixture
async def house(either: Engine) -> House:
    house = House(either)
    await house.add_timelapse()
    await house.add_timelapse()
    return house


async def test_timelapse_goes_with_everything_of_it(house: House) -> None:
    gone, left = house.timelapses
    files = [name for name in house.files() if name.startswith(left.folder)]
    await house.service.delete_timelapse(gone)
    assert house.cancelled == [gone.id]
    # Nobody sees it any more, even while its files are being removed.
    assert not house.parts.storage.resolve(gone.folder).exists()
    assert [found.id for found in await house.parts.timelapses.find()] == [left.id]
    assert await house.service.finish() == 1
    assert house.files() == files
    camera = await house.parts.camera()
    assert (camera.image_count, camera.video_count) == (2, 1)
    await house.check_counters()


async def test_video_goes_and_its_images_stay(house: House) -> None:
    video, other = house.videos
    await house.service.delete_video(video)
    assert not house.parts.storage.resolve(video.path).exists()
    with pytest.raises(NotFoundError):
        await house.parts.videos.get_video(video.id)
    await house.service.finish()
    assert [name for name in house.files() if name.endswith(".mp4")] == [other.path]
    assert (await house.parts.timelapses.get(video.timelapse_id)).video_count == 0
    await house.check_counters()


async def test_unfinished_timelapse_is_not_deleted(house: House) -> None:
    timelapse = await house.parts.timelapse()
    files = house.files()
    with pytest.raises(TimelapseStateError):
        await house.service.delete_timelapse(timelapse)
    assert house.files() == files
    assert (await house.parts.timelapses.get(timelapse.id)) == timelapse


async def test_cut_off_before_the_rows(house: House) -> None:
    """The folder is in the trash, its rows are still there: the next start ends it."""
    gone, left = house.timelapses
    entry = TrashEntry(TrashKind.TIMELAPSE, gone.id, gone.started_at)
    house.trash.put(gone.folder, entry)
    entry = TrashEntry(TrashKind.VIDEO, house.videos[1].id, house.videos[1].created_at, ".mp4")
    house.trash.put(house.videos[1].path, entry)
    assert await house.service.finish() == 2
    assert [found.id for found in await house.parts.timelapses.find()] == [left.id]
    assert await house.parts.videos.find_videos() == []
    assert all(name.startswith(left.folder) for name in house.files())
    await house.check_counters()


async def test_database_away_in_between(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, _ = house.timelapses
    with monkeypatch.context() as away:

        async def fail(*_args: object) -> None:
            raise DatabaseUnavailableError(reason="gone")

        away.setattr(house.parts.timelapses, "delete", fail)
        for _ in range(2):  # asked for again, it fails in the same way
            with pytest.raises(DatabaseUnavailableError):
                await house.service.delete_timelapse(gone)
    await house.service.delete_timelapse(gone)
    assert await house.service.finish() == 1
    await house.check_counters()


async def test_trash_does_not_take_another_row_of_the_same_id(house: House) -> None:
    """SQLite gives the id of a deleted row to the next one."""
    first, _ = house.timelapses
    entry = TrashEntry(TrashKind.TIMELAPSE, first.id, first.started_at.replace(year=2020))
    house.parts.storage.resolve(f".trash/{entry.name}").mkdir(parents=True)
    await house.service.finish()
    assert await house.parts.timelapses.get(first.id) == first


async def test_large_folder_goes_bit_by_bit(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("custom_components.timelapser.engine.timelapses.deletion.FILES_AT_ONCE", 2)
    gone = house.timelapses[0]
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.jpg").write_bytes(b"mine")
    (house.parts.storage.resolve(gone.folder) / "link").symlink_to(outside)
    await house.service.delete_timelapse(gone)
    await house.service.finish()
    assert len(house.pauses) == 3  # between eight files, two at a time
    assert (outside / "precious.jpg").exists()
    assert list(house.parts.storage.resolve(".trash").iterdir()) == []


async def test_only_what_is_ours_leaves_the_trash(house: House) -> None:
    trash = house.parts.storage.resolve(".trash")
    trash.mkdir()
    for name in ("holiday.jpg", "timelapse-1", "timelapse-1-20261331T080000000Z", "x-1-2-3"):
        (trash / name).write_bytes(b"mine")
    assert await house.service.finish() == 0
    assert len(list(trash.iterdir())) == 4


async def test_paths_stay_inside(house: House) -> None:
    entry = TrashEntry(TrashKind.VIDEO, 1, BEGIN)
    with pytest.raises(OutsideStorageError):
        house.trash.put("../elsewhere", entry)
