"""The live view on a terminal: a bar a trace, drawn anew eight times a second."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Final

import anyio
import anyio.to_thread
from rich.console import Console, Group
from rich.live import Live

from deepprune_adapters.cli.views.board import Board
from deepprune_adapters.cli.views.draw import ASCII, UNICODE, Glyphs, draw
from deepprune_sdk.data import Event

__all__ = ["LiveView", "glyphs_of"]

INTERVAL: Final = 1 / 8


def glyphs_of(encoding: str | None) -> Glyphs:
    """Return the signs that a stream of this encoding can show."""
    return UNICODE if (encoding or "").lower().startswith("utf") else ASCII


class LiveView:
    """Draws a board while it changes.

    A frame is laid out between two events and written in a worker thread: a terminal that is slow,
    or held by Ctrl-S, delays the view and not the run.
    """

    def __init__(self, board: Board, console: Console) -> None:
        """Draw `board` on `console`."""
        self._board = board
        self._console = console
        self._glyphs = glyphs_of(console.encoding)
        self._live = Live(
            console=console, auto_refresh=False, redirect_stdout=False, vertical_overflow="crop"
        )

    def tell(self, event: Event) -> None:
        """Take an event; the next frame shows it."""
        self._board.tell(event)

    @contextlib.asynccontextmanager
    async def shown(self) -> AsyncGenerator[None]:
        """Show the view; the last frame stays on the screen."""
        await anyio.to_thread.run_sync(self._live.start)
        failure: Exception | None = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._keep_drawing)
                try:
                    yield
                except Exception as error:  # raised below, so that no exception group wraps it
                    failure = error
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True), contextlib.suppress(OSError):
                await anyio.to_thread.run_sync(self._end, self._frame(last=True))
        if failure is not None:
            raise failure

    async def _keep_drawing(self) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone: the run is still worth its end
            while True:
                await anyio.to_thread.run_sync(self._write, self._frame())
                await anyio.sleep(INTERVAL)

    def _frame(self, *, last: bool = False) -> Group:
        size = self._console.size
        return Group(*draw(self._board, size.width, size.height - 1, self._glyphs, last=last))

    def _write(self, frame: Group) -> None:
        self._live.update(frame, refresh=True)

    def _end(self, frame: Group) -> None:
        try:
            self._live.update(frame, refresh=True)
        finally:
            self._live.stop()
