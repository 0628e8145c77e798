"""Logistic regression with an offset and a ridge, by Newton's method, without a dependency."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum
from typing import Final, NamedTuple

__all__ = ["Row", "fit_logistic"]

ROUNDS: Final = 50
ENOUGH: Final = 1e-10
"""Change of a weight below which Newton's method has arrived."""


class Row(NamedTuple):
    """One observation; `offset` is what is known of its log-odds beforehand."""

    values: Sequence[float]
    label: bool
    weight: float
    offset: float


def fit_logistic(rows: Sequence[Row], ridge: float, *, free: int = 0) -> list[float]:
    """Return the weights of the columns.

    Args:
        rows: At least one; their weights need not sum to anything.
        ridge: Penalty on squared weights, for a total weight of the rows of 1.
        free: Leading columns that are not penalised.
    """
    size = len(rows[0].values)
    penalty = ridge * fsum(row.weight for row in rows)
    weights = [0.0] * size
    for _ in range(ROUNDS):
        gradient = [-penalty * w if j >= free else 0.0 for j, w in enumerate(weights)]
        curvature = [[0.0] * size for _ in range(size)]
        for j in range(size):
            curvature[j][j] = penalty if j >= free else penalty * 1e-9
        for values, label, weight, offset in rows:
            log_odds = offset
            for w, value in zip(weights, values, strict=True):
                log_odds += w * value
            p = 1.0 / (1.0 + exp(-max(-30.0, min(30.0, log_odds))))
            residual, spread = weight * (label - p), weight * p * (1.0 - p)
            for j, value in enumerate(values):
                gradient[j] += residual * value
                scaled, line = spread * value, curvature[j]
                for k in range(j + 1):
                    line[k] += scaled * values[k]
        step = _solve(curvature, gradient)
        weights = [w + s for w, s in zip(weights, step, strict=True)]
        if max(map(abs, step)) < ENOUGH:
            break
    return weights


def _solve(lower: list[list[float]], right: list[float]) -> list[float]:
    """Solve a symmetric positive definite system, given by its lower half (Cholesky)."""
    size = len(right)
    root = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = lower[i][j] - fsum(root[i][k] * root[j][k] for k in range(j))
            root[i][j] = rest**0.5 if i == j else rest / root[j][j]
    half: list[float] = []
    for i in range(size):
        half.append((right[i] - fsum(root[i][k] * half[k] for k in range(i))) / root[i][i])
    solution = [0.0] * size
    for i in reversed(range(size)):
        known = fsum(root[k][i] * solution[k] for k in range(i + 1, size))
        solution[i] = (half[i] - known) / root[i][i]
    return solution
