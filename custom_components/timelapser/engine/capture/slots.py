"""A limit on what runs at once, which may be changed while things run."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self


class Slots:
    """A semaphore whose size can be set; those who wait get in by turns."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def allow(self, size: int) -> None:
        """Set the size; what runs already goes on."""
        self._size = size
        self._let_in()

    async def __aenter__(self) -> Self:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._taken -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._taken < self._size:
            turn = self._waiting.popleft()
            # Who was cancelled while waiting takes no slot.
            if not turn.done():
                self._taken += 1
                turn.set_result(None)
