"""Stop when the vote can no longer turn, or hardly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Literal

from pydantic import Field

from deepprune_sdk.policies.base import Observation, PolicyState, RunSetup, RunView, TraceOver
from deepprune_sdk.signals import Decision, End
from deepprune_sdk.types import Config
from deepprune_sdk.voting import Ballot, leader_stays_ahead

__all__ = ["SettledVote"]


class SettledVote(Config):
    """End the run once its vote is settled."""

    name: Literal["settled"] = "settled"
    confidence: float = Field(default=1.0, gt=0.5, le=1)
    """1.0: when the leader is ahead by more than everything that is still open, so that the answer
    of the run's own vote cannot change. Below: when the leading answer stays ahead with this
    probability (Adaptive-Consistency's Beta rule, arXiv 2305.11860), on observed ballots."""
    count_imputed: bool = False
    """Whether the Beta rule counts imputed ballots, by their weight: they are no new evidence that
    the leader is right, but cost nothing."""
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

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if not isinstance(seen, TraceOver):
            return
        ballots = self._counted(view)
        settled = (
            _cannot_turn(ballots, view)
            if self._policy.confidence == 1.0
            else self._hardly_turns(ballots, view)
        )
        if settled:
            yield End(reason="settled")

    def _counted(self, view: RunView) -> list[Ballot]:
        ballots = [  # what a live trace was probed to say may change
            ballot for ballot in view.ballots() if not view.traces[ballot.trace].live
        ]
        if self._policy.order == "start":
            cast = {ballot.trace for ballot in ballots}
            closed = takewhile(
                lambda trace: (
                    trace.index in cast or (not trace.live and trace.index not in view.imputations)
                ),
                view.traces,
            )
            first = {trace.index for trace in closed}
            ballots = [ballot for ballot in ballots if ballot.trace in first]
        return ballots

    def _hardly_turns(self, ballots: Sequence[Ballot], view: RunView) -> bool:
        if not self._policy.count_imputed:
            ballots = [ballot for ballot in ballots if not ballot.imputed]
        totals = [entry.total for entry in view.vote.tally(ballots).entries.values()]
        if not totals:
            return False
        second = totals[1] if len(totals) > 1 else 0.0
        return leader_stays_ahead(totals[0], second) >= self._policy.confidence


def _cannot_turn(ballots: Sequence[Ballot], view: RunView) -> bool:
    """Whether the leader is ahead by more than all other ballots of the run can weigh.

    Those are at most one for each trace that is not started, live, answered but not counted yet,
    or pruned into a cluster without an answer; where imputed ballots do not count, the one of those
    a cluster that may yet be continued.
    """
    cast = {ballot.trace for ballot in ballots}
    claims = set(view.imputations if view.vote.counts_imputed else ())
    open_traces = view.setup.n - len(view.traces)
    if view.setup.can_continue and not view.vote.counts_imputed:
        open_traces += len({c.cluster for c in view.imputations.values() if c.speaker is None})
    for trace in view.traces:
        if trace.index not in cast:
            open_traces += trace.speaks or trace.index in claims
    return view.vote.tally(ballots).lead > open_traces
