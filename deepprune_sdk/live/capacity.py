"""How many traces all runs of a reasoner hold in memory at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.loops.gate import Gate

__all__ = ["Room"]


class Room:
    """Room for a number of traces. A run takes what it needs all at once, and waits its turn.

    Attributes:
        traces: How many there is room for; None for any number.
    """

    def __init__(self, traces: int | None) -> None:
        """Begin with all of it free; None makes it endless."""
        self.traces = traces
        self._gate = None if traces is None else Gate(traces)

    def check(self, n: int) -> None:
        """Check that a run of `n` traces can ever start.

        Raises:
            ConfigurationError: It cannot.
        """
        if self.traces is not None and n > self.traces:
            raise ConfigurationError(
                f"n={n} is more than Limits(traces={self.traces}) ever has room for: "
                "lower n or raise the limit"
            )

    @asynccontextmanager
    async def hold(self, n: int) -> AsyncGenerator[None]:
        """Wait for room for `n` traces, and keep it."""
        if self._gate is None:
            yield
            return
        async with self._gate.hold(n):
            yield
