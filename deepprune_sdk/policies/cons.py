"""cons@n: every trace runs to its end and votes."""

from __future__ import annotations

from typing import Literal

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.voting import SurvivorsVote, Vote
from deepprune_sdk.policies.base import PolicyState, RunSetup

__all__ = ["FullSampling"]


class FullSampling(Config):
    """Self-consistency: n full traces, majority vote (cons@n)."""

    name: Literal["cons"] = "cons"

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run."""
        del setup
        return _FullState()


class _FullState(PolicyState):
    def vote(self) -> Vote:
        return SurvivorsVote()
