"""How many traces may run before the next ones start."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.policies.base import PolicyState, RunSetup, RunView

__all__ = ["Waves"]


class Waves(Config):
    """Start traces `width` at a time, the next ones once those are over.

    Width 1 samples one after another: the fewest tokens where a vote settles early, at the highest
    latency. A trace that is closed is over, so pruning lets the next wave start early.
    """

    name: Literal["waves"] = "waves"
    width: int = Field(default=8, ge=1)
    """Traces a wave."""
    sliding: bool = False
    """Start a trace whenever one is over, instead of waiting for the whole wave."""

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run."""
        del setup
        return _WavesState(self)


class _WavesState(PolicyState):
    def __init__(self, policy: Waves) -> None:
        self._policy = policy

    def admitted(self, view: RunView) -> int:
        live = sum(trace.live for trace in view.traces)
        started = len(view.traces)
        if self._policy.sliding:
            return started - live + self._policy.width
        return started if live else started + self._policy.width
