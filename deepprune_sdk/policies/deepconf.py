"""DeepConf: close traces whose confidence falls under that of the warm-up (arXiv 2508.15260)."""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum
from statistics import median
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Close, Decision, End
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.voting import Ballot, SurvivorsVote, Vote
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import (
    Advanced,
    Observation,
    PolicyState,
    RunSetup,
    RunView,
    TraceOver,
)
from deepprune_sdk.policies.confidence_votes import (
    ConfidenceVote,
    Weighing,
    group_confidences,
    percentile,
    weigh,
)

__all__ = ["DeepConf"]

WINDOW = 2048
"""Tokens of the sliding window at most, as in the paper, whose traces are long.

Where the warm-up's traces are short it is a quarter of their median length: a window has to be full
before it says anything, and only what it says early saves tokens.
"""


class DeepConf(Config):
    """Confidence-filtered sampling, online.

    Warm-up traces run in full; the bar is a percentile of their scores, a score being the lowest
    mean confidence of any window (the paper's lowest group confidence). Later traces are closed as
    soon as a full window's mean falls under the bar. Closed traces and warm-up traces under the
    bar do not vote; the others vote by their confidence.
    """

    name: Literal["deepconf"] = "deepconf"
    kept: float = Field(gt=0, le=1)
    """Fraction of the warm-up that is above the bar: 0.1 for DeepConf-low (the most confident 10%
    are kept, the bar is the 90th percentile), 0.9 for DeepConf-high."""
    warmup: int | None = Field(default=16, ge=1)
    """Traces that run in full first; None for all of them, so that confidence decides the vote
    alone (the paper's offline mode)."""
    consensus: float | None = Field(default=0.95, gt=0.5, le=1)
    """The run ends when the leading answer's share of the weight reaches this; None goes on."""
    vote: Weighing = "minimum"
    """What a ballot weighs: "minimum" is the score; "mean", "tail" and "bottom" are the mean
    confidence of the trace, of its last window, and of the lowest tenth of its windows; "majority"
    counts every ballot as 1."""
    top: float = Field(default=1.0, gt=0, le=1)
    """Share of the ballots, the heaviest ones, that count at the end."""
    candidates: int = Field(default=20, ge=1)
    """Most probable tokens a position whose mean log-probability is its confidence (k). They are
    asked for; a server that sends fewer gives another, coarser confidence, and a warning."""

    @classmethod
    def low(cls, *, warmup: int = 16) -> DeepConf:
        """Keep the most confident 10%: fewest tokens."""
        return cls(kept=0.1, warmup=warmup)

    @classmethod
    def high(cls, *, warmup: int = 16) -> DeepConf:
        """Keep 90%: closest to the full vote."""
        return cls(kept=0.9, warmup=warmup)

    @classmethod
    def offline(
        cls, *, kept: float = 1.0, vote: Weighing = "minimum", top: float = 1.0
    ) -> DeepConf:
        """Close nothing: all n traces run in full, and their confidence decides the vote."""
        return cls(kept=kept, warmup=None, vote=vote, top=top)

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run.

        Raises:
            ConfigurationError: n is not above the warm-up.
        """
        if self.warmup is not None and setup.n <= self.warmup:
            raise ConfigurationError(
                f"n={setup.n} is not above DeepConf's warm-up of {self.warmup} traces: raise n, or "
                "lower warmup"
            )
        return _ConfidenceState(self, setup.n if self.warmup is None else self.warmup, setup)


class _ConfidenceState(PolicyState):
    def __init__(self, policy: DeepConf, warmup: int, setup: RunSetup) -> None:
        self._policy = policy
        self._replayed = setup.replayed
        self._size = warmup
        self._checked = False
        self._warmup: set[int] = set()
        self._sums: dict[int, list[float]] = {}
        self._window = 0
        self._bar: float | None = None
        self._scores: dict[int, float] = {}
        self._weights: dict[int, float] = {}
        """Of the ballots that count."""

    def candidates(self) -> int:
        return self._policy.candidates

    def admitted(self, view: RunView) -> int:
        if self._bar is not None:
            return view.setup.n
        # One trace first, to see whether confidences come at all; then the warm-up. A trace of it
        # that fails is replaced.
        unusable = sum(not trace.live and not _usable(trace) for trace in view.traces)
        return unusable + (self._size if self._checked else 1)

    def interest(self, trace: Trace) -> int | None:
        if not self._checked:
            return 1
        if self._bar is None or trace.index in self._warmup:
            return None
        return max(self._window, self._next_look(trace))

    def _next_look(self, trace: Trace) -> int:
        """Earliest token count at which the window's mean may be under the bar.

        Confidences are not negative, so the window's sum falls at most by what leaves it: as long
        as it is further above the bar than that, there is nothing to look at. A trace a tenth
        above the bar costs some eleven looks per window so, and not one per token.
        """
        sums = self._cumulated(trace)
        begin = len(sums) - 1 - self._window  # the window is what came after `begin` tokens
        if self._bar is None or begin < 0:
            return trace.tokens + 1
        room = sums[-1] - sums[begin] - self._bar * self._window
        ahead = 1
        while ahead < self._window and sums[begin + ahead] - sums[begin] <= room:
            ahead += 1
        return trace.tokens + ahead

    def _cumulated(self, trace: Trace) -> list[float]:
        """Sum up what came: the sum of any window is then a difference of two entries."""
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
                self._raise_bar(view)
                if self._bar is not None:
                    self._weigh(trace)
                    yield from self._agree(view)
            case _:
                pass

    def _check(self, trace: Trace) -> None:
        if not trace.confidences:
            raise ConfigurationError(
                "DeepConf needs log-probabilities, and the recording has none: record with them "
                "(Sampling(top_logprobs=20), --logprobs 20), or choose another method"
                if self._replayed
                else "DeepConf needs log-probabilities and none came: choose a server that sends "
                "them, or another method"
            )
        self._checked = True

    def _raise_bar(self, view: RunView) -> None:
        """Set the bar once the warm-up is over; where it cannot be made up, with what is there."""
        if self._bar is not None:
            return
        over = [trace for trace in view.traces if not trace.live and _usable(trace)]
        none_left = len(view.traces) == view.setup.n and not any(t.live for t in view.traces)
        if over and (none_left or len(over) >= self._size):
            self._warmup = {trace.index for trace in over}
            self._window = max(1, min(WINDOW, int(median(trace.tokens for trace in over) / 4)))
            self._scores = {trace.index: self._score(trace) for trace in over}
            self._bar = percentile(list(self._scores.values()), 1.0 - self._policy.kept)
            for trace in over:
                self._weigh(trace)

    def _score(self, trace: Trace) -> float:
        return min(group_confidences(trace.confidences, self._window))

    def _weigh(self, trace: Trace) -> None:
        """Let an ended trace vote, unless it was closed or is under the bar."""
        if trace.confidences and trace.outcome != "pruned":
            score = self._scores.setdefault(trace.index, self._score(trace))
            if self._bar is not None and score >= self._bar:
                self._weights[trace.index] = weigh(
                    self._policy.vote, trace.confidences, self._window
                )

    def _agree(self, view: RunView) -> Iterable[Decision]:
        if self._policy.consensus is None:
            return
        # The whole warm-up counts here: the few of it that are above the bar agree too easily.
        ballots = [
            Ballot(trace=ballot.trace, answer=ballot.answer, weight=self._scores[ballot.trace])
            for ballot in view.ballots()
            if ballot.trace in self._weights or ballot.trace in self._warmup
        ]
        totals = [entry.total for entry in SurvivorsVote().tally(ballots).entries.values()]
        if totals and totals[0] >= self._policy.consensus * fsum(totals):
            yield End(reason="consensus")

    def protects(self, trace: Trace, view: RunView) -> bool:
        return self._bar is None

    def may_end(self) -> bool:
        return self._bar is not None

    def vote(self) -> Vote:
        return ConfidenceVote(
            self._weights, self._policy.top, bounded=self._policy.vote == "majority"
        )


def _usable(trace: Trace) -> bool:
    """Whether an ended trace can be part of the warm-up."""
    return trace.outcome != "failed" and bool(trace.confidences)
