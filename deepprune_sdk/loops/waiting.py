"""Waiting in one event loop for what happens in any thread.

An event of asyncio or trio belongs to one loop: set from another thread, it wakes nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any

import anyio
from anyio.lowlevel import current_token

__all__ = ["Flag", "Loop", "Turn"]


class Loop:
    """The event loop of the task that makes this."""

    def __init__(self) -> None:
        """Take hold of the running event loop.

        Raises:
            RuntimeError: None is running in this thread.
        """
        self._native: Any = current_token().native_token

    def is_current(self) -> bool:
        """Whether the caller runs in this loop."""
        try:
            return current_token().native_token is self._native
        except RuntimeError:  # none runs here
            return False

    def post(self, function: Callable[[], object]) -> bool:
        """Have the loop call `function` soon; safe in any thread and in a signal handler.

        Returns:
            Whether there is still a loop to call it.
        """
        native = self._native
        asyncio_post = getattr(native, "call_soon_threadsafe", None)
        try:
            (asyncio_post or native.run_sync_soon)(function)
        except RuntimeError:  # closed; trio's own class for that is one, too
            return False
        return True


class Turn:
    """What the task that makes this waits for; any thread may end the wait.

    Attributes:
        is_over: Whether it was ended.
    """

    __slots__ = ("_event", "_loop", "is_over")

    def __init__(self) -> None:
        """Belong to the running event loop."""
        self._loop = Loop()
        self._event = anyio.Event()
        self.is_over: bool = False

    def end(self) -> bool:
        """End the wait; return whether its event loop can still be told."""
        if self._loop.is_current():
            self._event.set()
            self.is_over = True
        else:
            self.is_over = self._loop.post(self._event.set)
        return self.is_over

    async def wait(self) -> None:
        """Wait for the end."""
        await self._event.wait()


class Flag:
    """Set once, from any thread; waited for in any event loops."""

    __slots__ = ("_is_set", "_lock", "_turns")

    def __init__(self) -> None:
        """Begin without being set."""
        # Reentrant: the garbage collector may end a forgotten task wherever this thread is.
        self._lock = RLock()
        self._is_set = False
        self._turns: list[Turn] = []

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Set it, and wake whoever waits."""
        with self._lock:
            self._is_set = True
            turns, self._turns = self._turns, []
        for turn in turns:
            turn.end()

    async def wait(self) -> None:
        """Wait until it is set."""
        with self._lock:
            if self._is_set:
                return
            turn = Turn()
            self._turns.append(turn)
        try:
            await turn.wait()
        finally:
            with self._lock:
                if turn in self._turns:
                    self._turns.remove(turn)
