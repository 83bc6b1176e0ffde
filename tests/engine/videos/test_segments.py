"""Which images are encoded together, and what their segments are called."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.database.segment_operations import (
    SegmentOperations,
    SegmentRow,
)
from custom_components.timelapser.engine.models.render import Card, Looks, RenderImage, Shot
from custom_components.timelapser.engine.videos.cache import ABANDONED_AFTER, FOLDER
from custom_components.timelapser.engine.videos.segments import (
    Chunk,
    alike,
    chunks,
    pack,
    runs,
    unpack,
)
from tests.engine.conftest import BEGIN, Engine
from tests.engine.videos.rendering import Studio, plan_of

PLAIN = Looks()


def image(seq: int, timelapse: int = 1, luma: float | None = None) -> RenderImage:
    moment = BEGIN + timedelta(minutes=seq)
    return RenderImage(seq, timelapse, "folder", seq, moment, 64, 48, 1000 + seq, f"h{seq}", luma)


def chunked(images: list[RenderImage], looks: Looks = PLAIN) -> list[Chunk]:
    return chunks([Shot(each) for each in images], looks)


def keys(images: list[RenderImage], looks: Looks = PLAIN) -> list[str]:
    return [chunk.key("scope") for chunk in chunked(images, looks)]


@pytest.mark.parametrize(
    ("seqs", "sizes"),
    [
        (range(250), [100, 100, 50]),
        (range(30, 230), [70, 100, 30]),
        (range(0, 1000, 2), [100] * 5),
        (range(0, 6000, 24), [134, 116]),  # the power of two next to 24 is 32
        (range(0, 144_000, 1440), [72, 28]),  # one a day of one a minute
        ([*range(60), *range(1440, 1500)], [60, 60]),  # an hour a day
        ([5], [1]),
        ([], []),
    ],
)
def test_chunks_follow_the_numbers_of_images(seqs: list[int], sizes: list[int]) -> None:
    found = chunked([image(seq) for seq in seqs])
    assert [len(chunk.stills) for chunk in found] == sizes
    assert [chunk.is_open for chunk in found] == [False] * (len(sizes) - 1) + [True] * bool(sizes)


@pytest.mark.parametrize(
    ("change", "differ"),
    [
        (lambda seqs: [*seqs, *range(450, 500)], {4}),
        (lambda seqs: seqs[:230] + seqs[231:], {2}),
        (lambda seqs: seqs[1:], {0}),
        (lambda seqs: seqs[:430], {4}),
    ],
    ids=["more", "deleted", "first deleted", "ends earlier"],
)
@pytest.mark.parametrize("looks", [PLAIN, Looks(deflicker=True)], ids=["plain", "deflicker"])
def test_a_change_touches_one_chunk(
    change: Callable[[list[int]], list[int]], differ: set[int], looks: Looks
) -> None:
    seqs = list(range(450))
    before = keys([image(seq, luma=100 + seq % 7) for seq in seqs], looks)
    after = keys([image(seq, luma=100 + seq % 7) for seq in change(seqs)], looks)
    assert {
        n for n, pair in enumerate(zip(before, after, strict=True)) if len({*pair}) > 1
    } == differ


def test_timelapses_have_chunks_of_their_own() -> None:
    found = chunked([*(image(seq) for seq in range(150)), *(image(seq, 2) for seq in range(150))])
    assert [chunk.timelapse_id for chunk in found] == [1, 1, 2, 2]
    assert [chunk.is_open for chunk in found] == [False, True, False, True]
    assert len({chunk.folder("scope") for chunk in found}) == 4


@pytest.mark.parametrize(
    "other",
    [
        replace(image(1), content_hash="another"),
        replace(image(1), content_hash=None),
        replace(image(1), content_hash=None, byte_count=1),
        replace(image(1), id=77),
        Card("text"),
        Card("another text"),
    ],
)
def test_other_pictures_have_other_keys(other: RenderImage | Card) -> None:
    def key(*pictures: RenderImage | Card) -> str:
        return chunks([Shot(each) for each in pictures], PLAIN)[0].key("scope")

    one, two = image(0), image(1)
    known = {key(one, two), key(two, one), key(one), key(one, two, two), key(one, one, two)}
    assert len(known) == 5
    assert key(one, other) not in known
    assert chunked([one])[0].key("scope") != chunked([one])[0].key("other scope")


def test_cards_belong_to_the_image_before() -> None:
    pictures: list[RenderImage | Card] = [Card("begin"), image(99), Card("gap")]
    pictures += [image(100), Card("end")]
    found = chunks([Shot(each, 2) for each in pictures], PLAIN)
    assert [len(chunk.stills) for chunk in found] == [6, 4]
    assert [count for _, count in runs(found[0].stills)] == [2, 2, 2]


@pytest.mark.parametrize(
    ("repeats", "bad", "left"),
    [
        ((1, 1, 1), {1}, [0, 2]),
        ((1, 3, 1), {1}, [0, 2, 2, 2]),  # a neighbour is held for it
        ((1, 1, 3), {2}, [0, 1, 1, 1]),
        ((2, 2), {0, 1}, []),
    ],
)
def test_without_bad_images(repeats: tuple[int, ...], bad: set[int], left: list[int]) -> None:
    shots = [Shot(image(number), repeat) for number, repeat in enumerate(repeats)]
    chunk = chunks(shots, PLAIN)[0].without([image(number) for number in bad])
    assert [still.image for still in chunk.stills] == [image(number) for number in left]


@given(st.lists(st.sampled_from(["a1", "b2", "c3"]), max_size=30))
def test_names_survive_packing(names: list[str]) -> None:
    assert unpack(pack(names)) == tuple(names)
    assert alike(names, [*names, "d4"]) == len(names)
    assert alike(["x", *names], names or ["y"]) == 0


@pytest.mark.parametrize("text", ["", "hello", "a*b", "a*1*2", "*"])
def test_other_texts_are_no_names(text: str) -> None:
    assert unpack(text) == ()


async def test_rows_of_segments(either: Engine) -> None:
    timelapse = await either.timelapse()
    rows = SegmentOperations(either.database)
    made = [
        SegmentRow(f"k{n}", timelapse.id, f"a_b/{n % 2}/k{n}", n, 10 * n, BEGIN + timedelta(n))
        for n in range(1, 5)
    ]
    for row in made:
        await rows.put(row)
    assert await rows.find(["k1", "k3", "nothing"]) == {"k1": made[0], "k3": made[2]}
    assert await rows.in_folder("a_b/0") == [made[3], made[1]]
    assert await rows.in_folder("a%b/0") == await rows.in_folder("a_b/") == []
    assert await rows.size() == (10, 100)
    assert (await rows.size("a_b/1"), await rows.size("x")) == ((4, 40), (0, 0))
    assert await rows.oldest(2) == made[:2]
    assert await rows.after("k2", 10) == made[2:]
    await rows.touch([made[0].path], BEGIN + timedelta(9))
    assert (await rows.oldest(9))[-1] == replace(made[0], used_at=BEGIN + timedelta(9))
    again = replace(made[1], path="a_b/0/other", frames=7)
    await rows.put(again)
    assert await rows.find(["k2"]) == {"k2": again}
    assert await rows.known([again.path, made[1].path]) == {again.path}
    await rows.remove([again.path, "nothing"])
    assert await rows.find(["k2"]) == {}


async def test_cache_is_cleaned(studio: Studio) -> None:
    await studio.render(plan_of(studio.take(range(230))))
    kept, lost, stranger = studio.segments()
    lost.unlink()
    row = next(row for row in await studio.rows.oldest(9) if row.path.endswith(stranger.name))
    await studio.rows.remove([row.path])
    half = stranger.with_name(".half.part")
    half.write_bytes(b"half")
    assert await studio.cache.clean() == 1  # files may be at work for a while
    studio.clock += timedelta(seconds=ABANDONED_AFTER + 60)
    assert await studio.cache.clean() == 2
    assert studio.segments() == [kept]
    assert [row.path for row in await studio.rows.oldest(9)] == [
        studio.engine.storage.relative(kept)
    ]
    folders = [path for path in studio.engine.storage.resolve(FOLDER).rglob("*") if path.is_dir()]
    assert all(any(folder.iterdir()) for folder in folders)


async def test_nothing_to_clean(studio: Studio) -> None:
    assert await studio.cache.clean() == 0


async def test_database_that_is_away_costs_an_encode_only(studio: Studio) -> None:
    images = studio.take(range(5))
    await studio.engine.database.close()
    rendered = await studio.render(plan_of(images))
    assert (rendered.file.frames, rendered.frames_from_cache) == (5, 0)
