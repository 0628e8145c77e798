"""The settings of the default method, chosen on half of the problems and reported on the other.

Every candidate and Adaptive-Consistency see the same draws. The problems are split in two at
random, many times, the same question always on one side; on one half the candidate with the fewest
tokens is chosen among those that agree with the full vote as often as asked and need at most a
quarter of Adaptive-Consistency's critical path, and the other half reports what became of it; then
the other way round.

    python bench/choose_default.py traces-*.jsonl.gz -n 12
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from random import Random
from statistics import fmean
from typing import NamedTuple

from deepprune_adapters.cli.choose import choose_judge
from deepprune_adapters.cli.recordings import read_problems
from deepprune_sdk import SettledVote, method
from deepprune_sdk.evaluation.bench import run_bench
from deepprune_sdk.evaluation.leaderboard import BenchReport, summarize_bench
from deepprune_sdk.policies import DEFAULT_METHOD, Policy

RIVAL = "adaptive-consistency"
CONFIDENCES = (0.85, 0.9, 0.95, 0.98)
LOOKAHEADS = (1, 1.25, 1.5, 2)


class Means(NamedTuple):
    """One method over some problems, tokens and critical path in units of the rival's."""

    agreement: float
    tokens: float
    critical: float


def candidates(taus: Sequence[float | None]) -> dict[str, Policy]:
    """Return every combination of the settings, as `--method` spells it; no tau, no pruning."""
    found: dict[str, Policy] = {}
    for of, confidence, lookahead, tau in product(
        ("full-vote", "mode"), CONFIDENCES, LOOKAHEADS, taus
    ):
        if of == "mode" and (confidence != 0.95 or tau != taus[0]):
            continue  # Adaptive-Consistency's own rule, for what prediction and lookahead bring
        settings = f"of={of},confidence={confidence},lookahead={lookahead}"
        if tau is None:
            settled = SettledVote(of=of, confidence=confidence, lookahead=lookahead)
            found[f"no pruning, {settings}"] = settled
        else:
            name = f"{DEFAULT_METHOD}:{settings},tau={tau}"
            found[name] = method(name)
    return found


def means(report: BenchReport, name: str, problems: Sequence[str]) -> Means:
    """Average a method over problems."""
    own, rival = report.methods[name].per_problem, report.methods[RIVAL].per_problem
    return Means(
        fmean(own[problem].agreement_with_full for problem in problems),
        fmean(own[p].tokens for p in problems) / fmean(rival[p].tokens for p in problems),
        fmean(own[p].critical_tokens for p in problems)
        / fmean(rival[p].critical_tokens for p in problems),
    )


def choose(
    report: BenchReport,
    names: Sequence[str],
    problems: Sequence[str],
    target: float,
    latency: float,
) -> str:
    """Return the cheapest candidate that keeps the bounds on these problems."""
    figures = {name: means(report, name, problems) for name in names}
    good = [
        name
        for name, found in figures.items()
        if found.agreement >= target and found.critical <= latency
    ]
    # Where none keeps both bounds, the answer comes first.
    return min(
        good or [max(names, key=lambda name: figures[name].agreement)],
        key=lambda name: figures[name].tokens,
    )


def main() -> None:
    """Replay, split, choose, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("traces", nargs="+", type=Path)
    parser.add_argument("-n", type=int, default=12, help="traces a draw")
    parser.add_argument("--repeats", type=int, default=20, help="draws a problem")
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--target", type=float, default=0.99, help="agreement to keep")
    parser.add_argument("--latency", type=float, default=0.25, help="of the rival's critical path")
    parser.add_argument("--taus", default="none,0.9,0.98", help="none: without pruning")
    parser.add_argument("--judge", default="learned")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    problems = read_problems(given.traces, None, skip_bad=False)
    taus = [None if tau == "none" else float(tau) for tau in given.taus.split(",")]
    methods = {RIVAL: method(RIVAL), **candidates(taus)}
    draws = run_bench(
        problems,
        methods,
        choose_judge(given.judge),
        n=given.n,
        repeats=given.repeats,
        seed=given.seed,
    )
    report = summarize_bench(
        draws, n=given.n, repeats=given.repeats, seed=given.seed, judge=given.judge, all_drawn=False
    )
    names = [name for name in methods if name != RIVAL]
    questions: dict[str, list[str]] = {}
    for problem, traces in problems.items():
        questions.setdefault(traces[0].question, []).append(problem)

    _print_table(report, names)
    _print_splits(
        report,
        questions,
        lambda half: choose(report, names, half, given.target, given.latency),
        splits=given.splits,
        seed=given.seed,
    )


def _print_table(report: BenchReport, names: Sequence[str]) -> None:
    print(f"{report.problems} problems, {report.repeats} draws of {report.n}; {RIVAL} = 1")
    print(f"{'agrees':>7} {'tokens':>7} {'critical':>8}  method")
    for name in names:
        found = means(report, name, list(report.methods[name].per_problem))
        print(f"{found.agreement:7.1%} {found.tokens:7.3f} {found.critical:8.3f}  {name}")


def _print_splits(
    report: BenchReport,
    questions: Mapping[str, Sequence[str]],
    choose_on: Callable[[Sequence[str]], str],
    *,
    splits: int,
    seed: int,
) -> None:
    chosen: Counter[str] = Counter()
    held_out: list[Means] = []
    for split in range(splits):
        shuffled = sorted(questions)
        Random(f"{seed}/{split}").shuffle(shuffled)
        middle = len(shuffled) // 2
        halves = [
            [problem for question in part for problem in questions[question]]
            for part in (shuffled[:middle], shuffled[middle:])
        ]
        for own, other in (halves, halves[::-1]):
            best = choose_on(own)
            chosen[best] += 1
            held_out.append(means(report, best, other))
    print(f"\nchosen on one half, in {2 * splits} choices:")
    for name, times in chosen.most_common(8):
        print(f"{times:5}  {name}")
    agreement, tokens, critical = (fmean(column) for column in zip(*held_out, strict=True))
    least = min(found.agreement for found in held_out)
    print(
        f"on the other half: agrees {agreement:.1%} (least {least:.1%}), tokens {tokens:.3f}, "
        f"critical {critical:.3f}"
    )


if __name__ == "__main__":
    main()
