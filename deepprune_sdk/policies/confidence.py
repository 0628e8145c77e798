"""DeepConf: close traces whose confidence falls under that of the warm-up (arXiv 2508.15260)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import fsum
from statistics import median
from typing import Literal

from pydantic import Field

from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import (
    Advanced,
    Observation,
    PolicyState,
    RunSetup,
    RunView,
    TraceOver,
)
from deepprune_sdk.signals import Close, Decision, End
from deepprune_sdk.trace import Trace
from deepprune_sdk.types import Config
from deepprune_sdk.voting import Ballot, SurvivorsVote, Tally, Vote

__all__ = ["DeepConf", "group_confidences", "percentile"]

WINDOW = 2048
"""Tokens of the sliding window at most, as in the paper."""


class DeepConf(Config):
    """Confidence-filtered sampling, online.

    Warm-up traces run in full; the bar is a percentile of their scores, a score being the lowest
    mean confidence of any window. Later traces are closed as soon as a full window's mean falls
    under the bar. Closed traces and warm-up traces under the bar do not vote; the others vote by
    their score.
    """

    name: Literal["deepconf"] = "deepconf"
    kept: float = Field(gt=0, lt=1)
    """Fraction of the warm-up that is above the bar: 0.1 for DeepConf-low (the most confident 10%
    are kept, the bar is the 90th percentile), 0.9 for DeepConf-high."""
    warmup: int = Field(default=16, ge=1)
    """Traces that run in full first."""
    consensus: float | None = Field(default=0.95, gt=0.5, le=1)
    """The run ends when the leading answer's share of the weight reaches this; None goes on."""

    @classmethod
    def low(cls, *, warmup: int = 16) -> DeepConf:
        """Keep the most confident 10%: fewest tokens."""
        return cls(kept=0.1, warmup=warmup)

    @classmethod
    def high(cls, *, warmup: int = 16) -> DeepConf:
        """Keep 90%: closest to the full vote."""
        return cls(kept=0.9, warmup=warmup)

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run.

        Raises:
            ConfigurationError: n is not above the warm-up.
        """
        if setup.n <= self.warmup:
            raise ConfigurationError(
                f"n={setup.n} is not above DeepConf's warm-up of {self.warmup} traces: raise n, or "
                "lower warmup"
            )
        return _ConfidenceState(self)


class _ConfidenceState(PolicyState):
    def __init__(self, policy: DeepConf) -> None:
        self._policy = policy
        self._checked = False
        self._warmup: set[int] = set()
        self._sums: dict[int, list[float]] = {}
        self._window = 0
        self._bar: float | None = None
        self._scores: dict[int, float] = {}

    def admitted(self, view: RunView) -> int:
        if not self._checked:
            return 1
        if self._bar is not None:
            return view.setup.n
        failed = sum(trace.outcome == "failed" for trace in view.traces)
        return self._policy.warmup + failed

    def interest(self, trace: Trace) -> int | None:
        if trace.index == 0 and not self._checked:
            return 1
        if self._bar is None or trace.index in self._warmup:
            return None
        return max(self._window, self._next_look(trace))

    def _next_look(self, trace: Trace) -> int:
        """Earliest token count at which the window's mean may be under the bar.

        Confidences are not negative, so the window's sum falls at most by what leaves it.
        """
        sums = self._cumulated(trace)
        begin = len(sums) - 1 - self._window
        if self._bar is None or begin < 0:
            return trace.tokens + 1
        room = sums[-1] - sums[begin] - self._bar * self._window
        ahead = 1
        while ahead < self._window and sums[begin + ahead] - sums[begin] <= room:
            ahead += 1
        return trace.tokens + ahead

    def _cumulated(self, trace: Trace) -> list[float]:
        sums = self._sums.setdefault(trace.index, [0.0])
        for value in trace.confidences[len(sums) - 1 :]:
            sums.append(sums[-1] + value)
        return sums

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        match seen:
            case Advanced(trace):
                if not self._checked:
                    self._check(trace)
                elif self._bar is not None and trace.index not in self._warmup:
                    sums = self._cumulated(trace)
                    begin = len(sums) - 1 - self._window
                    if begin >= 0 and sums[-1] - sums[begin] < self._bar * self._window:
                        yield Close(trace=trace.index, reason="low confidence")
            case TraceOver(trace):
                if trace.index == 0 and not self._checked:
                    self._checked = True
                self._raise_bar(view)
                if self._bar is not None:
                    self._score(trace)
                    yield from self._agree(view)
            case _:
                pass

    def _check(self, trace: Trace) -> None:
        if trace.tokens and not trace.confidences:
            raise ConfigurationError(
                "DeepConf needs log-probabilities and the server sent none: ask for them with "
                "Sampling(top_logprobs=20), or use another method where the server has none"
            )
        self._checked = True

    def _raise_bar(self, view: RunView) -> None:
        """Set the bar once the warm-up is over."""
        if self._bar is not None:
            return
        over = [t for t in view.traces if not t.live and t.outcome != "failed" and t.confidences]
        none_left = len(view.traces) == view.setup.n and not any(t.live for t in view.traces)
        if over and (none_left or len(over) >= self._policy.warmup):
            self._set_bar(over)

    def _set_bar(self, over: Sequence[Trace]) -> None:
        self._warmup = {trace.index for trace in over}
        self._window = max(1, min(WINDOW, int(median(trace.tokens for trace in over) / 4)))
        for trace in over:
            self._score(trace)
        self._bar = percentile(list(self._scores.values()), 1.0 - self._policy.kept)

    def _score(self, trace: Trace) -> None:
        if trace.confidences:
            self._scores[trace.index] = min(group_confidences(trace.confidences, self._window))

    def _agree(self, view: RunView) -> Iterable[Decision]:
        if self._policy.consensus is None:
            return
        # The whole warm-up counts here: the few of it that are above the bar agree too easily.
        ballots = [
            Ballot(trace=ballot.trace, answer=ballot.answer, weight=weight)
            for ballot in view.ballots()
            if (
                weight := self._scores.get(ballot.trace, 0.0)
                if ballot.trace in self._warmup
                else self.weight(ballot.trace)
            )
            > 0.0
        ]
        totals = [entry.total for entry in SurvivorsVote().tally(ballots).entries.values()]
        if totals and totals[0] >= self._policy.consensus * fsum(totals):
            yield End(reason="consensus")

    def protects(self, trace: Trace, view: RunView) -> bool:
        return self._bar is None

    def may_end(self) -> bool:
        return self._bar is not None

    def vote(self) -> Vote:
        return _ConfidenceVote(self)

    def weight(self, trace: int) -> float:
        """What a trace's ballot counts: its score, or nothing where that is under the bar."""
        score = self._scores.get(trace)
        return 0.0 if score is None or self._bar is None or score < self._bar else score


class _ConfidenceVote:
    counts_imputed = False
    bounded = False

    def __init__(self, state: _ConfidenceState) -> None:
        self._state = state

    def tally(self, ballots: Sequence[Ballot]) -> Tally:
        weighted = [
            Ballot(trace=ballot.trace, answer=ballot.answer, weight=weight)
            for ballot in ballots
            if not ballot.imputed and (weight := self._state.weight(ballot.trace)) > 0.0
        ]
        return SurvivorsVote().tally(weighted or [b for b in ballots if not b.imputed])


def group_confidences(confidences: Sequence[float], window: int) -> list[float]:
    """Return the mean confidence of every full window; of all where there is no full one."""
    window = min(window, len(confidences))
    sums = [0.0, *accumulate(confidences)]
    return [(sums[i + window] - sums[i]) / window for i in range(len(sums) - window)]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value under which `share` of `values` lie, interpolating linearly.

    The position is share * (len - 1), as NumPy's default has it.
    """
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
