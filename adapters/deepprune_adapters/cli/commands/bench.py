"""`deepprune bench`: every method on the same draws of recorded traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deepprune_adapters.cli.choose import DEFAULT_JUDGE, METHOD_HELP, choose_judge
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import (
    DrawSizeOption,
    DropSmallOption,
    JudgeOption,
    Outputs,
    RepeatsOption,
    SeedOption,
)
from deepprune_adapters.cli.recordings import Recordings
from deepprune_adapters.cli.views.text import complain

if TYPE_CHECKING:
    from deepprune_sdk.evaluation.bench import Draw
    from deepprune_sdk.policies import Policy
    from deepprune_sdk.results.reports import JudgeReport

__all__ = ["bench", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune bench traces.jsonl.gz --method cons,deepprune-settled -n 32
  deepprune bench traces.jsonl.gz --method deepprune:tau=0.7,deepprune:tau=0.9 --json table.json
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, bench, epilog=EXAMPLES)


def bench(
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
    judge: JudgeOption = DEFAULT_JUDGE,
    n: DrawSizeOption = 32,
    repeats: RepeatsOption = 20,
    seed: SeedOption = 0,
    drop_small: DropSmallOption = False,
    outputs: Outputs,
    recordings: Recordings,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Processes; by default one per core.", show_default=False
        ),
    ] = None,
) -> int:
    """Try methods on recorded TRACES, without running a model.

    Each method sees the same draws of n traces per problem. Tokens are those of one problem:
    generated, and the judge's own.
    """
    from deepprune_adapters.cli.views.bench_table import print_bench
    from deepprune_adapters.cli.views.summary import unusable
    from deepprune_sdk.evaluation.bench import run_bench
    from deepprune_sdk.evaluation.leaderboard import summarize_bench
    from deepprune_sdk.methods import METHODS

    methods = named_methods(method or [row.name for row in METHODS.values() if row.ready])
    make_judge = choose_judge(judge)
    answers = recordings.extractor()
    outputs.require()
    problems = recordings.by_problem(n if drop_small else 0)
    draws = run_bench(
        problems,
        methods,
        make_judge,
        n=n,
        repeats=repeats,
        seed=seed,
        answers=answers,
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
    print_bench(summary)
    if fault := unusable(judged):
        complain(fault)

    def page() -> str:
        from deepprune_adapters.report import bench_report

        return bench_report(summary, title=", ".join(path.name for path in recordings.traces))

    outputs.write(summary.model_dump_json(indent=1), page)
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
