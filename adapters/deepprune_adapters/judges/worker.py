"""Heavy computations of a judge, one at a time, whatever event loop they come from."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock
from typing import TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.to_thread
from anyio.lowlevel import current_token

__all__ = ["Worker"]

T = TypeVar("T")


class Worker:
    """Runs heavy computations off the event loop, in a worker thread, one at a time.

    Cancelling does not wait: what was running sees its `stopped` event, and the next computation
    begins when it has returned.
    """

    def __init__(self) -> None:
        """Begin idle."""
        self._lock = Lock()
        # One thread waits for each event loop: a limiter belongs to one.
        self._limiters: WeakKeyDictionary[object, anyio.CapacityLimiter] = WeakKeyDictionary()

    async def run(self, compute: Callable[[Event], T]) -> T:
        """Run `compute(stopped)`; it should look at the event now and then."""
        stopped = Event()

        def alone() -> T:
            with self._lock:
                return compute(stopped)

        loop = current_token().native_token
        limiter = self._limiters.get(loop)
        if limiter is None:
            limiter = self._limiters[loop] = anyio.CapacityLimiter(1)
        try:
            return await anyio.to_thread.run_sync(alone, limiter=limiter, abandon_on_cancel=True)
        finally:
            stopped.set()
