"""`deepprune abstain`: from which agreement on an answer is worth giving."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from deepprune_adapters.cli.files import require_writable, write_file
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import (
    DrawSizeOption,
    DropSmallOption,
    JsonOption,
    RepeatsOption,
    SeedOption,
)
from deepprune_adapters.cli.recordings import Recordings

__all__ = ["abstain", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune abstain traces.jsonl.gz -n 16 --target 0.95
  deepprune solve "..." -n 16 --abstain-below 0.55
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, abstain, epilog=EXAMPLES)


def abstain(
    *,
    target: Annotated[
        float,
        typer.Option(min=0, max=1, metavar="SHARE", help="Answers that are to be right."),
    ] = 0.95,
    n: DrawSizeOption = 16,
    repeats: RepeatsOption = 20,
    seed: SeedOption = 0,
    drop_small: DropSmallOption = False,
    recordings: Recordings,
    as_json: JsonOption = None,
) -> int:
    """Find the --abstain-below for which answers are right as often as you want, on TRACES.

    A vote is right if its answer is the reference answer or, without one, that of all traces.

    Exit codes: 0 there is such an agreement, 1 there is none.
    """
    from deepprune_adapters.cli.views.abstention import print_abstention
    from deepprune_sdk.evaluation.abstention import study_abstention

    answers = recordings.extractor()
    require_writable("--json", as_json)
    problems = recordings.by_problem(n if drop_small else 0)
    study = study_abstention(problems, n=n, repeats=repeats, seed=seed, answers=answers)
    print_abstention(study, target)
    if as_json is not None:
        write_file("--json", as_json, study.model_dump_json(indent=1) + "\n")
    return 0 if study.least(target) is not None else 1
