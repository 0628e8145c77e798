"""What training and evaluation measured: AUROC within a problem, with intervals over problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from deepprune_adapters.training.pairs import PairRecord
from deepprune_sdk.evaluation.ranking import auroc
from deepprune_sdk.evaluation.statistics import Interval, bootstrap, mean

__all__ = ["Figures", "Measured", "auroc_by_problem", "difference", "measure"]


class Measured(BaseModel):
    """A judge on the pairs of one split."""

    model_config = ConfigDict(frozen=True)

    pairs: int
    problems: int
    """Problems that have both kinds of pairs."""
    auroc_within: float
    """AUROC within a problem, averaged over the problems."""
    ci: Interval | None
    """95%, resampling problems."""
    by_problem: dict[str, float]


class Figures(BaseModel):
    """All that a training measured."""

    model_config = ConfigDict(frozen=True)

    before: dict[str, Measured]
    """The untrained model, by split."""
    after: dict[str, Measured]
    """The trained one, by split."""
    steps: int
    best_step: int
    """The step whose weights were kept: that of the best AUROC within a problem in validation."""
    losses: list[tuple[int, float]]
    """Training loss: the mean up to a step since the figure before."""
    validations: list[tuple[int, float]]
    """AUROC within a problem in validation at a step."""
    seconds: float
    """Since the training was begun, or last resumed, evaluations included."""
    cut: int
    """Prefixes that were cut to the context."""
    dropped: int
    """Pairs left out because the context has no room for them."""


def auroc_by_problem(pairs: Sequence[PairRecord], scores: Sequence[float]) -> dict[str, float]:
    """Return the AUROC of each problem that has both kinds of pairs.

    Where a problem has traces of several models, or several checkpoints, the pairs of each are
    ranked apart and the problem has the mean.
    """
    groups: dict[str, dict[tuple[str, str, str], list[tuple[float, bool]]]] = {}
    for pair, score in zip(pairs, scores, strict=True):
        groups.setdefault(pair.asked, {}).setdefault(pair.group, []).append((score, pair.same))
    found: dict[str, float] = {}
    for asked, parts in groups.items():
        value = mean([part for part in map(auroc, parts.values()) if part is not None])
        if value is not None:
            found[asked] = value
    return found


def measure(pairs: Sequence[PairRecord], scores: Sequence[float], seed: int) -> Measured | None:
    """Return the figures of a split; None where no problem has both kinds of pairs."""
    by_problem = auroc_by_problem(pairs, scores)
    value = mean(list(by_problem.values()))
    if value is None:
        return None
    return Measured(
        pairs=len(pairs),
        problems=len(by_problem),
        auroc_within=value,
        ci=bootstrap(list(by_problem.values()), seed),
        by_problem=by_problem,
    )


def difference(before: Measured, after: Measured, seed: int) -> tuple[float, Interval | None]:
    """Return by how much the AUROC within a problem grew, and its paired 95% interval.

    Both are of the same pairs; problems are resampled.
    """
    grown = _grown(before.by_problem, after.by_problem)
    return mean(grown) or 0.0, bootstrap(grown, seed)


def _grown(before: Mapping[str, float], after: Mapping[str, float]) -> list[float]:
    return [after[problem] - value for problem, value in before.items()]
