"""A user's own part that raises."""

from __future__ import annotations

from collections.abc import Iterable

from deepprune_sdk.data.signals import Decision
from deepprune_sdk.policies import Observation, PolicyState, RunSetup, RunView, TraceOver


class BrokenPolicy:
    """Raises `KeyError` of the text of the first trace that is over."""

    name = "broken"

    def begin(self, setup: RunSetup) -> PolicyState:
        del setup
        return _BrokenState()


class _BrokenState(PolicyState):
    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if isinstance(seen, TraceOver):
            raise KeyError(seen.trace.text)
        return ()
