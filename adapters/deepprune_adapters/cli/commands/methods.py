"""`deepprune methods`: which methods there are, their settings, and what may be added to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from shutil import get_terminal_size
from textwrap import wrap
from typing import Annotated, Final

import typer

from deepprune_adapters.cli.groups import add_command
from deepprune_sdk.methods import DEFAULT_METHOD, METHODS, Row

__all__ = ["methods", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune methods
  deepprune methods --json | jq '.[] | select(.name == "esc").settings'
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, methods, epilog=EXAMPLES)


def methods(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The list as JSON.")] = False,
) -> int:
    """List the methods that --method takes, with their settings and defaults.

    Settings follow a colon, and what may be added to a method follows a +:
    esc:window=4+deadline:seconds=60
    """
    from deepprune_sdk.policies.by_name import settings_of

    settings = {name: settings_of(name) for name in METHODS}
    if as_json:
        listed = [
            {
                "name": row.name,
                "help": row.help,
                "added": row.added,
                "parts": row.parts or None,
                "needs": row.needs or None,
                "settings": settings[row.name],
            }
            for row in METHODS.values()
        ]
        typer.echo(json.dumps(listed, indent=1))
        return 0
    width = min(get_terminal_size().columns, 100)
    for heading, added in (
        ("Methods, of which a run has one:", False),
        ("What may be added to any of them by +:", True),
    ):
        typer.echo(f"{heading}\n")
        for row in METHODS.values():
            if row.added is added:
                for line in _lines(row, settings[row.name], width):
                    typer.echo(line)
                typer.echo()
    return 0


def _lines(row: Row, settings: Mapping[str, str | None], width: int) -> Iterator[str]:
    """What is said of a method: its name, then all else beside it."""
    said = [row.help]
    if row.name == DEFAULT_METHOD:
        said.append("the default")
    if row.parts:
        said.append(f"is {row.parts.replace('+', ' + ')}")
    if row.needs:
        said.append(f"needs a setting, such as {row.needs}")
    if settings:
        spelled = (key if value is None else f"{key}={value}" for key, value in settings.items())
        said.append(f"settings: {', '.join(spelled)}")
    margin = " " * (max(map(len, METHODS)) + 2)
    for number, text in enumerate(said):
        first = margin if number else row.name.ljust(len(margin))
        yield from wrap(
            text, width, initial_indent=first, subsequent_indent=margin, break_on_hyphens=False
        )
