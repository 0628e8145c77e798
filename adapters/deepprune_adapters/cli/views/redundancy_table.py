"""The tables of `deepprune redundancy`."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deepprune_adapters.cli.views.text import clean, count, number
from deepprune_sdk.evaluation.earliness import Early
from deepprune_sdk.evaluation.redundancy import (
    ModelRedundancy,
    ProblemRedundancy,
    RedundancyReport,
)

__all__ = ["print_redundancy"]

COLUMNS: Final = (
    "answered",
    "same",
    "answers",
    "bits",
    "leading",
    "correct",
    "mentioned",
    "stated",
)


def print_redundancy(report: RedundancyReport) -> None:
    """Print one table per model, one row per problem, and the model's main figure."""
    console = Console(highlight=False, markup=False, emoji=False)
    for model in report.models:
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column("problem", overflow="fold")
        for name in COLUMNS:
            table.add_column(name, justify="right", no_wrap=True)
        for row in report.problems:
            if row.model == model.model:
                table.add_row(
                    Text(clean(row.problem, 60)), *_cells(row, row.same_share, len(row.answers))
                )
        if model.problems > 1:
            table.add_section()
            means = _cells(model, model.same_share_mean, model.distinct_answers)
            table.add_row(Text("mean"), *means, style="bold")
        console.print(Text(clean(model.model, 60), style="bold"))
        console.print(table)
        console.print(Text(_sentence(model)), soft_wrap=True)
        console.print()


def _cells(
    row: ProblemRedundancy | ModelRedundancy, same: float | None, answers: float | None
) -> list[str]:
    return [
        f"{row.answered}/{row.traces}",
        _share(same),
        "-" if answers is None else number(answers),
        "-" if row.entropy is None else f"{row.entropy:.2f}",
        _share(row.leading_share),
        _share(row.correct),
        _at(row.mentioned),
        _at(row.stated),
    ]


def _sentence(row: ModelRedundancy) -> str:
    """Say a model's main figure, with its interval and all it leaves out."""
    if row.same_share_mean is None:
        found = "no pairs: no problem has two traces with answers"
    else:
        interval = row.same_share_ci
        sure = "" if interval is None else f" [{interval[0]:.0%}, {interval[1]:.0%}]"
        found = (
            f"{row.same_share_mean:.1%}{sure} of the pairs of a problem end in the same answer "
            f"(mean over {count(row.paired, 'problem')}; all pairs pooled: "
            f"{row.same:,} same, {row.different:,} different)"
        )
    closed = f"; {count(row.closed, 'closed trace')} left out" if row.closed else ""
    return found + closed


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _at(early: Early | None) -> str:
    return "-" if early is None else f"{early.median:.0%}"
