"""Ballots, and the votes over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, exp, fsum, lgamma, log
from typing import Protocol

__all__ = [
    "AnswerClasses",
    "Ballot",
    "ClusterWeightedVote",
    "SurvivorsVote",
    "Tally",
    "TallyEntry",
    "Vote",
    "leader_keeps_lead",
    "leader_stays_ahead",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """One trace's say.

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
    """Weight of the ballots for one answer, those that were seen and those that were imputed."""

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


class AnswerClasses:
    """Groups answers that are the same; each group goes by the first form that was seen.

    At most one comparison a known group and new form.
    """

    def __init__(self, equivalent: Callable[[str, str], bool]) -> None:
        """Group by `equivalent`."""
        self._equivalent = equivalent
        self._named: dict[str, str] = {}
        self._names: list[str] = []

    def name(self, answer: str) -> str:
        """Return the form that stands for `answer` and all its equals."""
        known = self._named.get(answer)
        if known is None:
            known = next((name for name in self._names if self._equivalent(name, answer)), answer)
            self._named[answer] = known
            if known == answer:
                self._names.append(answer)
        return known


def leader_stays_ahead(leader: float, second: float) -> float:
    """Probability that the leading answer is the more frequent one of the two leading.

    Adaptive-Consistency's Beta rule (arXiv 2305.11860): 1 - I_0.5(a + 1, b + 1), with a and b the
    weights of the leader and of the runner-up, under a flat prior on the leader's share of the two.
    """
    return _incomplete_beta_half(second + 1.0, leader + 1.0)


def leader_keeps_lead(leader: float, second: float, left: int, *, wins_ties: bool = False) -> float:
    """Probability that the leading answer still wins after `left` more ballots of weight 1.

    Each goes to the leader or to the runner-up; the flat prior of the Beta rule makes their number
    for the runner-up Beta-binomial(left, second + 1, leader + 1). With many ballots left this is
    `leader_stays_ahead`.
    """
    level = (leader - second + left) / 2.0
    lost = max(0, int(level) + 1 if wins_ties else ceil(level))  # ballots for the runner-up
    if lost > left:
        return 1.0
    a, b = second + 1.0, leader + 1.0
    term = exp(
        lgamma(left + 1.0)
        - lgamma(lost + 1.0)
        - lgamma(left - lost + 1.0)
        + lgamma(lost + a)
        + lgamma(left - lost + b)
        - lgamma(left + a + b)
        + lgamma(a + b)
        - lgamma(a)
        - lgamma(b)
    )
    total = 0.0
    for ballots in range(lost, left):
        total += term
        term *= (left - ballots) / (ballots + 1.0)
        term *= (ballots + a) / (left - ballots - 1.0 + b)
    return max(0.0, 1.0 - total - term)


def _incomplete_beta_half(a: float, b: float) -> float:
    """Regularised incomplete beta function I_0.5(a, b) for a, b >= 1.

    Sum of the positive series I_x(a, b) = x^a (1-x)^b / (a B(a, b)) * sum of
    (a+b)_k / (a+1)_k x^k, which converges for x = 0.5: the ratio of its terms tends to one half.
    """
    scale = exp(lgamma(a + b) - lgamma(a + 1.0) - lgamma(b) + (a + b) * log(0.5))
    total, term, k = 0.0, 1.0, 0
    while term > total * 1e-17:
        total += term
        term *= 0.5 * (a + b + k) / (a + 1.0 + k)
        k += 1
    return min(1.0, scale * total)
