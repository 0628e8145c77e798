"""`deepprune record`: full traces of many problems, resumable at any moment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from deepprune_adapters.cli.choose import BACKENDS

__all__ = ["EXAMPLES", "record", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune record problems.jsonl -o traces.jsonl.gz -n 64
  deepprune record problems.jsonl -o traces.jsonl.gz -n 64 --model MODEL --logprobs 20
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(record)


def record(
    problems: Annotated[
        Path,
        typer.Argument(
            metavar="PROBLEMS.jsonl",
            help='Problems, {"question", "problem"?, "gold"?} a line, plain or gzipped.',
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
            help="The recording; one that is there is gone on with.",
            show_default=False,
        ),
    ],
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="Traces a problem.")] = 64,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(BACKENDS),
            help="Where traces come from: a model in this process, or a server. "
            "By default openai with --base-url or the name of a hosted --model, else llama.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.gguf",
            help="A hosted model's name, or a GGUF file; by default the small embedded model.",
            show_default=False,
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="An OpenAI-compatible server, such as http://localhost:8000/v1.",
            show_default=False,
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Most tokens a trace; by default 512 with llama, else the server's limit.",
            show_default=False,
        ),
    ] = None,
    temperature: Annotated[float, typer.Option(metavar="T", help="Sampling temperature.")] = 0.8,
    top_p: Annotated[
        float | None, typer.Option(metavar="P", help="Nucleus sampling.", show_default=False)
    ] = None,
    logprobs: Annotated[
        int,
        typer.Option(
            min=0, metavar="K", help="Candidates a token to keep the confidence of; 0 keeps none."
        ),
    ] = 0,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Trace i is sampled with this seed + i.")
    ] = 0,
    instruction: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Follows each question on a line of its own; '' adds nothing. By default: Reason "
            "step by step, and put your final answer within \\boxed{}.",
            show_default=False,
        ),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Most streams at once; by default the backend's own.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Record full traces of PROBLEMS, to try every method on them later.

    Each trace is in the file as soon as it has ended.
    Stopped or killed at any moment, the same command goes on with the rest.
    Traces that failed are tried again then.

    Exit codes: 0 all recorded, 1 some failed, 2 wrong use, 130 interrupted.
    """
    from deepprune_adapters.cli.choose import choose_backend, default_max_tokens
    from deepprune_adapters.cli.jobs.recording import RecordJob, record_all
    from deepprune_sdk import Sampling
    from deepprune_sdk.recorder import INSTRUCTION, read_problems

    name = choose_backend(backend, model, base_url)
    return record_all(
        RecordJob(
            problems=read_problems(problems),
            output=output,
            n=n,
            backend=name,
            model=model,
            base_url=base_url,
            sampling=Sampling(
                temperature=temperature,
                top_p=top_p,
                max_tokens=default_max_tokens(name) if max_tokens is None else max_tokens,
                top_logprobs=logprobs,
                seed=seed,
            ),
            instruction=INSTRUCTION if instruction is None else instruction,
            concurrency=concurrency,
        )
    )
