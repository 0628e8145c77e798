"""What the report of a judge is drawn from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from deepprune_sdk.evaluation.statistics import Interval

__all__ = ["CalibrationBin", "JudgeCurves", "Sweep", "SweepPoint"]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class CalibrationBin(_Input):
    """Pairs with similar verdicts."""

    predicted: float
    """Mean probability that the judge gave."""
    observed: float
    """Share of them that did end in the same answer."""
    pairs: int


class JudgeCurves(_Input):
    """One judge at one checkpoint. Figures that are None are left out."""

    name: str
    checkpoint: str
    """In tokens, or as a fraction of the problem's median length."""
    pairs: int
    positive_rate: float
    """Share of pairs with the same answer: the precision of a judge that knows nothing."""
    roc: list[tuple[float, float]]
    """False positive rate and true positive rate, from (0, 0) to (1, 1)."""
    precision_recall: list[tuple[float, float]]
    """Recall and precision, by rising recall."""
    calibration: list[CalibrationBin]
    auroc_within: float | None = None
    """Within problem, macro-averaged over problems."""
    auroc_within_ci: Interval | None = None
    auroc: float | None = None
    """Over all pairs together."""
    auroc_ci: Interval | None = None
    auroc_constant_per_problem: float | None = None
    """Pooled, of a judge that only knows which problem a pair is from."""
    tnr_at_fnr: float | None = None
    """True negative rate where one positive pair in five is missed."""
    brier: float | None = None
    ece: float | None = None
    """Expected calibration error."""
    ms_per_pair: float | None = None
    tokens_per_pair: float | None = None


class SweepPoint(_Input):
    """A method at one value of what is swept."""

    value: float
    accuracy: float | None
    accuracy_ci: Interval | None = None
    agreement: float
    agreement_ci: Interval | None = None
    tokens: float
    tokens_ci: Interval | None = None


class Sweep(_Input):
    """Quality and cost along one axis: tau, `judge_threshold`, or the judge's error rate."""

    axis: str
    points: list[SweepPoint]
    """By rising value."""
    chosen: float | None = None
    """The value chosen on other problems than those reported on."""
    note: str = ""
