"""Ballots, and the votes over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Protocol

__all__ = [
    "Ballot",
    "ClusterWeightedVote",
    "SurvivorsVote",
    "Tally",
    "TallyEntry",
    "Vote",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What one trace votes for.

    Attributes:
        trace: Number of the trace.
        answer: Its answer, in the form that stands for all its equals.
        weight: How much it counts, in [0, 1] for the votes here.
        imputed: Whether the trace was closed before it answered and takes the answer of the trace
            that speaks for its cluster, with the verdict's probability as weight.
    """

    trace: int
    answer: str
    weight: float = 1.0
    imputed: bool = False


@dataclass(frozen=True, slots=True)
class TallyEntry:
    """Weight of the ballots for one answer.

    Attributes:
        observed: Of traces in which it was seen.
        imputed: Of traces that were closed into a cluster with this answer.
    """

    observed: float = 0.0
    imputed: float = 0.0

    @property
    def total(self) -> float:
        """Both together."""
        return self.observed + self.imputed


@dataclass(frozen=True, slots=True)
class Tally:
    """The count of a vote.

    Attributes:
        entries: By answer, the winner first. A tie goes to the answer with more observed weight,
            then to the one that has the trace with the lowest number.
        weights: What each trace's ballot counted, by trace.
    """

    entries: dict[str, TallyEntry] = field(default_factory=dict[str, TallyEntry])
    weights: dict[int, float] = field(default_factory=dict[int, float])

    @property
    def answer(self) -> str | None:
        """The winner, or None without a ballot."""
        return next(iter(self.entries), None)

    @property
    def lead(self) -> float:
        """Total weight of the winner minus that of the runner-up."""
        totals = [entry.total for entry in self.entries.values()]
        return fsum((*totals[:1], *(-total for total in totals[1:2])))

    @property
    def agreement(self) -> float:
        """Share of the winner among the observed ballots; 0 without one."""
        observed = fsum(entry.observed for entry in self.entries.values())
        return next(iter(self.entries.values())).observed / observed if observed else 0.0


class Vote(Protocol):
    """Turns ballots into a tally."""

    @property
    def counts_imputed(self) -> bool:
        """Whether imputed ballots count."""
        ...

    @property
    def bounded(self) -> bool:
        """Whether no ballot counts more than 1, so that it can be said when a vote is settled."""
        ...

    def tally(self, ballots: Sequence[Ballot]) -> Tally:
        """Count `ballots`."""
        ...


class ClusterWeightedVote:
    """Every observed ballot counts one, every imputed one by the probability of its verdict."""

    counts_imputed = True
    bounded = True

    def tally(self, ballots: Sequence[Ballot]) -> Tally:
        """Count `ballots`."""
        return _count(ballots)


class SurvivorsVote:
    """Plain majority of the observed ballots, as in self-consistency."""

    counts_imputed = False
    bounded = True

    def tally(self, ballots: Sequence[Ballot]) -> Tally:
        """Count the observed ballots."""
        return _count([ballot for ballot in ballots if not ballot.imputed])


def _count(ballots: Sequence[Ballot]) -> Tally:
    weights: dict[str, tuple[list[float], list[float]]] = {}
    first: dict[str, int] = {}
    for ballot in ballots:
        weights.setdefault(ballot.answer, ([], []))[ballot.imputed].append(ballot.weight)
        first[ballot.answer] = min(ballot.trace, first.get(ballot.answer, ballot.trace))
    # fsum: the same ballots in another order give the same totals, so the same winner.
    entries = {
        answer: TallyEntry(fsum(observed), fsum(imputed))
        for answer, (observed, imputed) in weights.items()
    }
    ranked = sorted(
        entries,
        key=lambda answer: (-entries[answer].total, -entries[answer].observed, first[answer]),
    )
    return Tally(
        {answer: entries[answer] for answer in ranked},
        {ballot.trace: ballot.weight for ballot in ballots},
    )
