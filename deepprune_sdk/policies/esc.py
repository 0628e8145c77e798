"""ESC: stop as soon as a window of traces is unanimous (arXiv 2401.10480)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Decision, End
from deepprune_sdk.data.voting import SurvivorsVote, Vote
from deepprune_sdk.policies.base import Observation, PolicyState, RunSetup, RunView, TraceOver

__all__ = ["UnanimousWindow"]


class UnanimousWindow(Config):
    """Early-stopping self-consistency: windows of w traces, one after another.

    The run ends when all traces of a window gave the same answer; a trace without an answer makes
    its window disagree.
    """

    name: Literal["esc"] = "esc"
    window: int = Field(default=5, ge=2)
    """Traces a window (w)."""

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run."""
        del setup
        return _UnanimousState(self.window)


class _UnanimousState(PolicyState):
    def __init__(self, window: int) -> None:
        self._window = window

    def admitted(self, view: RunView) -> int:
        started = len(view.traces)
        if any(trace.live for trace in view.traces):
            return started
        return (started // self._window + 1) * self._window

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if not isinstance(seen, TraceOver):
            return
        first = seen.trace.index // self._window * self._window
        window = view.traces[first : first + self._window]
        answers = {trace.answer for trace in window}
        if len(window) == self._window and len(answers) == 1 and None not in answers:
            yield End(reason="unanimous")

    def vote(self) -> Vote:
        return SurvivorsVote()
