"""From what is asked of a video to what is rendered."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from ..database.camera_operations import CameraOperations
from ..database.selection_operations import SelectionOperations
from ..database.timelapse_operations import TimelapseOperations
from ..errors import NoImagesError, NotFoundError
from ..models import Decision, Encoding, RenderSpec, Selection, Timelapse
from ..models.render import Looks, RenderImage, RenderPlan, Shot
from ..models.selection import Candidate
from .companions import Companions, render_image
from .grid import canvas
from .ramps import decide_with_ramps
from .selection import select


@dataclass(frozen=True, slots=True)
class Planned:
    """What will be rendered, and what was decided on the way."""

    plan: RenderPlan
    timelapse: Timelapse
    decision: Decision


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a reader's thread makes of the rows, because there may be many."""

    shots: tuple[Shot, ...]
    decision: Decision
    size: tuple[int, int]


class Planner:
    """Finds the images, decides how fast they go by, and how large the video is."""

    def __init__(
        self,
        selections: SelectionOperations,
        timelapses: TimelapseOperations,
        cameras: CameraOperations,
        zone: Callable[[], tzinfo],
    ) -> None:
        self._selections = selections
        self._timelapses = timelapses
        self._cameras = cameras
        self._zone = zone
        self._companions = Companions(selections, cameras, zone)

    async def plan(self, timelapse_id: int, spec: RenderSpec, now: datetime) -> Planned:
        """Answer the plan of a video that belongs to a timelapse.

        `now` is when it was asked for, so that another attempt has the same last hours. Raises
        NoImagesError when nothing is selected, NotFoundError for timelapses of other cameras,
        InvalidSettingError for a range without a moment and for what cannot stand beside it, and
        RenderTooLongError.
        """
        timelapse = await self._timelapses.get(timelapse_id)
        camera = await self._cameras.get(timelapse.camera_id)
        await self._check(timelapse, spec.selection)
        chosen = await self._choose(timelapse.camera_id, spec, now)
        if chosen is None:
            raise NoImagesError(timelapse=timelapse.name)
        frame = canvas(spec.beside.pictures, chosen.size)
        width, height = spec.resolution.fit(*frame)
        plan = RenderPlan(
            shots=await self._companions.beside(timelapse.camera_id, spec, chosen.shots, now),
            fps=chosen.decision.fps,
            encoding=Encoding(spec.codec, spec.quality, spec.hardware, width, height),
            looks=Looks(spec.deflicker, spec.blend),
            title=spec.name or timelapse.name,
            camera=camera.name,
            created_at=now,
        )
        return Planned(plan, timelapse, chosen.decision)

    async def _check(self, timelapse: Timelapse, selection: Selection) -> None:
        for timelapse_id in selection.timelapse_ids:
            other = await self._timelapses.get(timelapse_id)
            if other.camera_id != timelapse.camera_id:
                raise NotFoundError(kind="timelapse", id=timelapse_id)

    async def _choose(self, camera_id: str, spec: RenderSpec, now: datetime) -> _Chosen | None:
        zone = self._zone()

        def work(rows: Iterator[Candidate]) -> _Chosen | None:
            images = [render_image(row) for row in select(rows, spec.selection, zone)]
            if not images:
                return None
            decided = decide_with_ramps(images, spec.timing, zone, spec.selection.day_begins)
            return _Chosen(*decided, _size(images))

        start, end = spec.selection.range(zone, now)
        return await self._selections.read(camera_id, spec.selection, start, end, work)


def _size(images: Sequence[RenderImage]) -> tuple[int, int]:
    """Answer the size that most images have, and of those that as many have, the first one's."""
    return Counter((image.width, image.height) for image in images).most_common(1)[0][0]
