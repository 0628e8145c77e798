"""The live view on a terminal: one bar per trace, drawn anew eight times a second."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Final

from rich.console import Console, Group
from rich.live import Live

from deepprune_adapters.cli.views.board import Board
from deepprune_adapters.cli.views.draw import ASCII, UNICODE, Glyphs, draw
from deepprune_adapters.cli.views.terminal import redrawn
from deepprune_sdk.data import Event

__all__ = ["LiveView", "glyphs_of"]

INTERVAL: Final = 1 / 8


def glyphs_of(encoding: str | None) -> Glyphs:
    """Return the signs that a stream of this encoding can show."""
    return UNICODE if (encoding or "").lower().startswith("utf") else ASCII


class LiveView:
    """Draws a board while it changes."""

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

    def shown(self) -> AbstractAsyncContextManager[None]:
        """Show the view; the last frame stays on the screen."""
        return redrawn(
            self._live, self._frame, interval=INTERVAL, last=lambda: self._frame(last=True)
        )

    def _frame(self, *, last: bool = False) -> Group:
        size = self._console.size
        return Group(*draw(self._board, size.width, size.height - 1, self._glyphs, last=last))
