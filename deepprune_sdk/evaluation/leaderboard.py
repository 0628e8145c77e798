"""From replayed draws to the table of methods: means, intervals, differences, Pareto front."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import fsum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from deepprune_sdk.evaluation.bench import CONS, Draw, Outcome
from deepprune_sdk.evaluation.statistics import Interval, bootstrap, mean, pareto_front

__all__ = ["BenchReport", "MethodReport", "ProblemReport", "summarize_bench"]


NOTABLE = 0.1
"""Share of traces without a readable answer from which on the figures are doubtful."""


class _Report(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, use_attribute_docstrings=True)


class ProblemReport(_Report):
    """One method on one problem: means over its draws."""

    agreement_with_full: float
    accuracy: float | None
    """None where the recording has no reference answer."""
    tokens: float
    critical_tokens: float


class MethodReport(_Report):
    """One method: means over problems of means over draws. Intervals resample problems."""

    agreement_with_full: float
    """Share of draws with the answer of the full vote on the same draw, of those where that has
    one; 0 where there are none."""
    agreement_with_full_ci: Interval | None
    accuracy: float | None
    accuracy_ci: Interval | None
    accuracy_minus_cons: float | None
    """Paired, on the same draws."""
    accuracy_minus_cons_ci: Interval | None
    tokens: float
    """A problem: generated, and the judge's and the probes' own."""
    tokens_ci: Interval | None
    token_reduction: float
    """1 - tokens / tokens of cons@n."""
    critical_tokens: float
    """Tokens that had to be generated one after another."""
    judge_tokens: float
    prompt_tokens: float
    """Of the prompts of all started traces, not among `tokens`; estimated, a question counted as
    its traces are. A server that caches the prefix reads them once."""
    pass_at_k: float | None
    """Share of draws in which some observed answer is the reference answer."""
    distinct_answers: float
    started: float
    finished: float
    closed: float
    pareto: bool
    """Whether no other method has both fewer tokens and more agreement."""
    per_problem: dict[str, ProblemReport]


class BenchReport(_Report):
    """A bench run. The same seed gives the same bytes but for `measured`."""

    problems: int
    n: int
    repeats: int
    seed: int
    judge: str
    intervals: str
    """How the intervals were made, or why there are none."""
    methods: dict[str, MethodReport]
    left_out: dict[str, str] = Field(default_factory=dict[str, str])
    """Methods that cannot work on these recordings, and why."""
    warnings: list[str] = Field(default_factory=list[str])
    """What makes the figures doubtful, with numbers: traces whose answers could not be read."""
    measured: dict[str, float]
    """Processor seconds of the replays, by method."""


def summarize_bench(
    draws: Iterable[Draw], *, n: int, repeats: int, seed: int, judge: str, all_drawn: bool
) -> BenchReport:
    """Put draws into a report.

    Args:
        draws: In any order.
        n: Traces a draw.
        repeats: Draws a problem.
        seed: Of the draws.
        judge: Name of the judge.
        all_drawn: Whether a problem has no more than n traces, so that its draws are all the same
            and intervals would be too narrow: then there are none.
    """
    ordered = sorted(draws, key=lambda drawn: (drawn.problem, drawn.repeat))
    problems = list(dict.fromkeys(drawn.problem for drawn in ordered))
    refused = {name: why for drawn in reversed(ordered) for name, why in drawn.refused.items()}
    names = [name for name in ordered[0].outcomes if name not in refused] if ordered else []
    table = {
        name: {
            problem: [drawn.outcomes[name] for drawn in ordered if drawn.problem == problem]
            for problem in problems
        }
        for name in names
    }
    means = {name: _means(outcomes) for name, outcomes in table.items()}
    front = pareto_front(
        {
            name: (_mean_of(values, "tokens"), _mean_of(values, "agrees"))
            for name, values in means.items()
        }
    )
    return BenchReport(
        problems=len(problems),
        n=n,
        repeats=repeats,
        seed=seed,
        judge=judge,
        intervals=(
            f"none: a problem has just {n} traces, so that its draws are all the same"
            if all_drawn
            else "95%, percentile bootstrap over problems"
        ),
        methods={
            name: _method(means[name], means[CONS], name in front, None if all_drawn else seed)
            for name in names
        },
        left_out=refused,
        warnings=list(_doubts(table.get(CONS, {}))),
        measured={
            name: round(fsum(o.seconds for rows in table[name].values() for o in rows), 4)
            for name in names
        },
    )


def _doubts(full: Mapping[str, Sequence[Outcome]]) -> Iterator[str]:
    """Say where the full vote itself stands on little."""
    rows = [row for outcomes in full.values() for row in outcomes]
    traces, unread = sum(row.finished for row in rows), sum(row.unread for row in rows)
    if unread > NOTABLE * traces:
        yield (
            f"{unread / traces:.0%} of the traces drawn have no answer that could be read: say how "
            "answers are stated (--answers), or record with a higher --max-tokens"
        )
    silent = [
        problem for problem, outcomes in full.items() if all(o.agrees is None for o in outcomes)
    ]
    if silent:
        yield (
            f"{len(silent)} of {len(full)} problems have no trace with an answer, and say nothing "
            f"about agreement: {', '.join(silent[:3])}{', ...' if len(silent) > 3 else ''}"
        )


_Means = Mapping[str, Mapping[str, float]]
"""By measure, then by problem; a problem without the measure is left out."""

_MEASURES: Mapping[str, Callable[[Outcome], float | None]] = {
    "agrees": lambda outcome: outcome.agrees,
    "correct": lambda outcome: outcome.correct,
    "tokens": lambda outcome: outcome.generated + outcome.judge,
    "critical": lambda outcome: outcome.critical,
    "judge": lambda outcome: outcome.judge,
    "prompt": lambda outcome: outcome.prompt,
    "pass_at_k": lambda outcome: outcome.pass_at_k,
    "distinct": lambda outcome: outcome.distinct,
    "started": lambda outcome: outcome.started,
    "finished": lambda outcome: outcome.finished,
    "closed": lambda outcome: outcome.closed,
}


def _means(outcomes: Mapping[str, Sequence[Outcome]]) -> _Means:
    table: dict[str, dict[str, float]] = {}
    for measure, read in _MEASURES.items():
        table[measure] = {}
        for problem, rows in outcomes.items():
            values = [float(value) for row in rows if (value := read(row)) is not None]
            if values:
                table[measure][problem] = fsum(values) / len(values)
    return table


def _mean_of(means: _Means, measure: str) -> float:
    return mean(list(means[measure].values())) or 0.0


def _method(means: _Means, cons: _Means, on_front: bool, seed: int | None) -> MethodReport:
    def interval(values: Iterable[float]) -> Interval | None:
        return None if seed is None else bootstrap(list(values), seed)

    tokens = _mean_of(means, "tokens")
    correct = means["correct"]
    difference = [correct[problem] - cons["correct"][problem] for problem in correct]
    return MethodReport(
        agreement_with_full=_mean_of(means, "agrees"),
        agreement_with_full_ci=interval(means["agrees"].values()),
        accuracy=mean(list(correct.values())),
        accuracy_ci=interval(correct.values()),
        accuracy_minus_cons=mean(difference),
        accuracy_minus_cons_ci=interval(difference),
        tokens=tokens,
        tokens_ci=interval(means["tokens"].values()),
        token_reduction=1.0 - tokens / (_mean_of(cons, "tokens") or 1.0),
        critical_tokens=_mean_of(means, "critical"),
        judge_tokens=_mean_of(means, "judge"),
        prompt_tokens=_mean_of(means, "prompt"),
        pass_at_k=mean(list(means["pass_at_k"].values())),
        distinct_answers=_mean_of(means, "distinct"),
        started=_mean_of(means, "started"),
        finished=_mean_of(means, "finished"),
        closed=_mean_of(means, "closed"),
        pareto=on_front,
        per_problem={
            problem: ProblemReport(
                agreement_with_full=means["agrees"].get(problem, 0.0),
                accuracy=correct.get(problem),
                tokens=means["tokens"][problem],
                critical_tokens=means["critical"][problem],
            )
            for problem in means["tokens"]
        },
    )
