"""What `deepprune record` shows while it goes on: one line that changes, or a line a trace."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, TextIO

import anyio
import anyio.to_thread
from rich.console import Console
from rich.live import Live
from rich.text import Text

from deepprune_adapters.cli.views.pace import Pace
from deepprune_adapters.cli.views.plain import say
from deepprune_adapters.cli.views.text import clean, count
from deepprune_sdk.data import Event, TraceFailed, TraceFinished

__all__ = ["PlainRecordView", "RecordView", "TerminalRecordView"]

INTERVAL: Final = 1 / 4


class RecordView(Protocol):
    """Shows a recording while it goes on."""

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
    """Writes a line a trace, where there is no terminal."""

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

    @contextlib.asynccontextmanager
    async def shown(self) -> AsyncGenerator[None]:
        """Do nothing: lines stay where they are."""
        yield


class TerminalRecordView:
    """Draws one line anew, four times a second, in a worker thread.

    A terminal that is slow, or held by Ctrl-S, delays the view and not the recording.
    """

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

    @contextlib.asynccontextmanager
    async def shown(self) -> AsyncGenerator[None]:
        """Draw; the line goes away at the end."""
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
                await anyio.to_thread.run_sync(self._live.stop)
        if failure is not None:
            raise failure

    async def _keep_drawing(self) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone: the recording goes on
            while True:
                line = "loading the model" if self._pace is None else self._pace.line()
                text = Text(line, no_wrap=True, overflow="ellipsis")
                await anyio.to_thread.run_sync(self._draw, text)
                await anyio.sleep(INTERVAL)

    def _draw(self, text: Text) -> None:
        self._live.update(text, refresh=True)
