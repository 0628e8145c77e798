"""Reading a response ahead of whoever handles it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Self

import anyio
from anyio.lowlevel import checkpoint

__all__ = ["Intake"]


class Intake:
    """Reads in a task of its own, and hands on together what came together.

    HTTP clients give a chunked body chunk by chunk, even where one read of the socket brought many.
    A consumer that asks for the next chunk cannot know whether more are there. So a task of its own
    takes chunks for as long as it gets them without waiting; only when it has to wait for the
    network does the event loop run the consumer, which then finds all of them in a list. Everything
    behind this (events, chunks, the engine) costs per call rather than per byte.

    A second task watches for silence. That costs one look at the clock whenever something is handed
    on, where the clients' own timeouts set and cancel a timer at each read.
    """

    def __init__(self, idle_timeout: float) -> None:
        """Prepare; to be entered before `begin`, and left in the same task.

        A response that brings nothing for `idle_timeout` seconds is given up.
        """
        self._idle_timeout = idle_timeout
        self._handed_on = 0.0
        self._reading = anyio.CancelScope()
        self._tasks = anyio.create_task_group()
        self._waiting: list[bytes] = []
        self._news = anyio.Event()
        self._error: Exception | None = None
        self._over = False

    async def __aenter__(self) -> Self:
        """Make room for the task."""
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Break off: a cancelled read closes its connection."""
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)

    def begin(self, reads: AsyncIterator[bytes]) -> None:
        """Begin to read."""
        self._handed_on = anyio.current_time()
        self._tasks.start_soon(self._read, reads)
        self._tasks.start_soon(self._watch)

    async def _read(self, reads: AsyncIterator[bytes]) -> None:
        waiting = self._waiting
        with self._reading:
            try:
                async for read in reads:
                    waiting.append(read)
                    if len(waiting) == 1:  # the consumer is woken once for all that follows
                        self._news.set()
            except Exception as error:
                self._error = error
        # A cancellation from outside passes this by: it is not an end, and the consumer that waits
        # for news is in the same scope and is cancelled too.
        self._over = True
        self._news.set()

    async def _watch(self) -> None:
        left = self._idle_timeout
        while left > 0:
            await anyio.sleep(left)
            # Where this process was busy meanwhile, what the network brought is read only now.
            await checkpoint()
            # What waits to be handed on is no silence, however long it waits.
            since = anyio.current_time() if self._waiting else self._handed_on
            left = since + self._idle_timeout - anyio.current_time()
        if not self._over:
            self._error = TimeoutError(f"nothing came for {self._idle_timeout:g} s")
            self._reading.cancel()

    async def next(self) -> bytes | None:
        """Wait for bytes, and return all that have come; None at the end.

        Raises:
            TimeoutError: Nothing has come for so long.
            Exception: What reading has raised, once everything before it was handed on.
        """
        # No await lies between the look and the new event: the reader cannot slip in between.
        if not self._waiting and not self._over:
            self._news = anyio.Event()
            await self._news.wait()
        if self._waiting:
            come = b"".join(self._waiting)
            self._waiting.clear()
            self._handed_on = anyio.current_time()
            return come
        if self._error is not None:
            raise self._error
        return None
