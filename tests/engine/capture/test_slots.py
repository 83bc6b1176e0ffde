"""A limit on what runs at once: kept, fair, and changed while others wait."""

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.capture.service import (
    LIGHT,
    MAX_GRABS,
    ImageCaptureService,
)
from custom_components.timelapser.engine.capture.slots import Slots
from custom_components.timelapser.engine.models import CameraSource, Frame
from tests.engine.conftest import BEGIN, Engine


async def settle() -> None:
    """Let all tasks go on as far as they can."""
    for _ in range(5):
        await asyncio.sleep(0)


class Crowd:
    """Tasks that want a slot; each keeps it until it is told to leave."""

    def __init__(self, size: int) -> None:
        self.slots = Slots(size)
        self.size = size
        self.inside: list[int] = []
        self.came_in: list[int] = []
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self._leave: dict[int, asyncio.Event] = {}

    @property
    def waiting(self) -> list[int]:
        return [number for number in self.tasks if number not in self.inside]

    def come(self) -> int:
        number = len(self._leave)
        self._leave[number] = asyncio.Event()
        self.tasks[number] = asyncio.create_task(self._stay(number))
        return number

    def allow(self, size: int) -> None:
        self.size = size
        self.slots.allow(size)

    def leave(self, number: int) -> None:
        self._leave[number].set()

    def cancel(self, number: int) -> None:
        self.tasks.pop(number).cancel()

    async def close(self) -> None:
        tasks = [*self.tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stay(self, number: int) -> None:
        async with self.slots:
            # None comes in while there are too many, however many there were allowed before.
            assert len(self.inside) < self.size
            self.inside.append(number)
            self.came_in.append(number)
            try:
                await self._leave[number].wait()
            finally:
                self.inside.remove(number)
                self.tasks.pop(number, None)


async def crowd(size: int, count: int) -> Crowd:
    found = Crowd(size)
    for _ in range(count):
        found.come()
    await settle()
    return found


async def test_never_more_than_the_size_and_by_turns() -> None:
    people = await crowd(3, 10)
    for number in range(10):
        assert people.inside == [*range(number, min(number + 3, 10))]
        people.leave(number)
        await settle()
    assert people.came_in == [*range(10)]


async def test_more_slots_let_in_those_who_wait() -> None:
    people = await crowd(1, 5)
    people.allow(4)
    await settle()
    assert people.inside == [0, 1, 2, 3]
    await people.close()


async def test_fewer_slots_throw_nobody_out() -> None:
    people = await crowd(4, 6)
    people.allow(2)
    await settle()
    assert people.inside == [0, 1, 2, 3]
    for number in (0, 1):
        people.leave(number)
        await settle()
        assert people.waiting == [4, 5]
    people.leave(2)
    await settle()
    assert people.inside == [3, 4]
    await people.close()


async def test_who_gave_up_takes_no_slot() -> None:
    people = await crowd(1, 4)
    people.cancel(1)
    people.leave(0)
    await settle()
    assert people.inside == [2]
    await people.close()


async def test_who_gives_up_just_when_let_in_passes_the_slot_on() -> None:
    slots = Slots(1)
    came_in: list[int] = []

    async def come(number: int) -> None:
        async with slots:
            came_in.append(number)

    async with slots:
        first, second = (asyncio.create_task(come(number)) for number in (1, 2))
        await settle()
    # The first has the slot from here on, but has not run since.
    first.cancel()
    async with asyncio.timeout(1):
        await second
    assert first.cancelled()
    assert came_in == [2]


async def test_an_error_inside_gives_the_slot_back() -> None:
    slots = Slots(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with asyncio.timeout(1), slots:
                raise ZeroDivisionError


STEPS = st.lists(
    st.tuples(st.sampled_from(["come", "leave", "cancel", "allow", "wait"]), st.integers(0, 7)),
    max_size=60,
)


@given(size=st.integers(1, 4), steps=STEPS)
@settings(deadline=None, max_examples=150)
def test_no_slot_is_lost_in_any_order_of_things(size: int, steps: list[tuple[str, int]]) -> None:
    async def act(people: Crowd, step: str, number: int) -> None:
        match step:
            case "come":
                people.come()
            case "leave" if people.inside:
                people.leave(people.inside[number % len(people.inside)])
            case "cancel" if people.tasks:
                people.cancel([*people.tasks][number % len(people.tasks)])
            case "allow":
                people.allow(1 + number)
            case "wait":
                await settle()

    async def live() -> None:
        people = Crowd(size)
        for step, number in steps:
            await act(people, step, number)
        await settle()
        assert not people.waiting or len(people.inside) >= people.size
        # All slots are there again when everybody has left.
        await people.close()
        again = [people.come() for _ in range(people.size + 1)]
        await settle()
        assert people.inside == again[:-1]
        await people.close()

    run(live)


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run on a loop of its own, and pass on what went wrong in any of its tasks."""
    wrong: list[object] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, told: wrong.append(told))
        await main()

    asyncio.run(watched())
    assert not wrong


class Held(CameraSource):
    """Gives its frame when it is let."""

    def __init__(self, heavy: bool) -> None:
        self._heavy = heavy
        self.let = asyncio.Event()
        self.grabs = 0

    @property
    def heavy(self) -> bool:
        return self._heavy

    async def grab(self, timeout: float) -> Frame:
        self.grabs += 1
        await self.let.wait()
        return Frame(BEGIN, b"")

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("allowed", [1, 7, MAX_GRABS])
@pytest.mark.parametrize(("heavy", "times"), [(True, 1), (False, LIGHT)])
async def test_grabs_at_once_are_as_many_as_allowed(
    engine: Engine, allowed: int, heavy: bool, times: int
) -> None:
    """Streams and still images do not take each other's slots."""
    service = ImageCaptureService(
        engine.images, engine.recorder, engine.events.append, lambda: BEGIN
    )
    sources = source, other = Held(heavy), Held(not heavy)
    service.allow(1)
    grabs = [
        asyncio.create_task(service.grab(held, 5))
        for _ in range(MAX_GRABS * LIGHT + 4)
        for held in sources
    ]
    await settle()
    assert source.grabs == times
    service.allow(allowed)
    await settle()
    assert (source.grabs, other.grabs) == (allowed * times, allowed * LIGHT // times)
    for held in sources:
        held.let.set()
    await asyncio.gather(*grabs)
    assert source.grabs + other.grabs == len(grabs)
