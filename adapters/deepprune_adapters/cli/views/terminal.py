"""A terminal that is drawn on: is there one, and frames drawn anew while a block runs."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import TextIO

import anyio
import anyio.to_thread
from rich.console import Console, RenderableType
from rich.live import Live

__all__ = ["console_of", "redrawn"]


def console_of(out: TextIO) -> Console | None:
    """Return a console for a terminal that can move its cursor; None for everything else."""
    if not out.isatty():
        return None
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    return None if console.is_dumb_terminal else console


@contextlib.asynccontextmanager
async def redrawn(
    live: Live,
    frame: Callable[[], RenderableType],
    *,
    interval: float,
    last: Callable[[], RenderableType] | None = None,
) -> AsyncGenerator[None]:
    """Draw frames anew while the block runs.

    A frame is laid out between two events and written in a worker thread: a terminal that is slow,
    or held by Ctrl-S, delays the view and not the work. A terminal that is gone ends the view only.

    Args:
        live: Draws; it refreshes nothing by itself.
        frame: Lays a frame out.
        interval: Seconds from one frame to the next.
        last: Lays the frame out that stays, where one does.
    """
    await anyio.to_thread.run_sync(live.start)
    failure: Exception | None = None
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_keep_drawing, live, frame, interval)
            try:
                yield
            except Exception as error:  # raised below, so that no exception group wraps it
                failure = error
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True), contextlib.suppress(OSError):
            await anyio.to_thread.run_sync(_end, live, None if last is None else last())
    if failure is not None:
        raise failure


async def _keep_drawing(live: Live, frame: Callable[[], RenderableType], interval: float) -> None:
    with contextlib.suppress(OSError):  # the terminal is gone: the work is still worth its end
        while True:
            await anyio.to_thread.run_sync(_draw, live, frame())
            await anyio.sleep(interval)


def _draw(live: Live, frame: RenderableType) -> None:
    live.update(frame, refresh=True)


def _end(live: Live, frame: RenderableType | None) -> None:
    try:
        if frame is not None:
            _draw(live, frame)
    finally:
        live.stop()
