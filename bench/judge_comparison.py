"""The learned judge against others on recorded pairs, held out, with paired intervals.

The learned judge is fitted anew without the problems that it is tested on ("other problems"), and
also without their model ("other models"), told then how often that model's pairs end alike or not
("prior"). Every judge sees the same pairs, and a resample draws the
same problems for all, so that the intervals of the differences are paired.

    python bench/judge_comparison.py traces-*.jsonl.gz --against numbers --against embedding:MINILM
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import fmean

import anyio

from deepprune_adapters.cli.choose import choose_judge
from deepprune_adapters.cli.recordings import read_checkpoints, read_problems
from deepprune_sdk import Answers, LearnedJudge
from deepprune_sdk.data import Pair, Verdict
from deepprune_sdk.evaluation.judge_quality import pairs_at
from deepprune_sdk.evaluation.ranking import Pooled, auroc, brier, calibration_error
from deepprune_sdk.evaluation.statistics import RESAMPLES, percentile_interval
from deepprune_sdk.judges.fitting import Fitter, Recorded
from deepprune_sdk.protocols import Judge

FITTED_AT = (64, 128, 0.25, 0.5, 0.75)
FITTED_CAP = 200
"""What `deepprune judge fit-light` takes where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Pairs of one problem of one model at one checkpoint."""

    question: str
    model: str
    checkpoint: float
    pairs: Sequence[Pair]
    labels: Sequence[bool]


Scores = Sequence[Sequence[float | None]]
"""A probability for each pair of each unit."""
Scored = list[tuple[float, bool]]


class NumberOverlap:
    """The share of numbers that two prefixes have in common (Jaccard), those given left out."""

    name = "number overlap"
    costs_tokens = False

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return [Verdict(probability=self._overlap(pair)) for pair in pairs]

    def _overlap(self, pair: Pair) -> float:
        given, left, right = (
            set(re.findall(r"\d+(?:\.\d+)?", text.replace(",", "")))
            for text in (pair.question, pair.left.text, pair.right.text)
        )
        left, right = left - given, right - given
        return len(left & right) / len(left | right) if left | right else 0.5


def main() -> None:
    """Compare, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("traces", nargs="+", type=Path)
    parser.add_argument("--against", action="append", default=[], metavar="numbers|JUDGE")
    parser.add_argument("--checkpoints", default="64,128,0.25,0.5,0.75")
    parser.add_argument(
        "--cap", type=int, default=120, help="most pairs a problem, model and checkpoint"
    )
    parser.add_argument("--folds", type=int, default=10, help="parts that problems are held out in")
    parser.add_argument("--only", help="report on the traces of this model alone")
    options = parser.parse_args()

    problems = read_problems(options.traces, None, skip_bad=False)
    answers = Answers()

    def units(points: Iterable[float], cap: int) -> list[Unit]:
        made: list[Unit] = []
        for traces in problems.values():
            for point in points:
                pairs = pairs_at(traces, point, answers=answers, cap=cap, seed=0)
                if pairs:
                    made.append(
                        Unit(
                            question=traces[0].question,
                            model=traces[0].model,
                            checkpoint=point,
                            pairs=[pair for pair, _ in pairs],
                            labels=[label for _, label in pairs],
                        )
                    )
        return made

    tested = units(read_checkpoints(options.checkpoints), options.cap)
    if options.only is not None:
        tested = [unit for unit in tested if unit.model == options.only]
    fitted = units(FITTED_AT, FITTED_CAP)
    judges: dict[str, Scores] = {"learned, other problems": held_out(fitted, tested, options.folds)}
    if len({unit.model for unit in fitted}) > 1:
        apart = partial(held_out, fitted, tested, options.folds, models=True)
        judges["learned, other models"] = apart()
        judges["learned, other models, prior"] = apart(priors=shares(tested))
    for name in options.against:
        judge = NumberOverlap() if name == "numbers" else choose_judge(name)()
        judges[judge.name] = anyio.run(asked, judge, tested)
    for checkpoint in dict.fromkeys(unit.checkpoint for unit in tested):
        report(
            f"at {checkpoint:g}", tested, judges, lambda unit, at=checkpoint: unit.checkpoint == at
        )
    report("at all checkpoints", tested, judges, lambda unit: True)
    for model in dict.fromkeys(unit.model for unit in tested):
        report(f"{model}, all checkpoints", tested, judges, lambda unit, m=model: unit.model == m)


def held_out(
    fitted: Sequence[Unit],
    tested: Sequence[Unit],
    folds: int,
    *,
    models: bool = False,
    priors: Mapping[str, float] | None = None,
) -> Scores:
    """Judge every unit by weights that have not seen its problem nor, with `models`, its model.

    With `priors` the judge is told each model's share of pairs that end alike.
    """
    questions = list(dict.fromkeys(unit.question for unit in fitted))
    scores: dict[int, list[float | None]] = {}
    for model in {unit.model for unit in tested} if models else {""}:
        fitter = Fitter(
            Recorded(
                problem=unit.question,
                model=unit.model,
                checkpoint=unit.checkpoint,
                pairs=list(zip(unit.pairs, unit.labels, strict=True)),
            )
            for unit in fitted
            if unit.model != model
        )
        for fold in range(min(folds, len(questions))):
            held = set(questions[fold::folds])
            mine = [
                (position, unit)
                for position, unit in enumerate(tested)
                if unit.question in held and model in ("", unit.model)
            ]
            if mine:
                weights = fitter.fit(without=held)
                for position, unit in mine:
                    judge = LearnedJudge(weights, prior=(priors or {}).get(unit.model))
                    scores[position] = [v.probability for v in judge.score(unit.pairs)]
    return [scores[position] for position in range(len(tested))]


def shares(units: Sequence[Unit]) -> dict[str, float]:
    """Return each model's share of pairs that end alike, the mean over its units."""
    return {
        model: fmean(fmean(unit.labels) for unit in units if unit.model == model)
        for model in {unit.model for unit in units}
    }


async def asked(judge: Judge, tested: Sequence[Unit]) -> Scores:
    """Ask a judge about every unit."""
    return [[v.probability for v in await judge.compare(unit.pairs)] for unit in tested]


def report(
    title: str,
    tested: Sequence[Unit],
    judges: Mapping[str, Scores],
    wanted: Callable[[Unit], bool],
) -> None:
    """Print each judge's figures and how far the learned one is from each of the others."""
    chosen = [position for position, unit in enumerate(tested) if wanted(unit)]
    # A pair that one judge leaves unscored is left out for all.
    both = {
        position: [
            all(scores[position][row] is not None for scores in judges.values())
            for row in range(len(tested[position].labels))
        ]
        for position in chosen
    }
    problems = list(dict.fromkeys(tested[position].question for position in chosen))
    pairs = sum(sum(rows) for rows in both.values())
    unscored = sum(len(rows) for rows in both.values()) - pairs
    print(f"\n{title}: {pairs:,} pairs of {len(problems)} problems, {unscored} unscored")
    figures = {
        name: Figures(
            [
                [
                    [
                        (probability, label)
                        for probability, label, kept in zip(
                            scores[position], tested[position].labels, both[position], strict=True
                        )
                        if kept and probability is not None
                    ]
                    for position in chosen
                    if tested[position].question == problem
                ]
                for problem in problems
            ]
        )
        for name, scores in judges.items()
    }
    ones = [1] * len(problems)
    drawn = Random("judges")
    draws = [[0] * len(problems) for _ in range(RESAMPLES)]
    for draw in draws:
        for index in drawn.choices(range(len(problems)), k=len(problems)):
            draw[index] += 1
    for name, part in figures.items():
        print(
            f"  {name:28} AUROC within {part.within(ones):.3f}, pooled {part.pooled(ones):.3f}, "
            f"ECE {part.ece:.3f}, Brier {part.brier:.3f}"
        )
    mine = [name for name in figures if name.startswith("learned")]
    for name in mine:
        one = figures[name]
        for other, two in figures.items():
            if other not in mine:
                print(
                    f"  {name} - {other}: within {difference(one.within, two.within, draws, ones)}"
                    f", pooled {difference(one.pooled, two.pooled, draws, ones)}"
                )


class Figures:
    """One judge's figures, for any weighing of the problems."""

    def __init__(self, problems: Sequence[Sequence[Scored]]) -> None:
        """Take the scored pairs of each unit of each problem."""
        self._within = [
            [value for value in map(auroc, units) if value is not None] for units in problems
        ]
        together = [[pair for unit in units for pair in unit] for units in problems]
        everything = [pair for part in together for pair in part]
        self._pooled = Pooled(together)
        self.ece = calibration_error(everything)
        self.brier = brier(everything)

    def within(self, counts: Sequence[int]) -> float:
        """Return the AUROC within a problem, averaged."""
        values = [v for c, part in zip(counts, self._within, strict=True) for v in part * c]
        return fmean(values) if values else float("nan")

    def pooled(self, counts: Sequence[int]) -> float:
        """Return the AUROC of all pairs together."""
        value = self._pooled.auroc(counts)
        return float("nan") if value is None else value


def difference(
    one: Callable[[Sequence[int]], float],
    two: Callable[[Sequence[int]], float],
    draws: Sequence[Sequence[int]],
    ones: Sequence[int],
) -> str:
    """Return how far one is above the other, and the paired 95% interval over problems."""
    gaps = [gap for draw in draws if (gap := one(draw) - two(draw)) == gap]
    interval = percentile_interval(gaps)
    shown = "-" if interval is None else f"[{interval[0]:+.3f}, {interval[1]:+.3f}]"
    return f"{one(ones) - two(ones):+.3f} {shown}"


if __name__ == "__main__":
    main()
