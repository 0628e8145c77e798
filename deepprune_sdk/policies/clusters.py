"""Online greedy clustering of unfinished traces (DeepPrune, arXiv 2510.08483, section 3.3).

A partition that outlives checkpoints, and one round of comparisons per checkpoint. At a later
checkpoint a whole cluster can join another one, taking the claims of its pruned members along.

Placing and asking are two things. Traces are *placed* strictly in the order in which they reached
the checkpoint: the first that waits has to have all its verdicts before it, or anyone behind it, is
placed. So how fast verdicts come, and in which order, decides nothing. Questions are *asked* ahead
of that, so that a slow judge is not waited for once per trace:

- A judge that costs nothing is asked about every pair that may come to matter: the members that a
  waiting trace would be compared with now, and the waiting traces ahead of it, any of which may
  found the cluster that it joins.
- A judge that costs tokens is asked only what is needed wherever the traces ahead go. That is not
  obvious, because those that join a cluster may push a member out of the sample of K1 that stands
  for it. What is certain is worked out again whenever a trace has been placed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from math import fsum
from typing import Literal, NamedTuple

from deepprune_sdk.data.signals import PairKey
from deepprune_sdk.data.trace import Pair, Trace, TracePrefix, speaking
from deepprune_sdk.policies.base import RunSetup

__all__ = ["GreedyClusters", "Placement"]

LOOK_AHEAD = 32
"""Waiting traces whose certain pairs are asked at once, where verdicts cost tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a trace went.

    Attributes:
        trace: Number of the trace.
        checkpoint: Checkpoint of the comparison.
        cluster: Its cluster, named by the founding trace; None where all K are taken.
        similarity: Mean verdict against the cluster's sampled members, each verdict as the
            threshold has made it; None for a founder.
        probability: Mean of the probabilities themselves.
        moved: The traces that changed cluster with it, because it was the last to speak for them.
    """

    trace: int
    checkpoint: int
    cluster: int | None
    similarity: float | None = None
    probability: float = 1.0
    moved: tuple[int, ...] = ()


class _Match(NamedTuple):
    similarity: float
    probability: float
    cluster: int


@dataclass(slots=True)
class _Round:
    prefixes: dict[int, TracePrefix] = field(default_factory=dict[int, TracePrefix])
    order: dict[int, int] = field(default_factory=dict[int, int])
    waiting: list[int] = field(default_factory=list[int])
    new: list[int] = field(default_factory=list[int])
    """Waiting traces whose questions are still to be looked for, where verdicts are free."""
    scores: dict[tuple[int, int], float | None] = field(
        default_factory=dict[tuple[int, int], float | None]
    )
    asked: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    missing: set[tuple[int, int]] | None = None
    """Pairs that the first waiting trace still needs; None where that has to be worked out."""


class GreedyClusters:
    """The clusters of one run and the comparisons that shape them."""

    def __init__(
        self,
        setup: RunSetup,
        *,
        tau: float,
        max_clusters: int,
        compare_members: int,
        judge_threshold: float | None,
        when_full: Literal["keep", "join"],
    ) -> None:
        """Begin without a cluster; the settings are those of `DeepPrune`."""
        self._setup = setup
        self._tau = tau
        self._max_clusters = max_clusters
        self._compare_members = compare_members
        self._judge_threshold = judge_threshold
        self._when_full = when_full
        self._rounds: dict[int, _Round] = {}
        self._entries = 0
        self._over: dict[int, tuple[int, TracePrefix]] = {}
        self.members: dict[int, list[int]] = {}
        """Traces by cluster, in the order in which they joined."""
        self.home: dict[int, int] = {}
        """Cluster by trace."""

    def enter(self, prefix: TracePrefix) -> None:
        """A trace reached a checkpoint, or ended before it.

        One that ended and has a cluster stays there, for others to be compared with.
        """
        if prefix.finished:
            self._over[prefix.trace] = (self._entries, prefix)
        if not prefix.finished or prefix.trace not in self.home:
            current = self._rounds.setdefault(prefix.checkpoint, _Round())
            current.prefixes[prefix.trace] = prefix
            current.order[prefix.trace] = self._entries
            current.waiting.append(prefix.trace)
            current.new.append(prefix.trace)
        self._entries += 1

    def waits(self, trace: int) -> bool:
        """Whether `trace` waits to be placed."""
        return any(trace in current.waiting for current in self._rounds.values())

    def score(self, key: PairKey, probability: float | None) -> bool:
        """Take a verdict; return whether a placement may now be possible."""
        current = self._rounds[key.checkpoint]
        pair = (key.left, key.right)
        current.scores[pair] = probability
        if current.missing is None:
            return True
        current.missing.discard(pair)
        return not current.missing

    def changed(self) -> None:
        """A trace ended or a cluster changed: what the first ones wait for has to be seen anew."""
        for current in self._rounds.values():
            current.missing = None

    # --- decisions ------------------------------------------------------------------------------

    def place(self, traces: Sequence[Trace]) -> Iterator[Placement]:
        """Place every waiting trace whose turn it is and whose verdicts are there."""
        for checkpoint in sorted(self._rounds):
            current = self._rounds[checkpoint]
            while current.waiting:
                trace = traces[current.waiting[0]]
                if trace.speaks:
                    placement = self._try(trace, checkpoint, traces)
                    if placement is None:
                        break
                    self._apply(placement)
                    self._leave(current)
                    yield placement
                else:
                    self._leave(current)

    def _leave(self, current: _Round) -> None:
        del current.waiting[0]
        self.changed()

    def _try(self, trace: Trace, checkpoint: int, traces: Sequence[Trace]) -> Placement | None:
        """Decide on the first waiting trace; None while verdicts on it are missing."""
        # Two answers are compared, never judged: a verdict on texts knows less.
        same, candidates = self._candidates(trace, traces)
        if same is not None:
            return self._joins(trace, checkpoint, _Match(1.0, 1.0, same), traces)
        if not trace.live and not self._rounds[checkpoint].prefixes[trace.index].finished:
            candidates = []  # it ended while its verdicts were under way: they are dropped
        best = self._best(trace.index, checkpoint, candidates)
        if self._rounds[checkpoint].missing:
            return None
        own = self.home.get(trace.index)
        full = own is None and len(self.members) >= self._max_clusters
        if best and (best.similarity > self._tau or (full and self._when_full == "join")):
            return self._joins(trace, checkpoint, best, traces)
        founded = None if full else trace.index
        return Placement(
            trace=trace.index, checkpoint=checkpoint, cluster=founded if own is None else own
        )

    def _candidates(self, trace: Trace, traces: Sequence[Trace]) -> tuple[int | None, list[int]]:
        """Return the cluster with the trace's answer, or None, and those to judge it with."""
        if trace.answer is None:
            return None, list(self.members)
        answers = {
            cluster: {answer for m in members if (answer := traces[m].answer) is not None}
            for cluster, members in self.members.items()
        }
        same = next((cluster for cluster, seen in answers.items() if trace.answer in seen), None)
        return same, [cluster for cluster, seen in answers.items() if not seen]

    def _best(self, trace: int, checkpoint: int, candidates: Sequence[int]) -> _Match | None:
        """Return the most similar cluster, the older one of equals; note what is missing."""
        current = self._rounds[checkpoint]
        if current.missing:
            return None
        current.missing = set()
        matches: list[_Match] = []
        for cluster in candidates:
            pairs = [(trace, member) for member in self._sample(trace, cluster, checkpoint)]
            current.missing.update(pair for pair in pairs if pair not in current.scores)
            scores = [score for pair in pairs if (score := current.scores.get(pair)) is not None]
            if scores:
                similarity = probability = fsum(scores) / len(scores)
                if self._judge_threshold is not None:
                    similarity = sum(s > self._judge_threshold for s in scores) / len(scores)
                matches.append(_Match(similarity, probability, cluster))
        return max(matches, key=lambda match: match.similarity, default=None)

    def _joins(
        self, trace: Trace, checkpoint: int, match: _Match, traces: Sequence[Trace]
    ) -> Placement:
        # One that others of its cluster still stand for moves without them. The last to speak takes
        # all along: their claims would have nobody left to give them an answer.
        own = self.home.get(trace.index)
        company = self.members[own] if own is not None and own != match.cluster else []
        return Placement(
            trace=trace.index,
            checkpoint=checkpoint,
            cluster=match.cluster,
            similarity=match.similarity,
            probability=match.probability,
            moved=tuple(company) if speaking(traces, company) == [trace.index] else (),
        )

    def _apply(self, placement: Placement) -> None:
        own, cluster = self.home.get(placement.trace), placement.cluster
        if cluster is None or own == cluster:
            return
        moving = placement.moved or (placement.trace,)
        if own is not None:
            self.members[own] = [m for m in self.members[own] if m not in moving]
            if not self.members[own]:
                del self.members[own]
            for current in self._rounds.values():  # other members are drawn for all who wait
                current.new = list(current.waiting)
        self.members.setdefault(cluster, []).extend(moving)
        self.home.update(dict.fromkeys(moving, cluster))

    # --- questions ------------------------------------------------------------------------------

    def wanted(self, traces: Sequence[Trace]) -> tuple[Pair, ...]:
        """Return the pairs to ask now, each once in a run.

        Where verdicts are free, all pairs of waiting traces; else only those that are needed
        wherever the traces ahead are placed.
        """
        pairs: list[Pair] = []
        free = self._setup.free_judge
        for checkpoint, current in self._rounds.items():
            # Free questions about a trace are all asked when it enters, or when a cluster has lost
            # members. Costly ones become certain with one placement after the other, so the front
            # of the queue is gone through every time.
            new, current.new = set(current.new), []
            if free and not new:
                continue
            ahead: list[int] = []
            for index in current.waiting if free else current.waiting[:LOOK_AHEAD]:
                if not traces[index].speaks:
                    continue
                if not free or index in new:
                    pairs += self._unasked(index, checkpoint, ahead, traces)
                ahead.append(index)
        return tuple(pairs)

    def _unasked(
        self, trace: int, checkpoint: int, ahead: Sequence[int], traces: Sequence[Trace]
    ) -> Iterator[Pair]:
        current = self._rounds[checkpoint]
        for member in self._certain(traces[trace], checkpoint, ahead, traces):
            pair = (trace, member)
            if pair not in current.asked and None in (traces[trace].answer, traces[member].answer):
                current.asked.add(pair)
                yield Pair(
                    question=self._setup.question,
                    left=current.prefixes[trace],
                    right=self._prefix(member, checkpoint),
                )

    def _certain(
        self, trace: Trace, checkpoint: int, ahead: Sequence[int], traces: Sequence[Trace]
    ) -> Iterator[int]:
        """Find whom a waiting trace is, or may be, compared with."""
        same, candidates = self._candidates(trace, traces)
        dropped = not trace.live and not self._rounds[checkpoint].prefixes[trace.index].finished
        if same is not None or dropped:
            return
        free = self._setup.free_judge
        for cluster in candidates:
            rivals = () if free else ahead
            yield from self._sample(trace.index, cluster, checkpoint, rivals)
        if free:
            # Those ahead that have a cluster, from an earlier checkpoint, are among its members.
            yield from (other for other in ahead if other not in self.home)

    def _sample(
        self, trace: int, cluster: int, checkpoint: int, rivals: Sequence[int] = ()
    ) -> list[int]:
        """Return min(K1, |c|) random members of a cluster that were there before `trace`.

        Each member has a rank drawn for (seed, trace, cluster, checkpoint, member), and the lowest
        K1 count: whatever order members and verdicts come in, the sample is the same. Joining can
        only push members out, so one that is in the sample even if all `rivals` join will be in it
        whoever does.
        """
        order = self._rounds[checkpoint].order
        turn = order[trace]
        # A member counts that reached this checkpoint, or ended, before the trace did. Others have
        # no text to compare yet, or would make the sample depend on how long verdicts took.
        members = [
            member
            for member in self.members[cluster]
            if order.get(member, turn) < turn
            or (member in self._over and self._over[member][0] < turn)
        ]
        if len(members) + len(rivals) <= self._compare_members:
            return members
        key = f"{self._setup.seed}/{trace}/{cluster}/{checkpoint}"

        def rank(member: int) -> bytes:
            return blake2b(f"{key}/{member}".encode(), digest_size=8).digest()

        drawn = sorted({*members, *rivals}, key=rank)[: self._compare_members]
        return [member for member in drawn if member in members]

    def _prefix(self, member: int, checkpoint: int) -> TracePrefix:
        prefix = self._rounds[checkpoint].prefixes.get(member)
        return prefix or replace(self._over[member][1], checkpoint=checkpoint)
