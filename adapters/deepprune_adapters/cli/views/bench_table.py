"""The table of `deepprune bench`."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deepprune_adapters.cli.views.text import clean, count, number
from deepprune_sdk.evaluation.leaderboard import BenchReport

__all__ = ["print_bench"]

FIGURES: Final = ("agrees", "accuracy", "tokens", "saved", "critical", "judge", "closed")
WIDE: Final = 110
"""Cells from which there is room for the intervals, which are in the files anyway."""


def print_bench(report: BenchReport) -> None:
    """Print one row per method, and how they were measured."""
    console = Console()
    wide = console.width >= WIDE
    table = Table(box=None, pad_edge=False)
    table.add_column("method", overflow="fold")  # a long one is folded, the figures never
    for heading in FIGURES:
        table.add_column(heading, justify="right", no_wrap=True)
    for name, row in report.methods.items():
        table.add_row(
            Text(("* " if row.pareto else "  ") + clean(name)),
            _share(row.agreement_with_full, row.agreement_with_full_ci, wide),
            "-" if row.accuracy is None else _share(row.accuracy, row.accuracy_ci, wide),
            f"{row.tokens:,.0f}",
            f"{row.token_reduction:.1%}",
            f"{row.critical_tokens:,.0f}",
            f"{row.judge_tokens:,.0f}",
            number(row.closed),
        )
    console.print(table)
    console.print(
        Text(
            f"{count(report.problems, 'problem')}, {report.repeats} draws of {report.n} traces "
            f"each, judge {clean(report.judge)}, seed {report.seed}; "
            f"intervals: {report.intervals}; "
            "* no method has both fewer tokens and more agreement"
        )
    )
    for warning in report.warnings:
        console.print(Text(f"warning: {clean(warning)}"))
    for name, why in report.left_out.items():
        console.print(Text(f"without {clean(name)}: {clean(why)}"))


def _share(value: float, interval: tuple[float, float] | None, wide: bool) -> str:
    if interval is None or not wide:
        return f"{value:.1%}"
    return f"{value:.1%} [{100 * interval[0]:.0f}-{100 * interval[1]:.0f}]"
