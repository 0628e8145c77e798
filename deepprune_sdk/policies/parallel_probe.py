"""Parallel-Probe: ask each live trace for its answer so far (arXiv 2602.03845)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Close, Decision, End, Probe
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.voting import ClusterWeightedVote, Vote
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import (
    Advanced,
    Imputation,
    Observation,
    PolicyState,
    ProbeAnswered,
    RunSetup,
    RunView,
    TraceOver,
)

__all__ = ["ParallelProbe"]


class ParallelProbe(Config):
    """Stop when the leading probed answer is stable; drop the traces that keep disagreeing.

    Every so many tokens each live trace is asked for its answer by a short forced continuation. A
    finished trace goes on counting with its answer; a dropped one no longer counts.
    """

    name: Literal["parallel-probe"] = "parallel-probe"
    every: int = Field(default=500, ge=1)
    """Tokens between the probes of a trace."""
    stable: int = Field(default=14, ge=1)
    """Rounds of probes after which an unchanged leader ends the run."""
    drop_after: int = Field(default=8, ge=1)
    """Rounds in a row in which a trace must disagree with the leader to be dropped."""
    warmup: int = Field(default=10, ge=0)
    """Rounds before any trace is dropped."""

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run.

        Raises:
            ConfigurationError: Traces cannot be probed, or the run's extractor could not read what
                they say.
        """
        if setup.replayed and not setup.can_probe:
            raise ConfigurationError(
                "parallel-probe cannot be replayed: it asks traces for their answer so far, and "
                "the recording has no probes; choose another method, or a recording with probes"
            )
        if not setup.can_probe:
            raise ConfigurationError(
                "parallel-probe needs a backend that continues a prefix: choose another method, or "
                "set the backend's continue_prefix"
            )
        if not setup.replayed:
            setup.extractor.require_probe(self.name)
        return _ProbeState(self)


class _ProbeState(PolicyState):
    def __init__(self, policy: ParallelProbe) -> None:
        self._policy = policy
        self._rounds: dict[int, dict[int, str | None]] = {}
        self._round = 1
        self._leader: str | None = None
        self._streak = 0
        self._disagreed: dict[int, int] = {}
        self._latest: dict[int, str | None] = {}

    def interest(self, trace: Trace) -> int | None:
        return (trace.tokens // self._policy.every + 1) * self._policy.every

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        match seen:
            case Advanced(trace) if trace.tokens % self._policy.every == 0:
                yield Probe(trace=trace.index, tokens=trace.tokens)
            case ProbeAnswered(trace, tokens, answer):
                self._rounds.setdefault(tokens // self._policy.every, {})[trace.index] = answer
                if trace.live:
                    self._latest[trace.index] = answer
                yield from self._conclude(view)
            case TraceOver(trace):
                if trace.outcome != "stopped":
                    self._latest.pop(trace.index, None)
                yield from self._conclude(view)
            case _:
                pass

    def _conclude(self, view: RunView) -> Iterator[Decision]:
        """Close every round in which no live trace is still to be heard."""
        while self._round in self._rounds and all(
            trace.index in self._rounds[self._round] for trace in view.traces if trace.live
        ):
            probed = self._rounds.pop(self._round)
            answers = {
                trace.index: probed.get(trace.index) if trace.live else trace.answer
                for trace in view.traces
                if trace.outcome != "pruned"
            }
            counted = Counter(answer for answer in answers.values() if answer is not None)
            leader = counted.most_common(1)[0][0] if counted else None
            self._streak = self._streak + 1 if leader is not None and leader == self._leader else 1
            self._leader = leader
            if leader is not None and self._streak >= self._policy.stable:
                yield End(reason="stable")
                return
            yield from self._drop(probed, view)
            self._round += 1

    def _drop(self, probed: Mapping[int, str | None], view: RunView) -> Iterator[Decision]:
        for index, answer in sorted(probed.items()):
            agrees = answer == self._leader
            self._disagreed[index] = 0 if agrees else self._disagreed.get(index, 0) + 1
            dropped = (
                self._round > self._policy.warmup
                and self._disagreed[index] >= self._policy.drop_after
            )
            if dropped and view.traces[index].live:
                yield Close(trace=index, reason="disagrees")

    def imputations(self) -> Mapping[int, Imputation]:
        return {
            trace: Imputation(None, None, 1.0, answer)
            for trace, answer in self._latest.items()
            if answer is not None
        }

    def vote(self) -> Vote:
        return ClusterWeightedVote()
