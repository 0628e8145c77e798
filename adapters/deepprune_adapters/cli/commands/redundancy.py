"""`deepprune redundancy`: how much of one's own traces is redundant, and how early it shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deepprune_adapters.cli.files import require_writable, write_file
from deepprune_adapters.cli.views.text import clean, count, number

if TYPE_CHECKING:
    from deepprune_sdk.evaluation.earliness import Early
    from deepprune_sdk.evaluation.redundancy import (
        ModelRedundancy,
        ProblemRedundancy,
        RedundancyReport,
    )
    from deepprune_sdk.recording import TraceReader

__all__ = ["EXAMPLES", "MapOption", "SkipBadOption", "open_reader", "redundancy", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune redundancy traces.jsonl.gz
  deepprune redundancy theirs.jsonl --map question=prompt --map traces=samples[].text
"""

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

MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=PATH",
        help="Where another layout has a field: a.b, or a[].b for the b of each element of a.",
        show_default=False,
    ),
]
SkipBadOption = Annotated[
    bool, typer.Option("--skip-bad", help="Count traces that cannot be read, and go on.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(redundancy)


def redundancy(
    traces: Annotated[
        list[Path],
        typer.Argument(
            metavar="TRACES...", help="Recordings (deepprune-trace/1).", show_default=False
        ),
    ],
    *,
    mapping: MapOption = None,
    skip_bad: SkipBadOption = False,
    as_json: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", help="Write the figures as JSON.", show_default=False
        ),
    ] = None,
) -> int:
    """Measure how redundant TRACES are: same-answer pairs, diversity, how early answers appear.

    A pair is two traces of one model and problem that both have an answer.
    mentioned: where the text of a trace's answer first stands in it.
    stated: where a trace first commits to an answer. Both in tokens, as medians.
    """
    from deepprune_sdk.evaluation.redundancy import study_redundancy

    require_writable("--json", as_json)
    reader = open_reader(traces, mapping, skip_bad)
    report = study_redundancy(reader)
    if as_json is not None:
        write_file("--json", as_json, report.model_dump_json(indent=1) + "\n")
    _print(report)
    if reader.skipped:
        left_out = f"{count(reader.skipped, 'fault')} left out; the first: {reader.first_fault}"
        typer.echo(f"deepprune: {clean(left_out, 600)}", err=True)
    return 0


def open_reader(
    paths: Sequence[Path], mapping: Sequence[str] | None, skip_bad: bool
) -> TraceReader:
    """Return the reader that the options of a command mean.

    Raises:
        ConfigurationError: A mapping is malformed, or names an unknown field.
    """
    from deepprune_sdk import ConfigurationError
    from deepprune_sdk.recording import TraceReader

    if not mapping:
        return TraceReader(paths, skip_bad=skip_bad)
    from deepprune_adapters.tokens import default_counter

    named: dict[str, str] = {}
    for entry in mapping:
        field, equals, path = entry.partition("=")
        if not (field and equals and path):
            raise ConfigurationError(f"--map {entry!r}: write FIELD=PATH, as question=prompt.text")
        named[field] = path
    return TraceReader(paths, skip_bad=skip_bad, mapping=named, counter=default_counter())


def _print(report: RedundancyReport) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

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
