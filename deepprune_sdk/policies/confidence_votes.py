"""What a trace's confidence says of it: DeepConf's measures and votes (arXiv 2508.15260)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil, fsum
from typing import Literal

from deepprune_sdk.data.voting import Ballot, SurvivorsVote, Tally

__all__ = ["ConfidenceVote", "Weighing", "group_confidences", "percentile", "weigh"]

Weighing = Literal["majority", "mean", "tail", "bottom", "minimum"]
"""What a ballot weighs: 1; the trace's mean confidence; that of its last window; the mean of the
lowest tenth of its windows; its lowest window."""

BOTTOM = 0.1
"""Share of the windows that "bottom" looks at."""
ROUNDING = 1e-9


def weigh(by: Weighing, confidences: Sequence[float], window: int) -> float:
    """Return what the ballot of a trace with these token confidences, at least one, weighs."""
    match by:
        case "majority":
            return 1.0
        case "mean":
            return fsum(confidences) / len(confidences)
        case "tail":
            tail = confidences[-window:]
            return fsum(tail) / len(tail)
        case "bottom":
            groups = sorted(group_confidences(confidences, window))
            lowest = groups[: max(1, int(BOTTOM * len(groups)))]
            return fsum(lowest) / len(lowest)
        case "minimum":
            return min(group_confidences(confidences, window))


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


class ConfidenceVote:
    """Counts each observed ballot by its trace's confidence, or only the surest ones.

    Where no trace has a weight (none came with confidences) it is the plain majority.
    """

    counts_imputed = False

    def __init__(self, weights: Mapping[int, float], top: float, *, bounded: bool) -> None:
        """Look weights up by trace; `top` is the share of the heaviest ballots that count."""
        self._weights = weights
        self._top = top
        self.bounded = bounded

    def tally(self, ballots: Sequence[Ballot]) -> Tally:
        """Count `ballots`."""
        seen = [ballot for ballot in ballots if not ballot.imputed]
        weighed = [
            Ballot(trace=ballot.trace, answer=ballot.answer, weight=weight)
            for ballot in seen
            if (weight := self._weights.get(ballot.trace, 0.0)) > 0.0
        ]
        if self._top < 1.0:
            weighed.sort(key=lambda ballot: (-ballot.weight, ballot.trace))
            weighed = weighed[: ceil(self._top * len(weighed) - ROUNDING)]
        return SurvivorsVote().tally(weighed or seen)
