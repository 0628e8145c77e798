"""What `deepprune record` shows while it runs: one line that changes, or one line per trace."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final, Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from deepprune_adapters.cli.views.pace import Pace
from deepprune_adapters.cli.views.terminal import redrawn
from deepprune_adapters.cli.views.text import clean, count, say
from deepprune_sdk.data import Event, TraceFailed, TraceFinished

__all__ = ["PlainRecordView", "RecordView", "TerminalRecordView"]

INTERVAL: Final = 1 / 4


class RecordView(Protocol):
    """Shows a recording while it runs."""

    def begin(self, pace: Pace) -> None:
        """Show `pace` from now on."""
        ...

    def tell(self, event: Event) -> None:
        """Take an event that `pace` knows already; never waits."""
        ...

    def shown(self) -> AbstractAsyncContextManager[None]:
        """Show the view within a block."""
        ...


class PlainRecordView:
    """Writes one line per trace, where there is no terminal."""

    def __init__(self, out: TextIO) -> None:
        """Write to `out`."""
        self._out = out
        self._pace: Pace | None = None

    def begin(self, pace: Pace) -> None:
        """Show `pace` from now on."""
        self._pace = pace

    def tell(self, event: Event) -> None:
        """Write a line where a trace has ended."""
        if self._pace is None:
            return
        match event:
            case TraceFinished():
                cut = ", cut off by the token limit" if event.finish == "length" else ""
                say(self._out, f"{self._pace.line()}; {count(event.tokens, 'token')}{cut}")
            case TraceFailed():
                say(self._out, f"{self._pace.line()}; failed: {clean(event.error, 300)}")
            case _:
                pass

    def shown(self) -> AbstractAsyncContextManager[None]:
        """Do nothing: lines stay where they are."""
        return nullcontext()


class TerminalRecordView:
    """Draws one line anew, four times a second."""

    def __init__(self, console: Console) -> None:
        """Draw on `console`."""
        self._pace: Pace | None = None
        self._live = Live(
            console=console, auto_refresh=False, redirect_stdout=False, transient=True
        )

    def begin(self, pace: Pace) -> None:
        """Show `pace` from now on."""
        self._pace = pace

    def tell(self, event: Event) -> None:
        """Do nothing: the next frame shows it."""

    def shown(self) -> AbstractAsyncContextManager[None]:
        """Draw; the line goes away at the end."""
        return redrawn(self._live, self._line, interval=INTERVAL)

    def _line(self) -> Text:
        line = "loading the model" if self._pace is None else self._pace.line()
        return Text(line, no_wrap=True, overflow="ellipsis")
