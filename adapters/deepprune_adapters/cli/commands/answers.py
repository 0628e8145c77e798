"""`deepprune answers`: which kinds of answers there are, and how each is given."""

from __future__ import annotations

import json
from shutil import get_terminal_size
from textwrap import wrap
from typing import Annotated, Final

import typer

from deepprune_adapters.cli.groups import add_command
from deepprune_sdk.methods import ANSWERS

__all__ = ["answers", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune answers
  deepprune answers --json | jq -r '.[].example'
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, answers, epilog=EXAMPLES)


def answers(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The list as JSON.")] = False,
) -> int:
    """List the kinds of answers that traces can be read for, each with an example.

    What follows the colon is the kind's own: choice:positive|negative json:fields=city/country
    """
    if as_json:
        listed = [
            {"name": row.name, "help": row.help, "example": row.example} for row in ANSWERS.values()
        ]
        typer.echo(json.dumps(listed, indent=1))
        return 0
    width = min(get_terminal_size().columns, 100)
    margin = " " * (max(map(len, ANSWERS)) + 2)
    typer.echo("Kinds of answers, of which a run has one:\n")
    for row in ANSWERS.values():
        said = [row.help] if row.example == row.name else [row.help, f"such as {row.example}"]
        for number, text in enumerate(said):
            first = margin if number else row.name.ljust(len(margin))
            for line in wrap(
                text, width, initial_indent=first, subsequent_indent=margin, break_on_hyphens=False
            ):
                typer.echo(line)
        typer.echo()
    return 0
