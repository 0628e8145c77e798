"""Means with intervals, resampling problems: traces of one problem are no independent evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from random import Random

__all__ = ["Interval", "bootstrap", "mean", "pareto_front"]

Interval = tuple[float, float]

RESAMPLES = 2000


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, or None of nothing."""
    return fsum(values) / len(values) if values else None


def bootstrap(values: Sequence[float], seed: int, level: float = 0.95) -> Interval | None:
    """Return the percentile interval of the mean of one value a problem, resampling problems.

    None for fewer than two problems, where there is nothing to resample.
    """
    if len(values) < 2:
        return None
    drawn = Random(f"{seed}/bootstrap")
    means = sorted(
        fsum(drawn.choices(values, k=len(values))) / len(values) for _ in range(RESAMPLES)
    )
    tail = (1.0 - level) / 2.0
    low = means[int(tail * (RESAMPLES - 1))]
    high = means[int((1.0 - tail) * (RESAMPLES - 1))]
    return low, high


def pareto_front(points: Mapping[str, tuple[float, float]]) -> set[str]:
    """Return the names of the points (cost, gain) that no other one beats in both."""
    return {
        name
        for name, (cost, gain) in points.items()
        if not any(c <= cost and g >= gain and (c, g) != (cost, gain) for c, g in points.values())
    }
