"""How long the comparisons of one run may take, for `deepprune_adapters.math`."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator
from typing import Final

from anyio.lowlevel import current_token

START_SECONDS: Final = 60.0
"""Longest time that a worker may take to load math-verify."""

STALL: Final = 0.2
"""Longest time that an event loop stands still for one comparison. A run that meets it once asks
nothing more there: everything else in the loop waits meanwhile."""


class Deadline:
    """When a comparison of a run is to be given up. The first start of a worker is on the house."""

    def __init__(self, seconds: float, *, in_loop: bool) -> None:
        self._began = time.monotonic()
        self._seconds = seconds
        self._counts_start = in_loop

    def include_start(self) -> None:
        """Count the start of a worker: it is not the first."""
        self._counts_start = True

    def for_start(self) -> float:
        """Seconds that the start may take."""
        return min(self.left(), START_SECONDS) if self._counts_start else START_SECONDS

    def started(self) -> None:
        """Begin to count, where the start is not counted."""
        if not self._counts_start:
            self._began = time.monotonic()

    def spent(self) -> float:
        """Seconds used."""
        return time.monotonic() - self._began

    def left(self) -> float:
        """Seconds to go."""
        return max(0.0, self._seconds - self.spent())


class Allowance:
    """The time of one run: in all, and of that in the event loop, where everything else waits."""

    def __init__(self, seconds: float, in_loop: float) -> None:
        self._left = seconds
        self._left_in_loop = in_loop

    @contextlib.contextmanager
    def spending(self, lock: threading.Lock) -> Generator[Deadline]:
        """Hold the worker's lock, and count the time; others' comparisons only in the event loop.

        Raises:
            TimeoutError: None is left.
        """
        in_loop = _is_in_event_loop()
        left = min(self._left, self._left_in_loop, STALL) if in_loop else self._left
        if left <= 0.0:
            raise out_of_time()
        deadline = Deadline(left, in_loop=in_loop)
        held = lock.acquire(timeout=left if in_loop else START_SECONDS)
        try:
            if not held:
                raise out_of_time()
            if not in_loop:
                deadline = Deadline(left, in_loop=False)
            yield deadline
        except TimeoutError:
            if in_loop:
                self._left_in_loop = 0.0
            raise
        finally:
            if held:
                lock.release()
            spent = deadline.spent()
            self._left -= spent
            if in_loop:
                self._left_in_loop -= spent


def _is_in_event_loop() -> bool:
    try:
        current_token()
    except RuntimeError:
        return False
    return True


def out_of_time() -> TimeoutError:
    """Return the error of a comparison that there is no time for."""
    return TimeoutError("the run's time for symbolic comparisons is used up")
