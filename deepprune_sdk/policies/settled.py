"""Stop when the vote can no longer turn, or hardly, and start no more traces than it may need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from math import ceil, fsum
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Decision, End
from deepprune_sdk.data.voting import Ballot
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import Observation, PolicyState, RunSetup, RunView, TraceOver
from deepprune_sdk.policies.beta_rule import leader_keeps_lead, leader_stays_ahead

__all__ = ["SettledVote"]

ROUNDING = 1e-9
"""What a computed probability may be off by: 3 unanimous ballots do reach 0.9375."""


class SettledVote(Config):
    """End the run once its vote is settled.

    With `lookahead`, the same rule says how many traces to start: as many as the vote still needs
    if all of them agree with the leader, so that a vote sampled in parallel costs hardly more than
    one trace after another.
    """

    name: Literal["settled"] = "settled"
    confidence: float = Field(default=1.0, gt=0.5, le=1)
    """1.0: when the leader is ahead by more than everything that is still open, so that the answer
    of the run's own vote cannot change. Below: when it holds with this probability that the leader
    wins, on observed ballots; `of` says what."""
    of: Literal["mode", "full-vote"] = "mode"
    """What the leader is to be: the model's most frequent answer, whatever n is
    (Adaptive-Consistency's Beta rule, arXiv 2305.11860), or the answer of this very run if none of
    its n traces were stopped: the Beta-binomial prediction, which the end of the run makes easier
    to reach."""
    lookahead: float | None = Field(default=None, ge=1)
    """Traces that may be live, in units of those which, all for the leader, would settle the vote.
    1 starts no trace that would not be started one after another too; more trades tokens for
    latency. None sets no limit."""
    count_imputed: bool = False
    """Whether imputed ballots count, by their weight, where the confidence is below 1.0: they are
    no new evidence that the leader is right, but cost nothing."""
    order: Literal["arrival", "start"] = "arrival"
    """Which ballots count: all that are there, or, in order of start, those before the first trace
    that is still open. Short traces answer first, and need not be typical."""

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run."""
        del setup
        return _SettledState(self)


class _SettledState(PolicyState):
    def __init__(self, policy: SettledVote) -> None:
        self._policy = policy
        self._needed: int | None = None

    def admitted(self, view: RunView) -> int:
        if not view.vote.bounded:
            raise ConfigurationError(
                "SettledVote cannot tell when a vote is settled whose ballots may weigh any number "
                "(DeepConf's do): leave it out; DeepConf has its own stop, consensus="
            )
        if self._policy.lookahead is None:
            return view.setup.n
        if self._needed is None:
            self._needed = self._needs((), 0.0, view.setup.n, wins_ties=True)
        return len(view.traces) - view.live + self._needed

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if not isinstance(seen, TraceOver):
            return
        if len(view.traces) == view.setup.n and not view.live:
            return  # every trace ended: the run is complete
        counted, waiting = self._ballots(view)
        tally = view.vote.tally(counted)
        totals = [entry.total for entry in tally.entries.values()]
        open_ballots = _open_ballots(counted, view)
        first = _first_answer(counted, view)
        if self._settles(totals, open_ballots, wins_ties=first == tally.answer):
            yield End(reason="settled")
        elif self._policy.lookahead is not None:
            self._needed = self._needs(
                totals, waiting, open_ballots, wins_ties=first in (tally.answer, None)
            )

    def _ballots(self, view: RunView) -> tuple[list[Ballot], float]:
        """Return the ballots that count, and the weight of those that will do so later."""
        policy = self._policy
        # At 1.0 the question is whether the run's own vote can turn, so what that vote counts
        # counts. Below it is how sure the evidence makes us, and an imputed ballot is none.
        imputed = view.vote.counts_imputed if policy.confidence == 1.0 else policy.count_imputed
        # What a live trace was probed to say may change.
        cast = [ballot for ballot in view.ballots() if not view.traces[ballot.trace].live]
        first = {ballot.trace for ballot in cast}
        if policy.order == "start":
            # Up to the first trace that is open: live, or pruned into a cluster without an answer.
            # A trace that ended without one has nothing to wait for and is passed over.
            closed = takewhile(
                lambda trace: (
                    trace.index in first or (not trace.live and trace.index not in view.imputations)
                ),
                view.traces,
            )
            first = {trace.index for trace in closed}
        cast = [ballot for ballot in cast if imputed or not ballot.imputed]
        counted = [ballot for ballot in cast if ballot.trace in first]
        # Ballots that are there, or will come with their cluster's answer, and need no trace more:
        # lookahead starts that many fewer.
        later = [ballot.weight for ballot in cast if ballot.trace not in first]
        if imputed:
            later += [
                claim.weight
                for claim in view.imputations.values()
                if claim.speaker is None and claim.answer is None
            ]
        return counted, fsum(later)

    def _settles(self, totals: Sequence[float], open_ballots: int, *, wins_ties: bool) -> bool:
        """Whether a vote with these totals, the leader's first, is settled."""
        if not totals:
            return False
        leader, second = totals[0], totals[1] if len(totals) > 1 else 0.0
        confidence = self._policy.confidence
        if confidence == 1.0:
            return leader - second > open_ballots
        if self._policy.of == "mode":
            probability = leader_stays_ahead(leader, second)
        else:
            probability = leader_keeps_lead(leader, second, open_ballots, wins_ties=wins_ties)
        return probability >= confidence - ROUNDING

    def _needs(
        self, totals: Sequence[float], waiting: float, open_ballots: int, *, wins_ties: bool
    ) -> int:
        """Return how many traces are to be live: by bisection, as more ballots settle more."""
        # How many ballots would settle the vote if all of them were the leader's: each one more
        # settles it more, and the answer is at most all that are open.
        leader, others = (totals[0], totals[1:]) if totals else (0.0, ())
        low, high = 1, max(1, open_ballots)
        while low < high:
            ballots = (low + high) // 2
            agreed = [leader + ballots, *others]
            if self._settles(agreed, open_ballots - ballots, wins_ties=wins_ties):
                high = ballots
            else:
                low = ballots + 1
        return max(1, ceil((self._policy.lookahead or 1.0) * low - waiting - ROUNDING))


def _first_answer(counted: Sequence[Ballot], view: RunView) -> str | None:
    """Return the answer that wins ties: that of the first trace which has, or may have, a ballot.

    None while that trace has none that counts.
    """
    answers = {ballot.trace: ballot.answer for ballot in counted}
    for trace in view.traces:
        if trace.index in answers or trace.speaks or trace.index in view.imputations:
            return answers.get(trace.index)
    return None


def _open_ballots(counted: Sequence[Ballot], view: RunView) -> int:
    """Return how many more ballots the run's vote may come to count, of weight 1 at most.

    Those are one for each trace that is not started, live, answered but not counted yet, or pruned
    into a cluster without an answer. Where imputed ballots do not count, the last is one for such a
    cluster: only one of its traces may yet be continued, and be seen to answer.
    """
    cast = {ballot.trace for ballot in counted}
    claims = set(view.imputations if view.vote.counts_imputed else ())
    open_ballots = view.setup.n - len(view.traces)
    if view.setup.can_continue and not view.vote.counts_imputed:
        open_ballots += len({c.cluster for c in view.imputations.values() if c.speaker is None})
    for trace in view.traces:
        if trace.index not in cast:
            open_ballots += trace.speaks or trace.index in claims
    return open_ballots
