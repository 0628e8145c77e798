"""What two prefixes share, and what all prefixes of a run share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from functools import lru_cache
from math import fsum
from typing import Final

from deepprune_sdk.judges.features import Profile

__all__ = ["FEATURES", "UNLIKE", "Features", "likeness", "sameness"]

UNLIKE: Final = 0.1
"""Sameness of prefixes that are simply worded differently: less of it says no more."""

Features = tuple[float | None, ...]
"""In the order of `FEATURES`; None where neither prefix says anything, which counts as average."""

FEATURES: Final = (
    "order",
    "results",
    "steps",
    "steps_contained",
    "new",
    "wording",
    "unknowns",
)
"""Each is symmetric in the two prefixes and knows no unit of length."""


def likeness(left: Profile, right: Profile) -> Features:
    """Compare two prefixes.

    order, results: longest common subsequence over the mean length; steps, wording: Jaccard;
    steps_contained: common steps over those of the shorter; new: cosine; unknowns: whether just one
    names quantities by letters.
    """
    return (
        _common_order(left.order, right.order),
        _common_order(left.results, right.results),
        _jaccard(left.steps, right.steps),
        _contained(left.steps, right.steps),
        _cosine(left.new, right.new),
        _jaccard(left.wording, right.wording),
        float(left.unknowns != right.unknowns),
    )


def sameness(profiles: Iterable[Profile]) -> float | None:
    """How alike the wording of several prefixes is: mean overlap over mean union, of all pairs.

    At least `UNLIKE`; None for fewer than two, or without words. Linear in their length: what
    counts is only how many prefixes hold each pair of words.
    """
    holders: Counter[tuple[str, str]] = Counter()
    number = 0
    for profile in profiles:
        holders.update(profile.wording)
        number += 1
    common = sum(count * (count - 1) for count in holders.values())
    either = 2 * (number - 1) * holders.total() - common
    return max(UNLIKE, common / either) if either > 0 else None


def _jaccard(left: Set[object], right: Set[object]) -> float | None:
    both = len(left & right)
    either = len(left) + len(right) - both
    return both / either if either else None


def _contained(left: Set[object], right: Set[object]) -> float | None:
    shorter = min(len(left), len(right))
    return len(left & right) / shorter if shorter else None


def _cosine(left: Mapping[str, float], right: Mapping[str, float]) -> float | None:
    if not left or not right:
        return None
    return fsum(left[number] * right[number] for number in left.keys() & right.keys())


def _common_order(left: tuple[str, ...], right: tuple[str, ...]) -> float | None:
    """Twice the longest common subsequence over both lengths, by bit-parallel rows (Hyyrö 2004)."""
    if not left or not right:
        return None
    places = _places(left)
    everything = row = (1 << len(left)) - 1
    for number in right:
        matched = row & places.get(number, 0)
        if matched:
            row = (row + matched | row - matched) & everything
    return 2.0 * (len(left) - row.bit_count()) / (len(left) + len(right))


@lru_cache(maxsize=1024)
def _places(numbers: tuple[str, ...]) -> Mapping[str, int]:
    """Return where each number stands, a bit a place: a prefix is compared with many others."""
    places: dict[str, int] = {}
    for position, number in enumerate(numbers):
        places[number] = places.get(number, 0) | 1 << position
    return places
