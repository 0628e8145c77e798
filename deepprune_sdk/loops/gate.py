"""A limit that holds over all event loops and threads."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from threading import RLock

from deepprune_sdk.loops.waiting import Turn

__all__ = ["Gate"]


class Gate:
    """Lets in so many at once, in the order in which they come, from whatever event loop.

    Whoever needs several places gets them all at once: two that each held half of what they need
    would wait for ever.
    """

    def __init__(self, places: int) -> None:
        """Begin with all places free."""
        self._free = places
        self._waiting: deque[tuple[int, Turn]] = deque()
        # Reentrant: the garbage collector may end a forgotten task wherever this thread is.
        self._lock = RLock()

    @asynccontextmanager
    async def hold(self, places: int = 1) -> AsyncGenerator[None]:
        """Wait for so many places, and keep them for as long as the block lasts."""
        await self._take(places)
        try:
            yield
        finally:
            self._give(places)

    async def _take(self, places: int) -> None:
        with self._lock:
            if not self._waiting and self._free >= places:
                self._free -= places
                return
            turn = Turn()
            self._waiting.append((places, turn))
        try:
            await turn.wait()
        except BaseException:
            with self._lock:
                if not turn.is_over:
                    if (places, turn) in self._waiting:  # not where its event loop was closed
                        self._waiting.remove((places, turn))
                    places = 0  # but whoever came after it may go now
            self._give(places)
            raise

    def _give(self, places: int) -> None:
        with self._lock:
            self._free += places
            while self._waiting and self._free >= self._waiting[0][0]:
                wanted, turn = self._waiting.popleft()
                if turn.end():  # else its event loop was closed under it
                    self._free -= wanted
