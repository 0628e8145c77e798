"""`deepprune bench`: every method on the same draws of recorded traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deepprune_adapters.cli.choose import DEFAULT_JUDGE, JUDGES, METHOD_HELP
from deepprune_adapters.cli.commands.redundancy import MapOption, SkipBadOption
from deepprune_adapters.cli.files import require_outputs, write_file
from deepprune_adapters.cli.recordings import read_problems
from deepprune_adapters.cli.views.text import clean, count, number

if TYPE_CHECKING:
    from deepprune_sdk.evaluation.bench import Draw
    from deepprune_sdk.evaluation.leaderboard import BenchReport
    from deepprune_sdk.policies import Policy
    from deepprune_sdk.results.reports import JudgeReport

__all__ = ["EXAMPLES", "bench", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune bench traces.jsonl.gz --method cons,deepprune-settled -n 32
  deepprune bench traces.jsonl.gz --method deepprune:tau=0.7,deepprune:tau=0.9 --json table.json
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(bench)


def bench(
    traces: Annotated[
        list[Path], typer.Argument(metavar="TRACES...", help="Recordings (deepprune-trace/1).")
    ],
    *,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:key=value,...],...",
            help="Methods; cons is always among them. By default all that the recordings allow. "
            f"{METHOD_HELP}",
            show_default=False,
        ),
    ] = None,
    judge: Annotated[
        str, typer.Option(metavar="|".join(JUDGES), help="Who says which traces are redundant.")
    ] = DEFAULT_JUDGE,
    n: Annotated[int, typer.Option("-n", "--n", min=1, metavar="N", help="Traces a draw.")] = 32,
    repeats: Annotated[
        int, typer.Option(min=1, metavar="N", help="Draws a problem, without replacement.")
    ] = 20,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed, the same bytes.")] = 0,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the table.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Draw it.", show_default=False)
    ] = None,
    mapping: MapOption = None,
    skip_bad: SkipBadOption = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Processes; by default one a core.", show_default=False
        ),
    ] = None,
) -> int:
    """Try methods on recorded TRACES, without running a model.

    Each method sees the same draws of n traces a problem. Tokens are a problem's: generated, and
    the judge's own.
    """
    from deepprune_adapters.cli.choose import choose_judge
    from deepprune_sdk.evaluation.bench import run_bench
    from deepprune_sdk.evaluation.leaderboard import summarize_bench
    from deepprune_sdk.methods import METHODS

    methods = named_methods(method or [row.name for row in METHODS.values() if row.ready])
    make_judge = choose_judge(judge)
    require_outputs(json, report)
    problems = read_problems(traces, mapping, skip_bad)
    draws = run_bench(
        problems,
        methods,
        make_judge,
        n=n,
        repeats=repeats,
        seed=seed,
        workers=workers,
        leave_out=method is None,
    )
    judged: list[JudgeReport] = []
    summary = summarize_bench(
        _watched(draws, len(problems) * repeats, judged),
        n=n,
        repeats=repeats,
        seed=seed,
        judge=judge,
        all_drawn=any(len(recorded) == n for recorded in problems.values()),
    )
    _print(summary)
    broken = sum(report.failed + report.late + report.malformed for report in judged)
    if broken:
        asked = count(sum(report.asked for report in judged), "pair")
        fault = clean(next(report.fault for report in judged if report.fault), 300)
        typer.echo(
            f"deepprune: the judge gave no usable word on {broken:,} of {asked}: it {fault}",
            err=True,
        )
    if json is not None:
        write_file("--json", json, summary.model_dump_json(indent=1) + "\n")
    if report is not None:
        from deepprune_adapters.report import bench_report

        title = ", ".join(path.name for path in traces)
        write_file("--report", report, bench_report(summary, title=title))
    return 0


def named_methods(texts: Iterable[str]) -> Mapping[str, Policy]:
    """Make the methods of `NAME[:key=value,...],...`; a setting belongs to the name before it.

    Raises:
        ConfigurationError: As `method`.
    """
    from deepprune_sdk import method

    names: list[str] = []
    for part in (part.strip() for text in texts for part in text.split(",")):
        first = part.partition("+")[0]
        if "=" in first and ":" not in first and names:
            names[-1] += f",{part}" if ":" in names[-1] else f":{part}"
        elif part:
            names.append(part)
    return {name: method(name) for name in names}


def _watched(draws: Iterator[Draw], total: int, judged: list[JudgeReport]) -> Iterator[Draw]:
    """Show how far the draws are, and keep what became of the judge."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("replaying", total=total)
        for drawn in draws:
            progress.advance(task)
            judged += (outcome.judging for outcome in drawn.outcomes.values())
            yield drawn


def _print(report: BenchReport) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    wide = console.width >= 110  # the intervals are in the files, and here where there is room
    table = Table(box=None, pad_edge=False)
    for heading in (
        "method",
        "agrees",
        "accuracy",
        "tokens",
        "saved",
        "critical",
        "judge",
        "closed",
    ):
        if heading == "method":
            table.add_column(heading, overflow="fold")  # a long one is folded, the figures never
        else:
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
    for name, why in report.left_out.items():
        console.print(Text(f"without {clean(name)}: {clean(why)}"))


def _share(value: float, interval: tuple[float, float] | None, wide: bool) -> str:
    if interval is None or not wide:
        return f"{value:.1%}"
    return f"{value:.1%} [{100 * interval[0]:.0f}-{100 * interval[1]:.0f}]"
