"""What is noted with an image: in words of JSON, in the database, on disk, and by a capture."""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.capture.service import ImageCaptureService
from custom_components.timelapser.engine.images.files import Storage
from custom_components.timelapser.engine.images.spool import Entry, Spool
from custom_components.timelapser.engine.models import (
    CameraSource,
    Context,
    Frame,
    Judgement,
    NewImage,
    Reading,
    Weather,
    WeatherCondition,
)
from custom_components.timelapser.engine.settings import Settings
from tests.engine.conftest import BEGIN, ZONE, Engine
from tests.harness import scene

SUNNY = Weather(WeatherCondition.SUNNY, BEGIN, 21.5, 40.0, 3.2, 10.0)
FULL = Context(
    -12.34,
    271.5,
    SUNNY,
    {"sensor.height": Reading("1.25", "m"), "binary_sensor.gate": Reading("on")},
)
CONTEXTS = [
    Context(),
    # The sun on the horizon, and other zeros.
    Context(0.0, 0.0, Weather("fog", BEGIN, 0.0, 0.0, 0.0, 0.0)),
    Context(weather=Weather("unheard-of", BEGIN, stale=True)),
    Context(readings={"sensor.ü": Reading("größer 🌱", "°C")}),
    FULL,
    Context(),
]

numbers = st.floats(allow_nan=False, allow_infinity=False)
perhaps = st.none() | numbers
moments = st.datetimes(timezones=st.just(UTC))
weathers = st.builds(
    Weather,
    condition=st.sampled_from(WeatherCondition) | st.text(),
    observed_at=moments,
    temperature=perhaps,
    humidity=perhaps,
    wind_speed=perhaps,
    cloud_cover=perhaps,
    stale=st.booleans(),
)
readings = st.dictionaries(st.text(), st.builds(Reading, st.text(), st.none() | st.text()))


@st.composite
def contexts(draw: st.DrawFn) -> Context:
    # The sun stands somewhere, or it is not known at all.
    elevation, azimuth = draw(st.just((None, None)) | st.tuples(numbers, numbers))
    return Context(elevation, azimuth, draw(st.none() | weathers), draw(readings))


@given(contexts())
def test_plain_and_back(context: Context) -> None:
    plain = json.loads(json.dumps(context.plain))
    assert Context.from_plain(plain) == context


def test_what_is_not_known_is_left_out() -> None:
    assert Context().plain == {}
    assert Context(weather=Weather("fog", BEGIN)).plain == {
        "weather": {"condition": "fog", "observed_at": BEGIN.isoformat(), "stale": False}
    }
    assert Context(1.5, 2.5).plain == {"sun_elevation": 1.5, "sun_azimuth": 2.5}


def new_image(timelapse_id: int, number: int, context: Context) -> NewImage:
    moment = BEGIN + timedelta(minutes=number)
    return NewImage(
        *("cam", timelapse_id, moment, moment.date(), 640, 480, 1000, Judgement(90, ())),
        quarantined=False,
        flagged=False,
        context=context,
    )


async def test_stored_and_read_back(either: Engine) -> None:
    timelapse = await either.timelapse()
    for number, context in enumerate(CONTEXTS):
        new = new_image(timelapse.id, number, context)
        if number % 2:
            await either.image_rows.record_late(new, None)
        else:
            entered = await either.image_rows.record(new)
            assert entered.context == context
            assert (await either.image_rows.get(entered.id)).context == context
        latest = await either.image_rows.latest("cam")
        assert latest is not None
        assert latest.context == context
    found = await either.image_rows.find(timelapse_id=timelapse.id)
    assert [image.context for image in found[::-1]] == CONTEXTS


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_same_after_waiting_on_disk(tmp_path: Path, context: Context) -> None:
    storage = Storage(tmp_path)
    (tmp_path / ".spool").mkdir()
    new = new_image(7, 0, context)
    Spool(storage).append(Entry(new, None))
    spool = Spool(storage)
    spool.open()
    assert spool.first() == Entry(new, None)


class Source(CameraSource):
    """Gives the same picture, a second later each time."""

    def __init__(self) -> None:
        self.jpeg, self.grabs = scene.jpeg(0.5, (320, 240)), 0

    async def grab(self, timeout: float) -> Frame:
        self.grabs += 1
        return Frame(BEGIN + timedelta(seconds=self.grabs), self.jpeg)

    async def close(self) -> None:
        pass


@pytest.fixture
def service(engine: Engine) -> ImageCaptureService:
    return ImageCaptureService(engine.images, engine.recorder, engine.events.append, lambda: BEGIN)


async def test_a_capture_notes_what_was_at_its_moment(
    engine: Engine, service: ImageCaptureService
) -> None:
    """Of the picture, not of the tick."""
    asked: list[datetime] = []

    def note(moment: datetime) -> Context:
        asked.append(moment)
        return FULL

    timelapse = await engine.timelapse()
    image = await service.capture(
        Source(), timelapse, Settings(), ZONE, planned_at=BEGIN, note=note
    )
    assert image.context == FULL
    assert asked == [image.captured_at] == [BEGIN + timedelta(seconds=1)]
    plain = await service.capture(Source(), timelapse, Settings(), ZONE)
    assert plain.context == Context()


async def test_a_frame_from_before_is_kept_as_one_of_now(
    engine: Engine, service: ImageCaptureService
) -> None:
    timelapse = await engine.timelapse()
    moment = BEGIN - timedelta(seconds=3)
    frame = Frame(moment, scene.jpeg(0.5, (320, 240)))
    image = await service.keep(
        frame, timelapse, Settings(), ZONE, note=lambda of: Context(float(of == moment), 2.0)
    )
    assert (image.captured_at, image.context) == (moment, Context(1.0, 2.0))
    assert engine.types() == ["image_captured"]
    assert (await engine.timelapses.get(timelapse.id)).image_count == 1
    place = engine.storage.images_folder(timelapse.folder, quarantined=False)
    assert len([*place.rglob("*.jpg")]) == 1
