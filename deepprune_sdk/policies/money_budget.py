"""A limit of money: what the traces of a run may cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.prices import Price
from deepprune_sdk.data.signals import Decision, End
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.policies.base import (
    Advanced,
    Observation,
    PolicyState,
    RunSetup,
    RunView,
    TraceOver,
)

__all__ = ["MoneyBudget"]

LONGEST_LOOK = 256
"""Most tokens of a trace between two looks at what the run has cost: a
server may report more than has arrived, and where only prompts cost no share is ever used up."""


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
        self._streams = setup.streams
        self._left = policy.run

    def interest(self, trace: Trace) -> int | None:
        if not trace.tokens:
            return 1  # by then its prompt has been paid
        # However the money that is left is spread over the streams, one of them uses up its even
        # share before it is gone.
        tokens = self._left / self._streams / max(self._policy.price.output / 1e6, 1e-12)
        return trace.tokens + max(1, min(int(tokens), LONGEST_LOOK))

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if isinstance(seen, Advanced | TraceOver):
            traces = [view.growing(trace.index) for trace in view.traces]
            spent = self._policy.price.of_traces(traces, self._resumed)
            self._left = self._policy.run - spent
            if self._left <= 0:
                yield End(reason="money budget", hard=True)
