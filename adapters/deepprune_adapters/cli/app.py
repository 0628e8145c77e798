"""The commands, and what becomes of their errors."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from deepprune_adapters.cli.commands import (
    abstain,
    answers,
    bench,
    judge,
    methods,
    record,
    redundancy,
    solve,
)
from deepprune_adapters.cli.views.text import complain

__all__ = ["app", "run"]

app = typer.Typer(
    name="deepprune",
    help="Parallel reasoning that stops paying for redundant traces.",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (solve, record, redundancy, bench, abstain, methods, answers, judge):
    command.register(app)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"deepprune {version('deepprune-sdk')}")
        raise typer.Exit


@app.callback()
def _common(  # pyright: ignore[reportUnusedFunction]
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Parallel reasoning that stops paying for redundant traces."""


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; a failure is one line on standard error.

    Every command returns its own code. `DEEPPRUNE_TRACEBACK=1` shows where an error came from.
    """
    # Warnings that the libraries log would be printed across the view.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        code = app(list(arguments) or ["--help"], prog_name="deepprune", standalone_mode=False)
        return code or 0
    except typer.TyperException as error:
        complain(f"{error.format_message()} (deepprune --help)")
        return error.exit_code
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("DEEPPRUNE_TRACEBACK"):
            traceback.print_exc()
        return _failed(error)


def _failed(error: Exception) -> int:
    from deepprune_sdk.errors import ConfigurationError, DeepPruneError

    known = isinstance(error, DeepPruneError | OSError)
    complain(str(error) if known else f"{type(error).__name__}: {error}")
    partial = error.partial if isinstance(error, DeepPruneError) else None
    kept = [trace for trace in partial.traces if trace.text] if partial is not None else []
    if kept:
        tokens = sum(trace.tokens for trace in kept)
        complain(f"{len(kept)} traces had written {tokens:,} tokens by then (--json shows them)")
    return 2 if isinstance(error, ConfigurationError) else 1
