"""`deepprune record`: full traces of many problems, resumable at any moment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from deepprune_adapters.cli.bounds import Bounds
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import AnswersOption, Source, SystemOption

__all__ = ["record", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune record problems.jsonl -o traces.jsonl.gz -n 64 --answers math
  deepprune record problems.jsonl -o traces.jsonl.gz -n 64 --model MODEL --logprobs 20
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, record, epilog=EXAMPLES)


def record(
    problems: Annotated[
        Path,
        typer.Argument(
            metavar="PROBLEMS.jsonl",
            help='One problem per line, as {"question", "problem"?, "gold"?}; plain or gzipped.',
            show_default=False,
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT.jsonl.gz",
            help="The recording; one that exists is continued.",
            show_default=False,
        ),
    ],
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="Traces per problem.")] = 64,
    source: Source,
    bounds: Bounds,
    system: SystemOption = None,
    top_p: Annotated[
        float | None, typer.Option(metavar="P", help="Nucleus sampling.", show_default=False)
    ] = None,
    logprobs: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="K",
            help="Keep the confidence of each token, over K candidates; 0 keeps none.",
        ),
    ] = 0,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Trace i is sampled with this seed + i.")
    ] = 0,
    instruction: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Follows each question on a line of its own; '' adds nothing. By default what "
            "the kind of --answers asks for, as in solve.",
            show_default=False,
        ),
    ] = None,
    answers: AnswersOption = None,
) -> int:
    """Record full traces of PROBLEMS, to try every method on them later.

    Each trace is in the file as soon as it has ended.
    After a stop or a kill at any moment, the same command continues with the rest.
    Traces that failed are then tried again.

    Exit codes: 0 all recorded, 1 some failed, 2 wrong use, 130 interrupted.
    """
    from deepprune_adapters.cli.jobs.recording import RecordJob, record_all
    from deepprune_sdk.answers.by_name import as_extractor
    from deepprune_sdk.recorder import read_problems

    bounds.check()
    return record_all(
        RecordJob(
            problems=read_problems(problems),
            output=output,
            n=n,
            source=source,
            sampling=source.sampling(seed=seed, top_p=top_p, top_logprobs=logprobs),
            answers=as_extractor(answers),
            instruction=instruction,
            system=system,
            bounds=bounds,
        )
    )
