"""A run whose traces state no answer that can be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Decision, End
from deepprune_sdk.policies.base import Observation, PolicyState, RunSetup, RunView, TraceOver

__all__ = ["UNREAD", "StopUnread"]

UNREAD = "no readable answer"
"""Why such a run ends."""


class StopUnread(Config):
    """End the run when the first traces that ended have no readable answer, not one of them.

    More of the same would cost as much and say as little. Failed traces do not count.
    """

    name: Literal["stop-unread"] = "stop-unread"
    after: int = Field(default=16, ge=1)
    """Ended traces at least."""
    share: float = Field(default=0.25, gt=0, le=1)
    """Share of n at least."""

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run."""
        return _UnreadState(max(self.after, self.share * setup.n))


class _UnreadState(PolicyState):
    def __init__(self, enough: float) -> None:
        self._enough = enough

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if not isinstance(seen, TraceOver):
            return
        ended = [trace for trace in view.traces if trace.outcome == "finished"]
        if len(ended) < self._enough or any(trace.answer is not None for trace in ended):
            return
        # What was closed may have a ballot of its own: a probe's answer, or one stated before.
        if not view.ballots():
            yield End(reason=UNREAD)
