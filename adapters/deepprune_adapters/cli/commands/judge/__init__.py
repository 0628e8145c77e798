"""`deepprune judge`: its commands, a module each."""

from __future__ import annotations

import typer

from deepprune_adapters.cli.commands.judge import evaluate, fit_light, pairs, sweep, train

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="Evaluate, train and fit judges.", no_args_is_help=True)
    for command in (evaluate, sweep, pairs, train, fit_light):
        command.register(group)
    app.add_typer(group, name="judge")
