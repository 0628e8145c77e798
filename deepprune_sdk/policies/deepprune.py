"""DeepPrune: close the traces that a judge expects to end in an answer already on its way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Ask, Close, Continue, Decision, Placed
from deepprune_sdk.data.trace import Trace, speaking
from deepprune_sdk.data.voting import Ballot, ClusterWeightedVote, SurvivorsVote, Tally, Vote
from deepprune_sdk.policies.base import (
    Advanced,
    Imputation,
    Observation,
    PolicyState,
    RunSetup,
    RunView,
    Scored,
    TraceOver,
)
from deepprune_sdk.policies.checkpoints import Checkpoints
from deepprune_sdk.policies.clusters import GreedyClusters, Placement

__all__ = ["DeepPrune"]


class DeepPrune(Config):
    """Redundancy pruning by online greedy clustering (arXiv 2510.08483, section 3.3).

    A trace t at its checkpoint is compared with every cluster c: sim(t, c) is the mean verdict
    against min(K1, |c|) random members. If the largest sim exceeds tau, t joins that cluster and
    is closed where enough of its members speak already; else it founds a cluster while there are
    fewer than K.
    """

    name: Literal["deepprune"] = "deepprune"
    checkpoints: Checkpoints = Checkpoints(at=(64, 128, 256, 512, 1024, 2048, 4096))
    """Where traces are compared, one point or several."""
    tau: float = Field(default=0.5, ge=0, le=1)
    """Similarity that a trace must exceed to join a cluster (tau)."""
    max_clusters: int = Field(default=32, ge=1)
    """Most clusters (K; unverified)."""
    compare_members: int = Field(default=10, ge=1)
    """Most members of a cluster that a trace is compared with (K1; unverified)."""
    judge_threshold: float | None = Field(default=None, ge=0, le=1)
    """Turns each verdict into 0 or 1 before the mean; None averages the probabilities."""
    when_full: Literal["keep", "join"] = "keep"
    """At K clusters without a match: keep the trace outside of them, or join the nearest."""
    finish: Literal["representatives", "largest"] = "representatives"
    """Which traces run to their end: `keep` members of every cluster, or `largest_members` of the
    largest cluster alone, all others being dropped (the paper's two readings)."""
    keep: int = Field(default=1, ge=1)
    """Members of a cluster that stay alive, with `finish="representatives"`."""
    largest_members: int = Field(default=20, ge=1)
    """Members of the largest cluster that stay alive (K2; unverified)."""
    singletons: int = Field(default=20, ge=1)
    """Traces drawn where every cluster is a singleton (K3; not published), with "largest"."""
    vote: Literal["clusters", "survivors"] = "clusters"
    """Whether pruned traces cast imputed ballots, or only observed answers count."""

    @classmethod
    def paper(cls) -> DeepPrune:
        """The paper's values: one comparison after 500 tokens, K2 of the largest cluster vote."""
        return cls(checkpoints=Checkpoints.tokens(500), finish="largest", vote="survivors")

    def begin(self, setup: RunSetup) -> DeepPruneState:
        """Make the state of one run."""
        return DeepPruneState(self, setup)


class DeepPruneState(PolicyState):
    """Clusters, claims and, with `finish="largest"`, the selection of one run."""

    def __init__(self, policy: DeepPrune, setup: RunSetup) -> None:
        self._policy = policy
        self._setup = setup
        self._tracker = policy.checkpoints.track()
        self._weights: dict[int, float] = {}
        self._speakers: dict[int, int] = {}
        """First answered trace of a cluster: the ballots it gives are never taken back."""
        self._selected: set[int] | None = None
        self._traces: Sequence[Trace] = ()
        self._keep = policy.keep if policy.finish == "representatives" else policy.largest_members
        self.clusters: GreedyClusters = GreedyClusters(
            setup,
            tau=policy.tau,
            max_clusters=policy.max_clusters,
            compare_members=policy.compare_members,
            judge_threshold=policy.judge_threshold,
            when_full=policy.when_full,
        )

    def interest(self, trace: Trace) -> int | None:
        return self._tracker.interest(trace)

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        match seen:
            case Advanced(trace):
                prefix = self._tracker.reached(trace)
                if prefix is None:
                    return
                self.clusters.enter(prefix)
            case TraceOver(trace):
                prefix = None if trace.answer is None else self._tracker.ended(trace)
                if prefix is not None:
                    self.clusters.enter(prefix)
                yield from self._ended(trace, view)
                self.clusters.changed()
            case Scored(pair, probability):
                if not self.clusters.score(pair, probability):
                    return
            case _:
                return
        for placement in self.clusters.place(view.traces):
            yield from self._placed(placement, view.traces)
        pairs = self.clusters.wanted(view.traces)
        if pairs:
            yield Ask(pairs=pairs)
        yield from self._select(view)

    def _placed(self, placement: Placement, traces: Sequence[Trace]) -> Iterator[Decision]:
        cluster = placement.cluster
        if cluster is None:
            return
        yield Placed(
            trace=placement.trace,
            cluster=cluster,
            checkpoint=placement.checkpoint,
            similarity=placement.similarity,
        )
        members = self.clusters.members[cluster]
        # A claim moved along with its cluster holds if both verdicts do.
        for member in placement.moved:
            if member in self._weights:
                self._weights[member] *= placement.probability
        trace = traces[placement.trace]
        if trace.answer is not None:
            self._speakers.setdefault(cluster, trace.index)
        others = speaking(traces, [member for member in members if member != trace.index])
        if trace.live and placement.similarity is not None and len(others) >= self._keep:
            yield Close(
                trace=trace.index,
                reason="redundant",
                into=cluster,
                probability=placement.probability,
            )
            if not trace.live:  # another policy may protect it
                self._weights[trace.index] = placement.probability

    def _ended(self, trace: Trace, view: RunView) -> Iterator[Decision]:
        """Let an answered trace speak for its cluster, or look for another where none is left."""
        cluster = self.clusters.home.get(trace.index)
        if cluster is None:
            return
        if trace.answer is not None:
            self._speakers.setdefault(cluster, trace.index)
            return
        members = self.clusters.members[cluster]
        claims = [member for member in members if member in self._weights]
        if speaking(view.traces, members) or not claims or cluster in self._speakers:
            return
        # Where traces cannot be continued the claims wait: a later trace may still join the cluster
        # and answer for it. If none does they lapse, and the result counts the cluster as orphaned.
        if self._setup.can_continue:
            heir = max(claims, key=lambda member: (self._weights[member], -member))
            del self._weights[heir]
            yield Continue(trace=heir)

    # --- finish="largest" -----------------------------------------------------------------------

    def _select(self, view: RunView) -> Iterator[Decision]:
        """Once every trace is placed or over, go on with the largest cluster alone."""
        undecided = (
            self._policy.finish != "largest"
            or self._selected is not None
            or len(view.traces) < self._setup.n
            or any(
                (trace.live and not self._tracker.done(trace)) or self.clusters.waits(trace.index)
                for trace in view.traces
            )
        )
        if undecided:
            return
        self._traces = view.traces
        sizes = {
            founder: len(members)
            for founder, members in self.clusters.members.items()
            if speaking(view.traces, members)
        }
        largest = max(sizes, key=sizes.__getitem__, default=None)
        if largest is None or sizes[largest] == 1:
            speakers = [trace.index for trace in view.traces if trace.speaks]
            drawn = Random(f"{self._setup.seed}/singletons").sample(
                speakers, min(self._policy.singletons, len(speakers))
            )
            self._selected = set(drawn)
        else:
            self._selected = set(self.clusters.members[largest])
        for trace in view.traces:
            if trace.live and trace.index not in self._selected:
                yield Close(trace=trace.index, reason="not selected")

    # --- what others must respect ---------------------------------------------------------------

    def protects(self, trace: Trace, view: RunView) -> bool:
        if trace.answer is not None:
            return False
        selected = self.selected
        if selected is not None and trace.index not in selected:
            return False
        cluster = self.clusters.home.get(trace.index)
        if cluster is None:
            return False
        return speaking(view.traces, self.clusters.members[cluster]) == [trace.index]

    def may_end(self) -> bool:
        return self._policy.finish != "largest" or self._selected is not None

    def imputations(self) -> Mapping[int, Imputation]:
        home, selected = self.clusters.home, self.selected
        return {
            trace: Imputation(home[trace], self._speakers.get(home[trace]), weight)
            for trace, weight in self._weights.items()
            if selected is None or trace in selected
        }

    def vote(self) -> Vote:
        counted = SurvivorsVote() if self._policy.vote == "survivors" else ClusterWeightedVote()
        return _SelectedVote(counted, self)

    @property
    def selected(self) -> set[int] | None:
        """The traces that may vote; None for all, also where no selected one is left to speak."""
        chosen = self._selected
        return chosen if chosen and any(self._traces[t].speaks for t in chosen) else None


class _SelectedVote:
    """The configured vote over the traces that went on to the end."""

    def __init__(self, counted: Vote, state: DeepPruneState) -> None:
        self._counted = counted
        self._state = state
        self.counts_imputed = counted.counts_imputed
        self.bounded = counted.bounded

    def tally(self, ballots: Sequence[Ballot]) -> Tally:
        selected = self._state.selected
        return self._counted.tally(
            [ballot for ballot in ballots if selected is None or ballot.trace in selected]
        )
