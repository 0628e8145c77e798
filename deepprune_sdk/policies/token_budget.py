"""A limit of tokens: of a run, or of each of its traces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Close, Decision, End
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.policies.base import Advanced, Observation, PolicyState, RunSetup, RunView

__all__ = ["TokenBudget"]


class TokenBudget(Config):
    """End the run, or a trace, once it has generated so many tokens.

    What a method protects is spared: a warm-up comes to its end first.
    """

    name: Literal["token-budget"] = "token-budget"
    run: int | None = Field(default=None, ge=1)
    """Generated tokens of all traces together, recorded ones that cost nothing now included: a run
    that is resumed ends where it would have ended."""
    trace: int | None = Field(default=None, ge=1)
    """Generated tokens of one trace."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.run is None and self.trace is None:
            raise ValueError("give run=, trace= or both")
        return self

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run."""
        return _BudgetState(self, setup)


class _BudgetState(PolicyState):
    def __init__(self, policy: TokenBudget, setup: RunSetup) -> None:
        self._policy = policy
        self._spent = 0
        self._seen: dict[int, int] = {}
        self._streams = setup.streams

    def interest(self, trace: Trace) -> int | None:
        wanted: list[int] = []
        if self._policy.trace is not None and trace.tokens < self._policy.trace:
            wanted.append(self._policy.trace)
        if self._policy.run is not None:
            # However the tokens that are left are spread over the streams, one of them uses up
            # its even share before the budget is gone.
            left = self._policy.run - self._spent
            wanted.append(self._seen.get(trace.index, 0) + max(1, left // self._streams))
        return min(wanted, default=None)

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if not isinstance(seen, Advanced):
            return
        trace, policy = seen.trace, self._policy
        self._spent += trace.tokens - self._seen.get(trace.index, 0)
        self._seen[trace.index] = trace.tokens
        if policy.run is not None and sum(t.tokens for t in view.traces) >= policy.run:
            yield End(reason="token budget")
        elif policy.trace is not None and trace.tokens >= policy.trace:
            yield Close(trace=trace.index, reason="token budget")
