"""Ctrl-C: once to end a run with what it has, twice to leave at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, Self

__all__ = ["Interrupts"]

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Turns the first signal into a callback on the event loop, and the second into the exit.

    `signal.signal` rather than a loop's own handlers: it works on Windows as well, and the second
    signal is heard even where the loop is stuck.
    """

    def __init__(self) -> None:
        """Hear nothing yet."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._act: Callable[[], object] | None = None
        self.received: int | None = None
        """The first signal's number, or None."""

    def __enter__(self) -> Self:
        """Hear signals, where this is the main thread."""
        self._loop = asyncio.get_running_loop()
        try:
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._heard)
        except ValueError:  # another thread: whoever owns the main one sees to signals
            pass
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave signals to whoever had them before."""
        for number, before in self._before.items():
            signal.signal(number, before)

    def then(self, act: Callable[[], object]) -> None:
        """Call `act` at the first signal from now on; at once where that has come already."""
        self._act = act
        if self.received is not None:
            act()

    @property
    def code(self) -> int | None:
        """The exit code of a process that a signal ended, or None."""
        return None if self.received is None else 128 + self.received

    def _heard(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.received is not None:
            _leave(number)
        self.received = number
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._first)

    def _first(self) -> None:
        if self._act is not None:
            self._act()


def _leave(number: int) -> None:
    """End the process without waiting for anything, the terminal's cursor shown again."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed and stream.isatty():
            os.write(stream.fileno(), b"\x1b[?25h\n")
            break
    os._exit(128 + number)
