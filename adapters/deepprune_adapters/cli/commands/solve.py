"""`deepprune solve`: one question, many traces, one answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deepprune_adapters.cli.bounds import Bounds
from deepprune_adapters.cli.choose import DEFAULT_JUDGE, DEFAULT_METHOD, METHOD_HELP
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import AnswersOption, JudgeOption, Source, SystemOption

if TYPE_CHECKING:
    from deepprune_sdk import Message

__all__ = ["register", "solve"]

EXAMPLES: Final = """\b
Examples:
  deepprune solve "What is 17 * 23?" -n 32
  deepprune solve "How many primes are below 100?" --model MODEL --shadow
  deepprune solve "What is 17 * 23?" --method adaptive-consistency:width=4
  deepprune solve "What is 17 * 23?" --answers number --report run.html
  deepprune solve - --base-url http://localhost:8000/v1 --model MODEL < question
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, solve, epilog=EXAMPLES)


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
    source: Source,
    bounds: Bounds,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Seed; by default a random one.", show_default=False),
    ] = None,
    system: SystemOption = None,
    judge: JudgeOption = DEFAULT_JUDGE,
    method: Annotated[
        str, typer.Option(metavar="NAME[:key=value,...]", help=METHOD_HELP)
    ] = DEFAULT_METHOD,
    answers: AnswersOption = None,
    no_instruct: Annotated[
        bool,
        typer.Option(
            "--no-instruct",
            help="Do not add to the question how the kind of --answers wants its answer stated.",
        ),
    ] = False,
    abstain_below: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="SHARE",
            help="Give no answer where fewer of the traces agree on one.",
            show_default=False,
        ),
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
            help="Write every event to a file, one JSON object per line.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Draw the run: every trace as a bar on the token axis, and all texts.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Sample traces for PROMPT, close those that are redundant, and vote.

    Without further options a small model runs in this process (extra `local`).
    Ctrl-C ends a run with the answer that it has by then.

    Exit codes: 0 an answer, 1 none or a failure, 2 wrong use, 130 interrupted.
    """
    from deepprune_adapters.cli.files import require_writable
    from deepprune_adapters.cli.jobs.solving import Job, perform
    from deepprune_sdk.answers.by_name import as_extractor

    bounds.check()
    require_writable("--report", report)
    return perform(
        Job(
            messages=_messages(prompt, system),
            n=n,
            source=source,
            bounds=bounds,
            judge=judge,
            method=method,
            answers=as_extractor(answers),
            instruct=not no_instruct,
            abstain_below=abstain_below,
            sampling=source.sampling(seed=seed),
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
