"""Traces that repeat themselves without end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Close, Decision
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.policies.base import Advanced, Observation, PolicyState, RunSetup, RunView

__all__ = ["CloseLoops"]

KEY = 32
"""Characters whose last occurrence suggests a period."""


class CloseLoops(Config):
    """Close a trace as degenerate that writes the same few lines again and again.

    A trace loops when its last `characters` consist of one text and its exact repetitions. Such a
    trace does not come to an answer, so it is closed even where it is the last of its cluster.
    """

    name: Literal["close-loops"] = "close-loops"
    characters: int = Field(default=3000, ge=4 * KEY)
    """Length of the end of the text that must repeat."""
    times: int = Field(default=4, ge=2)
    """Least repetitions in it."""
    every: int = Field(default=256, ge=1)
    """Tokens between two looks at a trace."""

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run."""
        del setup
        return _LoopsState(self)


class _LoopsState(PolicyState):
    def __init__(self, policy: CloseLoops) -> None:
        self._policy = policy

    def interest(self, trace: Trace) -> int | None:
        every = self._policy.every
        return (trace.tokens // every + 1) * every

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if not isinstance(seen, Advanced) or seen.trace.tokens % self._policy.every:
            return
        trace, policy = seen.trace, self._policy
        tail = trace.pieces.text(max(0, len(trace.pieces) - policy.characters))
        if loops(tail[-policy.characters :], policy.characters, policy.times):
            yield Close(trace=trace.index, reason="degenerate", hopeless=True)


def loops(tail: str, characters: int, times: int) -> bool:
    """Whether a text of so many characters is one period, repeated at least `times`. O(length)."""
    if len(tail) < characters:
        return False
    backwards = tail[::-1]
    key = backwards[:KEY]
    # The period is a distance at which the end of the text occurs before; short ones that are none
    # (the key lies in the period twice) are few, so only the first are tried.
    period = 0
    for _ in range(8):
        period = backwards.find(key, period + 1)
        if period < 0 or period * times > len(tail):
            return False
        if tail[period:] == tail[:-period]:
            return True
    return False
