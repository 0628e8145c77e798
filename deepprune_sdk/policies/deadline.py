"""A limit of time: the run ends with the answer that it has by then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Decision, End
from deepprune_sdk.policies.base import Elapsed, Observation, PolicyState, RunSetup, RunView

__all__ = ["Deadline"]


class Deadline(Config):
    """End the run after so many seconds, with the answer that it has by then.

    In a warm-up and in shadow mode, too: time is up.
    """

    name: Literal["deadline"] = "deadline"
    seconds: float = Field(gt=0)
    """From the start of the run."""

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run."""
        del setup
        return _DeadlineState(self.seconds)


class _DeadlineState(PolicyState):
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def wake_after(self) -> float | None:
        return self._seconds

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if isinstance(seen, Elapsed) and seen.seconds >= self._seconds:
            yield End(reason="deadline", hard=True)
