"""`deepprune solve`: one question, many traces, one answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deepprune_adapters.cli.choose import (
    BACKENDS,
    DEFAULT_JUDGE,
    DEFAULT_METHOD,
    JUDGES,
    METHOD_HELP,
)

if TYPE_CHECKING:
    from deepprune_sdk import Message

__all__ = ["EXAMPLES", "solve"]

EXAMPLES: Final = """\b
Examples:
  deepprune solve "What is 17 * 23?" -n 32
  deepprune solve "How many primes are below 100?" --model MODEL --shadow
  deepprune solve "What is 17 * 23?" --method adaptive-consistency:width=4
  deepprune solve "What is 17 * 23?" --report run.html
  deepprune solve - --base-url http://localhost:8000/v1 --model MODEL < question
"""

# Nothing here loads the SDK before a run is asked for: --help and a misspelt option answer at once.


def solve(
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT",
            help="The question; - reads it from standard input.",
            show_default=False,
        ),
    ],
    *,
    n: Annotated[
        int, typer.Option("-n", min=1, metavar="N", help="Traces to sample at most.")
    ] = 16,
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
            help="An OpenAI-compatible server, such as http://localhost:8000/v1; by default "
            "OPENAI_BASE_URL or OpenAI itself. The key is OPENAI_API_KEY.",
            show_default=False,
        ),
    ] = None,
    judge: Annotated[
        str,
        typer.Option(
            metavar="|".join(JUDGES),
            help="Who says which traces are redundant; learned:prior=0.6 tells it the share of "
            "pairs of traces that agree.",
        ),
    ] = DEFAULT_JUDGE,
    method: Annotated[
        str, typer.Option(metavar="NAME[:key=value,...]", help=METHOD_HELP)
    ] = DEFAULT_METHOD,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Most tokens a trace; by default 512 with llama, else the server's limit.",
            show_default=False,
        ),
    ] = None,
    temperature: Annotated[float, typer.Option(metavar="T", help="Sampling temperature.")] = 0.8,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Seed; by default a random one.", show_default=False),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A system prompt.", show_default=False),
    ] = None,
    shadow: Annotated[
        bool,
        typer.Option(
            "--shadow", help="Close nothing, and say what would have been saved and at what risk."
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="The result as JSON on standard output, all else on stderr."),
    ] = False,
    events: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl",
            help="Write every event to a file, a JSON line each.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Draw the run: every trace a bar on the token axis, and all texts.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Sample traces for PROMPT, close those that are redundant, and vote.

    Without further options a small model runs in this process (extra `local`).
    Ctrl-C ends a run with the answer that it has by then.

    Exit codes: 0 an answer, 1 none or a failure, 2 wrong use, 130 interrupted.
    """
    from deepprune_adapters.cli.choose import choose_backend, default_max_tokens
    from deepprune_adapters.cli.files import require_writable
    from deepprune_adapters.cli.jobs.solving import Job, perform
    from deepprune_sdk import Sampling

    require_writable("--report", report)
    name = choose_backend(backend, model, base_url)
    return perform(
        Job(
            messages=_messages(prompt, system),
            n=n,
            backend=name,
            model=model,
            base_url=base_url,
            judge=judge,
            method=method,
            sampling=Sampling(
                temperature=temperature,
                max_tokens=default_max_tokens(name) if max_tokens is None else max_tokens,
                seed=seed,
            ),
            shadow=shadow,
            as_json=as_json,
            events=events,
            report=report,
        )
    )


def _messages(prompt: str, system: str | None) -> list[Message]:
    from deepprune_sdk import ConfigurationError, Message

    if prompt == "-":
        try:
            prompt = sys.stdin.buffer.read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise ConfigurationError("standard input is not UTF-8 text: give a question") from error
    if not prompt.strip():
        raise ConfigurationError(f"the prompt is empty ({prompt[:20]!r}): give a question")
    question = Message(role="user", content=prompt)
    return [question] if system is None else [Message(role="system", content=system), question]
