"""Splitting pairs by problem: no problem's pairs lie on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal

from deepprune_adapters.training.pairs import PairRecord
from deepprune_sdk import ConfigurationError

__all__ = ["SPLITS", "Split", "rankable", "split_by_problem"]

Split = Literal["train", "validation", "test"]
"""Which part of the problems a pair belongs to."""

SPLITS: Final[tuple[Split, ...]] = ("train", "validation", "test")
"""All of them, in this order."""


def split_by_problem(
    pairs: Sequence[PairRecord], *, validation: float, test: float, seed: int
) -> dict[Split, list[PairRecord]]:
    """Divide pairs by the question that their traces answer.

    Two recordings of one question, by different models or under different identifiers, stay on one
    side. Problems that have both kinds of pairs, on which alone a ranking can be measured, and
    those that have one are divided apart, so that every part has its share of both.

    Args:
        pairs: Of all problems.
        validation: Share of the problems.
        test: Share of the problems.
        seed: Of the draw. It orders the problems by a hash, so that further recordings of the same
            problems change nothing.

    Raises:
        ConfigurationError: The shares are impossible, or too few problems have both kinds of pairs.
    """
    if validation < 0 or test < 0 or validation + test >= 1:
        raise ConfigurationError(
            f"validation={validation:g} and test={test:g}: give shares of the problems that leave "
            "some to train on"
        )
    problems: dict[str, list[PairRecord]] = {}
    for pair in pairs:
        problems.setdefault(pair.asked, []).append(pair)
    mixed = [asked for asked, own in problems.items() if rankable(own)]
    needed = 1 + (validation > 0) + (test > 0)
    if len(mixed) < needed:
        raise ConfigurationError(
            f"{len(mixed)} of {len(problems)} problems have both pairs that end in the same answer "
            f"and pairs that do not, and a split in {needed} needs {needed}: record more problems, "
            "or more traces of each"
        )
    uniform = [asked for asked in problems if asked not in set(mixed)]
    side = _sides(mixed, validation, test, seed, least=1) | _sides(
        uniform, validation, test, seed, least=0
    )
    split: dict[Split, list[PairRecord]] = {name: [] for name in SPLITS}
    for asked, own in problems.items():
        split[side[asked]] += own
    return split


def rankable(pairs: Sequence[PairRecord]) -> list[PairRecord]:
    """Return the pairs of which there are both kinds, of one problem, model and checkpoint.

    Only on these a ranking can be measured.
    """
    kinds: dict[tuple[str, str, str], set[bool]] = {}
    for pair in pairs:
        kinds.setdefault(pair.group, set()).add(pair.same)
    return [pair for pair in pairs if len(kinds[pair.group]) == 2]


def _sides(
    problems: Sequence[str], validation: float, test: float, seed: int, *, least: int
) -> dict[str, Split]:
    """Give each problem its side, `least` problems or more to each share above 0."""
    drawn = sorted(problems, key=lambda asked: sha256(f"{seed}/{asked}".encode()).digest())
    tested = max(least, round(test * len(drawn))) if test else 0
    validated = max(least, round(validation * len(drawn))) if validation else 0
    return {
        asked: "test" if n < tested else "validation" if n < tested + validated else "train"
        for n, asked in enumerate(drawn)
    }
