"""How well scores rank and how honest they are: AUROC, precision-recall, Brier, calibration."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from math import fsum
from random import Random

from deepprune_sdk.evaluation.statistics import RESAMPLES, Interval, percentile_interval

__all__ = [
    "Pooled",
    "Scored",
    "auroc",
    "brier",
    "calibration",
    "calibration_error",
    "pooled_auroc",
    "precision_recall",
    "roc",
    "tnr_at_fnr",
]

Scored = Sequence[tuple[float, bool]]
"""Scores with their labels: whether the pair ends in the same answer."""

BINS = 10
"""Bins of equal width for the calibration curve."""


def auroc(scored: Scored) -> float | None:
    """Return the probability that a positive scores above a negative, ties counting half.

    None where one of the classes is missing.
    """
    positives = sorted(score for score, label in scored if label)
    negatives = sorted(score for score, label in scored if not label)
    if not positives or not negatives:
        return None
    return _wins(positives, negatives) / (len(positives) * len(negatives))


def _wins(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """Count the pairs in which the positive is above the negative, both sorted."""
    return fsum(
        (bisect_left(negatives, score) + bisect_right(negatives, score)) / 2 for score in positives
    )


class Pooled:
    """AUROC over all problems' pairs together, for any weighing of the problems.

    The wins of each problem's positives over each problem's negatives are counted once; a resample
    then only weighs them.
    """

    def __init__(self, problems: Sequence[Scored]) -> None:
        """Count the wins."""
        positives = [sorted(s for s, label in scored if label) for scored in problems]
        negatives = [sorted(s for s, label in scored if not label) for scored in problems]
        self._positives = [len(part) for part in positives]
        self._negatives = [len(part) for part in negatives]
        self._wins = [[_wins(p, n) if p and n else 0.0 for n in negatives] for p in positives]

    def auroc(self, counts: Sequence[int]) -> float | None:
        """Return the AUROC with each problem counted so many times; None without both classes."""
        positives = sum(c * p for c, p in zip(counts, self._positives, strict=True))
        negatives = sum(c * n for c, n in zip(counts, self._negatives, strict=True))
        if not positives or not negatives:
            return None
        won = fsum(
            counts[i] * counts[j] * value
            for i, row in enumerate(self._wins)
            if counts[i]
            for j, value in enumerate(row)
            if counts[j]
        )
        return won / (positives * negatives)


def pooled_auroc(problems: Mapping[str, Scored], seed: int) -> tuple[float | None, Interval | None]:
    """Return the AUROC over all problems' pairs together, and its interval over problems."""
    pooled = Pooled(list(problems.values()))
    size = len(problems)
    value = pooled.auroc([1] * size)
    if value is None or size < 2:
        return value, None
    drawn = Random(f"{seed}/pooled")
    resampled: list[float] = []
    for _ in range(RESAMPLES):
        counts = [0] * size
        for index in drawn.choices(range(size), k=size):
            counts[index] += 1
        again = pooled.auroc(counts)
        if again is not None:
            resampled.append(again)
    return value, percentile_interval(resampled)


def roc(scored: Scored) -> list[tuple[float, float]]:
    """Return the curve of false positive rate against true positive rate, from (0, 0) to (1, 1)."""
    total = sum(label for _, label in scored)
    rest = len(scored) - total
    return [
        (false / rest if rest else 0.0, true / total if total else 0.0)
        for true, false in _cumulated(scored)
    ]


def precision_recall(scored: Scored) -> list[tuple[float, float]]:
    """Return the curve of recall against precision, the highest scores first."""
    total = sum(label for _, label in scored)
    return [
        (true / total, true / (true + false))
        for true, false in _cumulated(scored)
        if total and true + false
    ]


def _cumulated(scored: Scored) -> list[tuple[int, int]]:
    """Count positives and negatives at or above each score, the highest first; ties together."""
    counts = [(0, 0)]
    true = false = 0
    ordered = sorted(scored, key=lambda pair: -pair[0])
    for position, (score, label) in enumerate(ordered):
        true, false = true + label, false + (not label)
        if position + 1 == len(ordered) or ordered[position + 1][0] != score:
            counts.append((true, false))
    return counts


def tnr_at_fnr(scored: Scored, fnr: float = 0.2) -> float | None:
    """Return the share of negatives under the highest threshold that misses at most `fnr`.

    The paper's TNR at FNR 0.2: different answers told apart, at the price of missing a fifth of
    the redundant pairs. None where one of the classes is missing.
    """
    positives = sorted(score for score, label in scored if label)
    negatives = sorted(score for score, label in scored if not label)
    if not positives or not negatives:
        return None
    threshold = positives[int(fnr * len(positives))]
    return bisect_left(negatives, threshold) / len(negatives)


def brier(scored: Scored) -> float:
    """Return the mean squared difference between probability and label."""
    return fsum((score - label) ** 2 for score, label in scored) / len(scored)


def calibration(scored: Scored) -> list[tuple[float, float, int]]:
    """Return (mean probability, share of positives, pairs) of each bin that is not empty."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for score, label in scored:
        bins[min(int(score * BINS), BINS - 1)].append((score, label))
    return [
        (
            fsum(score for score, _ in held) / len(held),
            sum(label for _, label in held) / len(held),
            len(held),
        )
        for held in bins
        if held
    ]


def calibration_error(scored: Scored) -> float:
    """Return the expected calibration error: the bins' gaps, weighed by their pairs."""
    return fsum(abs(p - share) * count for p, share, count in calibration(scored)) / len(scored)
