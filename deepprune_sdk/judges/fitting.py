"""Fitting a `LearnedJudge` on recorded pairs: pure Python, seconds, the same bytes every time.

Two steps, because few problems are recorded and many pairs of each. First the features are weighed
by how they rank the pairs of one problem, each problem having an intercept of its own, so that
nothing is learnt from which problems happen to be easy. Then two numbers say how that score and the
sameness of a run's prefixes become a probability, every problem weighing the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from math import fsum, log, sqrt
from typing import Final

from deepprune_sdk.data.trace import Pair
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.judges.learned import ProfileCache, known_prefixes
from deepprune_sdk.judges.likeness import FEATURES, Features, likeness, sameness
from deepprune_sdk.judges.logistic import Row, fit_logistic
from deepprune_sdk.judges.weights import FittedOn, LearnedWeights, Term, trust

__all__ = ["Fitter", "Recorded"]

RIDGE_RANKING: Final = 0.03
RIDGE_CALIBRATION: Final = 0.003
"""Penalties on squared weights, a unit of data; ten times more or less changes little."""
DIGITS: Final = 6
"""Digits that are kept, so that no machine's rounding shows in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Pairs of one problem's traces at one checkpoint, and whether each ended in one answer."""

    problem: str
    model: str
    checkpoint: float
    pairs: Sequence[tuple[Pair, bool]]


@dataclass(frozen=True, slots=True)
class _Cell:
    weight: float  # of a pair
    sameness: float | None
    trust: float
    features: list[Features]
    labels: list[bool]

    @property
    def rate(self) -> float:
        return fsum(self.labels) / len(self.labels)


class Fitter:
    """Reads recorded pairs once, and fits weights on them, or on some of the problems alone."""

    def __init__(self, recorded: Iterable[Recorded]) -> None:
        """Read the pairs: the larger part of the work."""
        self._parts = [(part, _read(part)) for part in recorded if part.pairs]

    def fit(self, *, without: Collection[str] = ()) -> LearnedWeights:
        """Fit weights; every (model, problem) counts the same, and each of its checkpoints.

        Args:
            without: Problems to hold out.

        Raises:
            ConfigurationError: No problem has both pairs that agree and pairs that do not.
        """
        parts = [(part, cell) for part, cell in self._parts if part.problem not in without]
        checkpoints = Counter((part.model, part.problem) for part, _ in parts)
        cells = [
            replace(cell, weight=1.0 / (checkpoints[part.model, part.problem] * len(cell.labels)))
            for part, cell in parts
        ]
        mixed = [cell for cell in cells if 0.0 < cell.rate < 1.0]
        if not mixed:
            raise ConfigurationError(
                "nothing to learn: no problem has both pairs of traces that end in the same answer "
                "and pairs that do not; record more problems, or more traces of each"
            )
        total = fsum(cell.weight * len(cell.labels) for cell in cells)
        terms = _ranked(mixed)
        intercept, slope, sameness_term = _calibrated(cells, terms)
        return LearnedWeights(
            fitted_on=FittedOn(
                models=tuple(sorted({part.model for part, _ in parts})),
                problems=len({part.problem for part, _ in parts}),
                pairs=sum(len(part.pairs) for part, _ in parts),
                checkpoints=tuple(sorted({part.checkpoint for part, _ in parts})),
            ),
            prior=round(fsum(cell.weight * sum(cell.labels) for cell in cells) / total, DIGITS),
            intercept=round(intercept, DIGITS),
            sameness=_rounded(sameness_term),
            features={
                name: _rounded(term.model_copy(update={"weight": term.weight * slope}))
                for name, term in zip(FEATURES, terms, strict=True)
            },
        )


def _read(part: Recorded) -> _Cell:
    profiles = ProfileCache()
    batches = known_prefixes((pair for pair, _ in part.pairs), profiles.read)
    prefixes = next(iter(batches.values()))
    return _Cell(
        1.0,
        sameness(prefixes.values()),
        trust(len(prefixes)),
        [
            likeness(
                profiles.read(pair.question, pair.left.text),
                profiles.read(pair.question, pair.right.text),
            )
            for pair, _ in part.pairs
        ],
        [label for _, label in part.pairs],
    )


def _ranked(cells: Sequence[_Cell]) -> list[Term]:
    """Weigh the features by how they rank pairs within a cell."""
    scales = [
        _scale([(row[j], cell.weight) for cell in cells for row in cell.features])
        for j in range(len(FEATURES))
    ]
    rows: list[Row] = []
    for cell in cells:
        values = [
            [scale.add(value) for scale, value in zip(scales, row, strict=True)]
            for row in cell.features
        ]
        centre = [fsum(column) / len(values) for column in zip(*values, strict=True)]
        offset = log(cell.rate / (1.0 - cell.rate))
        rows += [
            Row([v - c for v, c in zip(row, centre, strict=True)], label, cell.weight, offset)
            for row, label in zip(values, cell.labels, strict=True)
        ]
    weights = fit_logistic(rows, RIDGE_RANKING)
    return [
        scale.model_copy(update={"weight": weight})
        for scale, weight in zip(scales, weights, strict=True)
    ]


def _calibrated(cells: Sequence[_Cell], terms: Sequence[Term]) -> tuple[float, float, Term]:
    """Return the intercept, the factor on the ranking's score, and the term of sameness."""
    level = _scale([(cell.sameness, cell.weight * len(cell.labels)) for cell in cells])
    rows: list[Row] = []
    for cell in cells:
        alike = cell.trust * level.add(cell.sameness)
        for features, label in zip(cell.features, cell.labels, strict=True):
            score = fsum(t.add(value) for t, value in zip(terms, features, strict=True))
            rows.append(Row([1.0, score, alike], label, cell.weight, 0.0))
    intercept, slope, weight = fit_logistic(rows, RIDGE_CALIBRATION, free=1)
    return intercept, slope, level.model_copy(update={"weight": weight})


def _scale(values: Sequence[tuple[float | None, float]]) -> Term:
    """A term of weight 1 with the weighted mean and standard deviation of what is known."""
    known = [(value, weight) for value, weight in values if value is not None]
    total = fsum(weight for _, weight in known)
    if total == 0.0:
        return Term(mean=0.0, deviation=1.0, weight=1.0)
    mean = fsum(weight * value for value, weight in known) / total
    variance = fsum(weight * (value - mean) ** 2 for value, weight in known) / total
    return Term(mean=mean, deviation=sqrt(variance) or 1.0, weight=1.0)


def _rounded(term: Term) -> Term:
    return Term(
        mean=round(term.mean, DIGITS),
        deviation=max(round(term.deviation, DIGITS), 10.0**-DIGITS),
        weight=round(term.weight, DIGITS),
    )
