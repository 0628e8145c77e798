"""The view where there is no terminal: one line per decision."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import TextIO

from deepprune_adapters.cli.views.board import Board
from deepprune_adapters.cli.views.text import clean, count, say
from deepprune_adapters.cli.wording import in_options
from deepprune_sdk.data import (
    Event,
    RunEnded,
    RunWarning,
    TraceClosed,
    TraceFailed,
    TraceFinished,
    TraceStarted,
)

__all__ = ["PlainView"]


class PlainView:
    """Writes what becomes of each trace, when it does."""

    def __init__(self, board: Board, out: TextIO) -> None:
        """Follow `board`, write to `out`."""
        self._board = board
        self._out = out

    def tell(self, event: Event) -> None:
        """Take an event, and write a line where it decides something."""
        self._board.tell(event)
        line = self._line(event)
        if line:
            say(self._out, f"{self._board.elapsed:7.1f}s  {line}")

    @contextlib.asynccontextmanager
    async def shown(self) -> AsyncGenerator[None]:
        """Say what is asked, and of whom."""
        say(self._out, clean(self._board.title, 400))
        say(self._out, clean(self._board.subtitle, 400))
        yield

    def _line(self, event: Event) -> str:
        match event:
            case TraceStarted(trace=trace, continued=True):
                return f"trace {trace} continued: nobody was left to speak for its cluster"
            case TraceClosed():
                return self._closed(event)
            case TraceFinished(trace=trace, answer=answer, tokens=tokens):
                said = "without an answer" if answer is None else f"answer {clean(answer, 200)}"
                cut = " (cut off by the token limit)" if event.finish == "length" else ""
                return f"trace {trace} finished, {said}, {count(tokens, 'token')}{cut}"
            case TraceFailed(trace=trace, error=error):
                return f"trace {trace} failed: {clean(error, 300)}"
            case RunWarning(message=message):
                return f"warning: {clean(in_options(message), 300)}"
            case RunEnded(reason=reason):
                return f"ended: {clean(reason, 100)}"
            case _:
                return ""

    def _closed(self, event: TraceClosed) -> str:
        verb = "closed" if event.applied else "would be closed"
        if event.into is None:
            why = f"as {clean(event.reason, 100)}"
        else:
            sure = "" if event.probability is None else f" ({event.probability:.2f})"
            letter = self._board.letter(event.into)
            why = f"as redundant, into cluster {letter} of trace {event.into}{sure}"
        return f"trace {event.trace} {verb} {why}, {count(event.tokens, 'token')}"
