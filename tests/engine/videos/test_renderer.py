"""Videos from segments: the right frames at the right times, and no more encoding than needed."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from custom_components.timelapser.engine.models import Quality
from custom_components.timelapser.engine.models.encoding import Codec
from custom_components.timelapser.engine.models.render import Card, Looks, RenderImage, Shot
from custom_components.timelapser.engine.videos.joining import ConcatJoiner
from tests.engine.videos.numbered import jpeg, moments, numbered, numbers
from tests.engine.videos.rendering import Studio, frame_hashes, plan_of


async def test_video_shows_every_image_once_and_in_order(studio: Studio) -> None:
    images = studio.take(range(230))
    rendered = await studio.render(plan_of(images, fps=Fraction(30)))
    assert numbers(studio.output) == list(range(230))
    assert moments(studio.output) == [Fraction(number, 30) for number in range(230)]
    assert rendered.file.frames == 230
    assert (rendered.encoder, rendered.frames_from_cache) == ("libx264", 0)
    assert rendered.cpu_seconds > 0
    assert studio.encodes == 3
    assert frame_hashes([studio.output]) != frame_hashes(studio.segments())[::-1]
    data = studio.output.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"Spring" in data
    assert studio.leftovers() == []
    assert [each.frames_done for each in studio.progress] == sorted(
        each.frames_done for each in studio.progress
    )
    assert studio.progress[-1].percent == 100


@pytest.mark.parametrize(
    "fps", [Fraction(1), Fraction(60), Fraction(30000, 1001), Fraction(205, 3)]
)
async def test_another_frame_rate_encodes_nothing(studio: Studio, fps: Fraction) -> None:
    images = studio.take(range(110))
    await studio.render(plan_of(images))
    before = frame_hashes([studio.output])
    rendered = await studio.render(plan_of(images, fps=fps))
    assert (studio.encodes, rendered.frames_from_cache) == (0, 110)
    assert frame_hashes([studio.output]) == before
    assert moments(studio.output) == [number / fps for number in range(110)]


@pytest.mark.parametrize(
    ("change", "reused"),
    [
        (lambda images: images[:230], 230),  # 20 more
        (lambda images: images[:250], 230),  # as far as the open chunk goes
        (lambda images: images[:205], 200),  # a range that ends earlier
        (lambda images: images[:150], 145),
        (lambda images: images[20:210], 110),  # one that begins later
        (lambda images: images[:50] + images[51:210], 158),  # one deleted
        (lambda images: images[:210], 210),
    ],
    ids=["more", "many more", "ends earlier", "ends in a chunk", "begins later", "deleted", "same"],
)
async def test_what_is_encoded_again(
    studio: Studio, change: Callable[[list[RenderImage]], list[RenderImage]], reused: int
) -> None:
    images = studio.take(range(250))
    await studio.render(plan_of(images[:230]))
    wanted = change(images)
    rendered = await studio.render(plan_of(wanted))
    assert numbers(studio.output) == [image.seq for image in wanted]
    assert rendered.frames_from_cache >= reused - 5
    assert len(frame_hashes([studio.output])) == len(wanted)


async def test_growing_one_by_one_stays_in_few_pieces(studio: Studio) -> None:
    images = studio.take(range(9))
    encoded = 0
    for count in range(1, 10):
        rendered = await studio.render(plan_of(images[:count]))
        encoded += count - rendered.frames_from_cache
        assert numbers(studio.output) == list(range(count))
    assert encoded < 30  # of 45


@pytest.mark.parametrize(
    "change",
    [
        {"encoding": replace(plan_of([]).encoding, quality=Quality.HIGH)},
        {"encoding": replace(plan_of([]).encoding, width=80, height=48)},
        {"encoding": replace(plan_of([]).encoding, codec=Codec.VP9)},
    ],
)
async def test_other_pixels_are_encoded_again(studio: Studio, change: dict[str, Any]) -> None:
    images = studio.take(range(5))
    await studio.render(plan_of(images))
    rendered = await studio.render(plan_of(images, **change))
    assert rendered.frames_from_cache == 0


async def test_same_place_with_other_bytes_is_encoded_again(studio: Studio) -> None:
    images = studio.take(range(5))
    await studio.render(plan_of(images))
    images[0] = studio.put(0, jpeg(numbered(77)))
    await studio.render(plan_of(images))
    assert numbers(studio.output) == [77, 1, 2, 3, 4]


@pytest.mark.parametrize("codec", Codec)
async def test_every_codec_joins(studio: Studio, codec: Codec) -> None:
    images = studio.take(range(98, 106))
    encoding = replace(plan_of([]).encoding, codec=codec)
    await studio.render(plan_of(images[:7], encoding=encoding))
    rendered = await studio.render(plan_of(images, encoding=encoding, fps=Fraction(10)))
    assert rendered.frames_from_cache >= 5
    assert rendered.file.codec == codec
    assert rendered.file.fps == pytest.approx(10)
    assert numbers(studio.output) == list(range(98, 106))
    assert moments(studio.output) == [Fraction(number, 10) for number in range(8)]
    assert frame_hashes([studio.output])
    if codec is Codec.HEVC:
        assert b"hvc1" in studio.output.read_bytes()


async def test_without_pyav(studio: Studio) -> None:
    studio.options["joiners"] = ConcatJoiner
    studio.renderer = studio.new_renderer()
    images = studio.take(range(205))
    await studio.render(plan_of(images[:202]))
    rendered = await studio.render(plan_of(images, fps=Fraction(205, 7)))
    assert rendered.frames_from_cache == 200
    assert numbers(studio.output) == list(range(205))
    assert moments(studio.output) == [Fraction(7 * number, 205) for number in range(205)]
    assert studio.leftovers() == []


@pytest.mark.parametrize("looks", [Looks(blend=3), Looks(deflicker=True, blend=2)])
async def test_looks_over_time_are_a_single_pass(studio: Studio, looks: Looks) -> None:
    rendered = await studio.render(plan_of(studio.take(range(120)), looks=looks))
    assert (studio.encodes, studio.segments()) == (1, [])
    assert rendered.file.frames == 120
    assert moments(studio.output)[-1] == Fraction(119, 24)


async def test_cards_and_held_images(studio: Studio) -> None:
    images = studio.take(range(3))
    plan = plan_of(
        [Shot(images[0], 3), Shot(Card("no signal 3 h"), 4), images[1], Shot(images[2], 5)]
    )
    rendered = await studio.render(plan)
    shown = numbers(studio.output)
    assert rendered.file.frames == len(shown) == 13
    assert (shown[:3], shown[7:]) == ([0] * 3, [1] + [2] * 5)
    # A held end is no reason to encode the images before it again.
    rendered = await studio.render(plan_of([*plan.shots[:-1], images[2], *studio.take([3])]))
    assert rendered.frames_from_cache >= 7
    assert numbers(studio.output)[7:] == [1, 2, 3]


@pytest.mark.parametrize("looks", [Looks(), Looks(blend=2)], ids=["segments", "single pass"])
async def test_cancelled_render_leaves_its_segments_and_nothing_else(
    studio: Studio, looks: Looks
) -> None:
    images = studio.take(range(255))
    plan = plan_of(images, looks=looks, fps=Fraction(5))
    tasks: list[asyncio.Task[Any]] = []

    def cancel(progress: Any) -> None:
        if progress.frames_done > (200 if looks == Looks() else 0):
            tasks[0].cancel()

    tasks.append(asyncio.create_task(studio.renderer.render(plan, studio.output, cancel)))
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert studio.leftovers() == []
    assert not studio.output.exists()
    rendered = await studio.render(plan)
    assert rendered.frames_from_cache >= (200 if looks == Looks() else 0)


async def test_two_renders_of_the_same_at_once(studio: Studio) -> None:
    images = studio.take(range(120))
    outputs = [studio.output.with_name(f"{number}.mp4") for number in range(2)]
    await asyncio.gather(
        *(studio.renderer.render(plan_of(images), output, lambda _: None) for output in outputs)
    )
    assert numbers(outputs[0]) == numbers(outputs[1]) == list(range(120))
    assert (await studio.render(plan_of(images))).frames_from_cache == 120


async def test_closed_chunks_are_encoded_ahead(studio: Studio) -> None:
    images = studio.take(range(230))
    assert await studio.renderer.encode_ahead(plan_of(images)) == 200
    assert await studio.renderer.encode_ahead(plan_of(images)) == 0
    assert await studio.renderer.encode_ahead(plan_of(images, looks=Looks(blend=2))) == 0
    assert (await studio.render(plan_of(images))).frames_from_cache == 200


async def test_estimate_knows_the_cache_and_learns(studio: Studio) -> None:
    images = studio.take(range(230))
    first = await studio.renderer.estimate(plan_of(images))
    assert (first.frames, first.frames_from_cache) == (230, 0)
    assert first.byte_count > 0
    rendered = await studio.render(plan_of(images[:200]))
    partly = await studio.renderer.estimate(plan_of(images))
    assert partly.from_cache == pytest.approx(200 / 230)
    learned = await studio.renderer.estimate(plan_of(images[:200], looks=Looks(blend=2)))
    assert learned.cpu_seconds == pytest.approx(rendered.cpu_seconds, rel=0.3)
    whole = await studio.renderer.estimate(plan_of(images[:200]))
    assert whole.from_cache == 1
    assert whole.byte_count == pytest.approx(rendered.file.byte_count, rel=0.5)
    assert whole.cpu_seconds < learned.cpu_seconds
    assert (await studio.renderer.estimate(plan_of([]))).from_cache == 0


async def test_cache_stays_within_its_limit(studio: Studio) -> None:
    images = studio.take(range(230))
    await studio.render(plan_of(images))
    _, size = await studio.rows.size()
    studio.limit = size - 1
    await studio.render(plan_of(images[100:]))
    frames, size = await studio.rows.size()
    assert size <= studio.limit
    assert len(studio.segments()) == 2
    assert frames == 130  # what was used last
    studio.limit = 0
    await studio.render(plan_of(images))
    assert (studio.segments(), await studio.rows.size()) == ([], (0, 0))
    assert numbers(studio.output) == list(range(230))
