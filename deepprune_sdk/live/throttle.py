"""How many requests may be in flight: narrowed when a server limits the rate, widened again."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from threading import RLock

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from deepprune_sdk.loops.waiting import Turn

__all__ = ["Place", "Throttle"]

logger: logging.Logger = logging.getLogger(__name__)


class Place:
    """One request's place among those in flight."""

    __slots__ = ("_narrowings", "_throttle", "served")

    def __init__(self, throttle: Throttle, narrowings: int) -> None:
        """Take the place."""
        self._throttle = throttle
        self._narrowings = narrowings
        self.served: bool = False

    def serve(self) -> None:
        """Say that the request has brought its first token."""
        if not self.served:
            self.served = True
            self._throttle.widen()

    def refuse(self, retry_after: float | None) -> None:
        """Say that the server answered 429, and how many seconds it asks to wait."""
        self._throttle.narrow(self._narrowings, retry_after)


class Throttle:
    """The requests in flight of all runs of a reasoner: additive increase, multiplicative decrease.

    A 429 halves them, but not below those that are being served. Of requests that were sent
    together only the first refusal counts, because all of them met the same limit. Each request
    that is served then lets one more in; beyond half of the most that were ever served at once, one
    more per round. Requests wait here in their order. A stream that has begun is never touched.

    The runs may be in any threads and event loops: the limit is one for all of them.
    """

    def __init__(self) -> None:
        """Begin without a limit."""
        self._limit = float("inf")
        self._narrowings = 0
        self._opens_at = 0.0
        self._places: set[Place] = set()
        self._most_served = 0
        self._coming = 0
        self._waiting: deque[Turn] = deque()
        # Reentrant: the garbage collector may end a forgotten task wherever this thread is.
        self._lock = RLock()

    @property
    def limit(self) -> int | None:
        """Most requests in flight, or None while no server has limited them."""
        return None if self._limit == float("inf") else int(self._limit)

    @property
    def serving(self) -> int:
        """Requests in flight that have brought their first token."""
        with self._lock:
            return sum(place.served for place in self._places)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[Place]:
        """Wait for a place, and hold it for as long as the request is in flight."""
        await checkpoint_if_cancelled()
        await self._admitted()
        try:
            # Nothing is sent before the server's own time, which may move while it is waited for.
            while (rest := self._opens_at - time.monotonic()) > 0:  # noqa: ASYNC110
                await anyio.sleep(rest)
            with self._lock:
                place = Place(self, self._narrowings)
                self._places.add(place)
                self._coming -= 1
        except BaseException:
            with self._lock:
                self._coming -= 1
                self._admit()
            raise
        try:
            yield place
        finally:
            with self._lock:
                self._places.discard(place)
                self._admit()

    def widen(self) -> None:
        """A request is being served: let in more."""
        with self._lock:
            self._most_served = max(self._most_served, self.serving)
            if self._limit != float("inf"):
                self._limit += 1 if self._limit < self._most_served / 2 else 1 / self._limit
                self._admit()

    def narrow(self, narrowings: int, retry_after: float | None) -> None:
        """A request was refused that was sent after so many narrowings: let in fewer."""
        with self._lock:
            if retry_after is not None:
                self._opens_at = max(self._opens_at, time.monotonic() + retry_after)
            if narrowings < self._narrowings:
                return
            self._narrowings += 1
            in_flight = len(self._places) + self._coming
            self._limit = limit = max(1, self.serving, in_flight // 2)
            level = logging.WARNING if self._narrowings == 1 else logging.INFO
        logger.log(level, "the server limits the rate: %d requests at once", limit)

    async def _admitted(self) -> None:
        with self._lock:
            if not self._waiting and self._has_room():
                self._coming += 1
                return
            turn = Turn()
            self._waiting.append(turn)
        try:
            await turn.wait()
        except BaseException:
            with self._lock:
                if turn.is_over:
                    self._coming -= 1
                    self._admit()
                elif turn in self._waiting:  # not where its event loop was closed
                    self._waiting.remove(turn)
            raise

    def _has_room(self) -> bool:
        return len(self._places) + self._coming < int(self._limit) if self.limit else True

    def _admit(self) -> None:
        while self._waiting and self._has_room():
            if self._waiting.popleft().end():  # else its event loop was closed under it
                self._coming += 1
