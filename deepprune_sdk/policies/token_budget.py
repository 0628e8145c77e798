"""Limits of a run as policies: tokens, money, and time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.prices import Price
from deepprune_sdk.data.signals import Close, Decision, End
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.policies.base import (
    Advanced,
    Elapsed,
    Observation,
    PolicyState,
    RunSetup,
    RunView,
    TraceOver,
)

__all__ = ["Deadline", "MoneyBudget", "TokenBudget"]

LONGEST_LOOK = 256
"""Most tokens of a trace between two looks at what the run has cost."""


class TokenBudget(Config):
    """End the run, or a trace, once it has generated so many tokens.

    What a method protects is spared: a warm-up comes to its end first.
    """

    name: Literal["token-budget"] = "token-budget"
    run: int | None = Field(default=None, ge=1)
    """Generated tokens of all traces together."""
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
        self._streams = min(setup.n, setup.concurrency or setup.n)

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


class MoneyBudget(Config):
    """End the run once its traces have cost so much; also in shadow mode, which costs money too.

    What the server has reported counts, and until it does what has arrived.
    """

    name: Literal["money-budget"] = "money-budget"
    run: float = Field(gt=0, allow_inf_nan=False)
    """Money for all traces together, in the currency of the price."""
    price: Price
    """What tokens cost."""

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run."""
        return _MoneyState(self, setup)


class _MoneyState(PolicyState):
    def __init__(self, policy: MoneyBudget, setup: RunSetup) -> None:
        self._policy = policy
        self._resumed = set(setup.resumed)
        self._streams = min(setup.n, setup.concurrency or setup.n)
        self._left = policy.run

    def interest(self, trace: Trace) -> int | None:
        if not trace.tokens:
            return 1  # by then its prompt has been paid
        # As with tokens: some stream uses up its even share before the money is gone.
        tokens = self._left / self._streams / max(self._policy.price.output / 1e6, 1e-12)
        return trace.tokens + max(1, min(int(tokens), LONGEST_LOOK))

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if isinstance(seen, Advanced | TraceOver):
            traces = [view.growing(trace.index) for trace in view.traces]
            spent = self._policy.price.of_traces(traces, self._resumed)
            self._left = self._policy.run - spent
            if self._left <= 0:
                yield End(reason="money budget", hard=True)


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
