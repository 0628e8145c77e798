"""Means with intervals, resampling problems: traces of one problem are no independent evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from random import Random

__all__ = ["Interval", "bootstrap", "mean", "pareto_front", "percentile_interval"]

Interval = tuple[float, float]
"""Lower and upper end."""

RESAMPLES = 2000
LEVEL = 0.95


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, or None of nothing."""
    return fsum(values) / len(values) if values else None


def bootstrap(values: Sequence[float], seed: int) -> Interval | None:
    """Return the 95% interval of the mean of one value a problem, resampling problems.

    None for fewer than two problems, where there is nothing to resample.
    """
    if len(values) < 2:
        return None
    drawn = Random(f"{seed}/bootstrap")
    return percentile_interval(
        [fsum(drawn.choices(values, k=len(values))) / len(values) for _ in range(RESAMPLES)]
    )


def percentile_interval(resampled: Sequence[float]) -> Interval | None:
    """Return the 95% percentile interval of resampled figures; None of nothing."""
    if not resampled:
        return None
    ordered = sorted(resampled)
    tail = (1.0 - LEVEL) / 2.0
    last = len(ordered) - 1
    return ordered[int(tail * last)], ordered[int((1.0 - tail) * last)]


def pareto_front(points: Mapping[str, tuple[float, float]]) -> set[str]:
    """Return the names of the points (cost, gain) that no other one beats in both."""
    return {
        name
        for name, (cost, gain) in points.items()
        if not any(c <= cost and g >= gain and (c, g) != (cost, gain) for c, g in points.values())
    }
