"""What pruning brings with a judge of any quality: the default method with simulated judges.

A simulated judge knows how the recorded traces end and says so, calibrated, with a given AUROC
within a problem. Every method sees the same draws.

    python bench/judge_quality.py traces-*.jsonl.gz -n 12
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from deepprune_adapters.cli.recordings import read_problems
from deepprune_sdk import method
from deepprune_sdk.evaluation.bench import run_bench
from deepprune_sdk.evaluation.leaderboard import MethodReport, summarize_bench
from deepprune_sdk.evaluation.simulated import SimulatedJudge
from deepprune_sdk.recording import RecordedTrace

AUROCS = (0.5, 0.7, 0.87, 0.95, 1.0)
METHODS = {
    name: method(name)
    for name in (
        "adaptive-consistency",
        "deepprune-settled:tau=1",  # nothing is redundant: only lookahead and settling are left
        "deepprune-settled",
        "deepprune-settled:tau=0.8",
        "deepprune-settled:tau=0.5",
        "deepprune-paper",
    )
}


def main() -> None:
    """Replay with each judge and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("traces", nargs="+", type=Path)
    parser.add_argument("-n", type=int, default=12, help="traces a draw")
    parser.add_argument("--repeats", type=int, default=20, help="draws a problem")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    problems = read_problems(given.traces, None, skip_bad=False)
    for auroc in AUROCS:
        _print(auroc, _replay(problems, auroc, given.n, given.repeats, given.seed))


def _replay(
    problems: Mapping[str, Sequence[RecordedTrace]], auroc: float, n: int, repeats: int, seed: int
) -> Mapping[str, MethodReport]:
    draws = run_bench(
        problems,
        METHODS,
        partial(SimulatedJudge, problems, auroc),
        n=n,
        repeats=repeats,
        seed=seed,
        workers=1,
    )
    return summarize_bench(
        draws, n=n, repeats=repeats, seed=seed, judge=f"AUROC {auroc}", all_drawn=False
    ).methods


def _print(auroc: float, methods: Mapping[str, MethodReport]) -> None:
    rival = methods["adaptive-consistency"]
    print(f"AUROC {auroc:g}: agrees, tokens and critical path relative to Adaptive-Consistency")
    for name, row in methods.items():
        print(
            f"  {row.agreement_with_full:6.1%} {row.tokens / rival.tokens:6.3f} "
            f"{row.critical_tokens / rival.critical_tokens:6.3f}  {name}"
        )


if __name__ == "__main__":
    main()
