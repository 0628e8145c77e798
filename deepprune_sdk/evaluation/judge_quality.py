"""A judge against recorded traces: does it rank pairs within a problem, and is it calibrated?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from time import process_time
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from deepprune_sdk.evaluation.extractor import extractor_of
from deepprune_sdk.evaluation.pairs import LabelledPair, pairs_at
from deepprune_sdk.evaluation.ranking import (
    auroc,
    brier,
    calibration,
    calibration_error,
    pooled_auroc,
    precision_recall,
    roc,
    tnr_at_fnr,
)
from deepprune_sdk.evaluation.statistics import Interval, bootstrap, mean
from deepprune_sdk.judges.reading import reading_by
from deepprune_sdk.protocols import AnswerExtractor, Judge, ScoresInline
from deepprune_sdk.recording.reader import RecordedTrace

__all__ = ["CheckpointReport", "JudgeEvaluation", "evaluate_judge"]

POINTS = 200
"""Points of a curve that are kept."""


class _Report(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, use_attribute_docstrings=True)


class CheckpointReport(_Report):
    """One judge at one checkpoint. Intervals resample problems."""

    problems: int
    pairs: int
    unscored: int
    """Pairs the judge could not score; they are left out below."""
    positive_rate: float
    """Share of pairs that end in the same answer."""
    auroc_within: float | None
    """AUROC within a problem, averaged over the problems that have both kinds of pairs."""
    auroc_within_ci: Interval | None
    auroc: float | None
    """Of all pairs together; it mostly rewards knowing which problem is easy."""
    auroc_ci: Interval | None
    auroc_constant_per_problem: float | None
    """What a score would get that is each problem's own share of equal pairs."""
    tnr_at_fnr_02: float | None = Field(serialization_alias="tnr_at_fnr_0.2")
    brier: float
    ece: float
    """Expected calibration error, ten bins of equal width."""
    ms_per_pair: float
    tokens_per_pair: float
    by_problem: dict[str, float | None]
    """AUROC within each problem."""
    roc: list[tuple[float, float]]
    precision_recall: list[tuple[float, float]]
    calibration: list[tuple[float, float, int]]
    by_model: dict[str, CheckpointReport] = Field(default_factory=dict[str, "CheckpointReport"])
    """The same for each model's traces, where there are several."""


class JudgeEvaluation(_Report):
    """What `deepprune judge eval` writes."""

    judge: str
    checkpoints: dict[str, CheckpointReport]


async def evaluate_judge(
    problems: Mapping[str, Sequence[RecordedTrace]],
    judge: Judge,
    checkpoints: Sequence[float],
    *,
    answers: AnswerExtractor | None = None,
    cap: int = 500,
    seed: int = 0,
) -> JudgeEvaluation:
    """Judge the pairs of every problem at every checkpoint and compare with what came of them.

    Args:
        problems: Traces of one problem and model each.
        judge: Asked as it reads answers of each problem, where it reads answers itself.
        checkpoints: In tokens; below 1, a fraction of a problem's median length.
        answers: Reads and compares final answers; by default as the recording says
            (`extractor_of`). A recorded one is taken as it is.
        cap: Most pairs a problem and checkpoint.
        seed: Of the draw of pairs, and of the bootstrap.
    """
    extractors = {name: extractor_of(traces, answers) for name, traces in problems.items()}
    reports: dict[str, CheckpointReport] = {}
    for checkpoint in checkpoints:
        judged: dict[str, _Judged] = {}
        for name, traces in problems.items():
            extractor = extractors[name]
            pairs = pairs_at(traces, checkpoint, answers=extractor, cap=cap, seed=seed)
            if pairs:
                judged[name] = await _judge(reading_by(judge, extractor), pairs)
        if judged:
            models: dict[str, dict[str, _Judged]] = {}
            for name, results in judged.items():
                models.setdefault(problems[name][0].model, {})[name] = results
            parts = (
                {m: _report(part, seed) for m, part in models.items()} if len(models) > 1 else {}
            )
            report = _report(judged, seed)
            reports[f"{checkpoint:g}"] = report.model_copy(update={"by_model": parts})
    return JudgeEvaluation(judge=judge.name, checkpoints=reports)


class _Judged:
    """A problem's verdicts, and what they cost."""

    def __init__(self, scored: list[tuple[float, bool]], pairs: int) -> None:
        self.scored = scored
        self.pairs = pairs
        self.seconds = 0.0
        self.tokens = 0


async def _judge(judge: Judge, pairs: Sequence[LabelledPair]) -> _Judged:
    asked = [pair for pair, _ in pairs]
    begun = process_time()
    verdicts = judge.score(asked) if isinstance(judge, ScoresInline) else await judge.compare(asked)
    seconds = process_time() - begun
    judged = _Judged(
        [
            (verdict.probability, label)
            for verdict, (_, label) in zip(verdicts, pairs, strict=True)
            if verdict.probability is not None
        ],
        len(pairs),
    )
    judged.seconds = seconds
    judged.tokens = sum(v.usage.prompt + v.usage.generated for v in verdicts)
    return judged


def _report(judged: Mapping[str, _Judged], seed: int) -> CheckpointReport:
    scored = {name: results.scored for name, results in judged.items()}
    everything = [pair for pairs in scored.values() for pair in pairs]
    pairs = sum(results.pairs for results in judged.values())
    by_problem = {name: auroc(part) for name, part in scored.items()}
    within = [value for value in by_problem.values() if value is not None]
    value, interval = pooled_auroc(scored, seed)
    constant = [
        (fsum(label for _, label in part) / len(part), label)
        for part in scored.values()
        for _, label in part
    ]
    return CheckpointReport(
        problems=len(judged),
        pairs=pairs,
        unscored=pairs - len(everything),
        positive_rate=mean([float(label) for _, label in everything]) or 0.0,
        auroc_within=mean(within),
        auroc_within_ci=bootstrap(within, seed),
        auroc=value,
        auroc_ci=interval,
        auroc_constant_per_problem=auroc(constant),
        tnr_at_fnr_02=tnr_at_fnr(everything),
        brier=brier(everything) if everything else 0.0,
        ece=calibration_error(everything) if everything else 0.0,
        ms_per_pair=1000 * fsum(results.seconds for results in judged.values()) / pairs,
        tokens_per_pair=sum(results.tokens for results in judged.values()) / pairs,
        by_problem=by_problem,
        roc=list(_thinned(roc(everything))),
        precision_recall=list(_thinned(precision_recall(everything))),
        calibration=calibration(everything),
    )


def _thinned(curve: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    step = max(1, len(curve) // POINTS)
    yield from curve[:-1:step]
    yield from curve[-1:]
