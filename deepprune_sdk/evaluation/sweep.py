"""How a judge's errors and a method's thresholds turn into agreement and tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Verdict
from deepprune_sdk.evaluation.bench import run_bench
from deepprune_sdk.evaluation.leaderboard import MethodReport, summarize_bench
from deepprune_sdk.evaluation.statistics import mean
from deepprune_sdk.judges.wrapper import JudgeWrapper, Score
from deepprune_sdk.policies.base import Policy
from deepprune_sdk.protocols import AnswerExtractor, Judge
from deepprune_sdk.recording.reader import RecordedTrace

__all__ = ["Draws", "HeldOut", "PerturbedJudge", "Sweep", "SweepPoint", "sweep"]


class PerturbedJudge(JudgeWrapper):
    """A judge whose verdicts are turned round at a given rate: p becomes 1 - p.

    Which ones is drawn from the pair, so that the same pair is always turned or never.
    """

    def __init__(self, judge: Judge, rate: float, seed: int = 0) -> None:
        """Turn the verdicts of `judge` round with probability `rate`."""
        super().__init__(judge)
        self._rate = rate
        self._seed = seed

    @property
    def name(self) -> str:
        """Name of the judge, and the rate."""
        return f"{self.judge.name}, {self._rate:.0%} turned round"

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch, then turn some verdicts round."""
        return self._perturbed(pairs, await self.judge.compare(pairs))

    def score_with(self, score: Score, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch at once, then turn some verdicts round."""
        return self._perturbed(pairs, score(pairs))

    def _perturbed(self, pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> list[Verdict]:
        return [self._perturb(p, v) for p, v in zip(pairs, verdicts, strict=True)]

    def _perturb(self, pair: Pair, verdict: Verdict) -> Verdict:
        key = f"{self._seed}\0{pair.left.text}\0{pair.right.text}".encode("utf-8", "surrogatepass")
        drawn = int.from_bytes(blake2b(key, digest_size=6).digest()) / 2**48
        if verdict.probability is None or drawn >= self._rate:
            return verdict
        return Verdict(probability=1.0 - verdict.probability, usage=verdict.usage)


class _Report(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, use_attribute_docstrings=True)


class SweepPoint(_Report):
    """One value of the setting."""

    value: float | None
    agreement_with_full: float
    agreement_with_full_ci: tuple[float, float] | None
    accuracy: float | None
    accuracy_ci: tuple[float, float] | None
    tokens: float
    tokens_ci: tuple[float, float] | None
    token_reduction: float


class HeldOut(_Report):
    """A value chosen on all other problems, reported on the one that was left out."""

    target_agreement: float
    chosen: dict[str, float | None]
    """By problem: the value with the fewest tokens among those that reach the target elsewhere."""
    agreement_with_full: float
    accuracy: float | None
    tokens: float


class Sweep(_Report):
    """One setting over its range."""

    setting: str
    judge: str
    points: list[SweepPoint]
    held_out: HeldOut | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """What a sweep replays.

    Attributes:
        problems: Complete traces by problem.
        n: Traces a draw.
        repeats: Draws a problem.
        seed: Of the draws.
    """

    problems: Mapping[str, Sequence[RecordedTrace]]
    n: int
    repeats: int
    seed: int


def sweep(
    setting: str,
    values: Sequence[float | None],
    make: Callable[[float | None], Policy],
    make_judge: Callable[[], Judge],
    draws: Draws,
    *,
    answers: AnswerExtractor | None = None,
    target_agreement: float | None = None,
) -> Sweep:
    """Replay a method at each value of one setting.

    Args:
        setting: Name of the setting; "error_rate" perturbs the judge and not the method.
        values: Its values.
        make: Makes the method for a value.
        make_judge: Makes the judge; picklable, as for `run_bench`.
        draws: What is replayed.
        answers: Reads and compares answers; a recorded one is taken as it is.
        target_agreement: Choose a value on the other problems that reaches this agreement.
    """
    reports: dict[float | None, MethodReport] = {}
    for value in values:
        judged = partial(_perturbed, make_judge, value) if setting == "error_rate" else make_judge
        table = summarize_bench(
            run_bench(
                draws.problems,
                {"swept": make(value)},
                judged,
                n=draws.n,
                repeats=draws.repeats,
                seed=draws.seed,
                answers=answers,
            ),
            n=draws.n,
            repeats=draws.repeats,
            seed=draws.seed,
            judge="",
            all_drawn=any(len(traces) == draws.n for traces in draws.problems.values()),
        )
        reports[value] = table.methods["swept"]
    return Sweep(
        setting=setting,
        judge=make_judge().name,
        points=[_point(value, report) for value, report in reports.items()],
        held_out=None if target_agreement is None else _held_out(reports, target_agreement),
    )


def _perturbed(make_judge: Callable[[], Judge], rate: float | None) -> Judge:
    return PerturbedJudge(make_judge(), rate or 0.0)


def _point(value: float | None, report: MethodReport) -> SweepPoint:
    fields = report.model_dump(include=set(SweepPoint.model_fields) - {"value"})
    return SweepPoint(value=value, **fields)


def _held_out(reports: Mapping[float | None, MethodReport], target: float) -> HeldOut:
    """Leave one problem out at a time, so that no threshold is judged where it was chosen."""
    problems = list(next(iter(reports.values())).per_problem)
    chosen: dict[str, float | None] = {}
    for problem in problems:
        others = [other for other in problems if other != problem]

        def elsewhere(value: float | None, others: Sequence[str] = others) -> tuple[float, float]:
            rows = [reports[value].per_problem[other] for other in others]
            agreement = mean([row.agreement_with_full for row in rows]) or 0.0
            return agreement, mean([row.tokens for row in rows]) or 0.0

        scores = {value: elsewhere(value) for value in reports}
        good = [value for value, (agreement, _) in scores.items() if agreement >= target]
        if good:
            chosen[problem] = min(good, key=lambda value: scores[value][1])
        else:
            chosen[problem] = max(scores, key=lambda value: scores[value][0])
    rows = [reports[chosen[problem]].per_problem[problem] for problem in problems]
    return HeldOut(
        target_agreement=target,
        chosen=chosen,
        agreement_with_full=mean([row.agreement_with_full for row in rows]) or 0.0,
        accuracy=mean([row.accuracy for row in rows if row.accuracy is not None]),
        tokens=mean([row.tokens for row in rows]) or 0.0,
    )
