"""Close a trace once its final answer is complete, without waiting for its closing words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Close, Decision
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.policies.base import Advanced, Observation, PolicyState, RunSetup, RunView
from deepprune_sdk.protocols import AnswerWatch

__all__ = ["StopAtAnswer"]


class StopAtAnswer(Config):
    r"""Close a trace once it has stated its answer, as the run's extractor reads it.

    With the default extractor that is at the brace that completes a `\boxed{...}`. In the reasoning
    part only if asked for: an answer there may still be withdrawn.
    """

    name: Literal["stop-at-answer"] = "stop-at-answer"
    in_reasoning: bool = False
    """Whether an answer inside the reasoning part counts."""
    every: int = Field(default=8, ge=1)
    """Tokens between looks."""

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run.

        Raises:
            ConfigurationError: The run's extractor reads finished texts only.
        """
        setup.extractor.require_incomplete(self.name)
        return _AnsweredState(self)


class _AnsweredState(PolicyState):
    def __init__(self, policy: StopAtAnswer) -> None:
        self._policy = policy
        self._watches: dict[int, tuple[AnswerWatch, int]] = {}

    def interest(self, trace: Trace) -> int | None:
        return (trace.tokens // self._policy.every + 1) * self._policy.every

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if not isinstance(seen, Advanced):
            return
        trace = seen.trace
        in_reasoning = self._policy.in_reasoning
        watch, read = self._watches.get(trace.index) or (view.reading.watch(), 0)
        if not in_reasoning:
            read = max(read, trace.reasoning_pieces)
        self._watches[trace.index] = (watch, trace.tokens)
        # The whole text is read only where the watch says so: at every look it would cost O(n^2).
        if not watch.read(trace.pieces.text(read)):
            return
        if view.reading.so_far(trace, in_reasoning=in_reasoning) is not None:
            yield Close(trace=trace.index, reason="answered", outcome="answered")
