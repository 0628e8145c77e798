"""The commands, and what becomes of their errors."""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Annotated, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from deepprune_adapters.cli.commands import (
    abstain,
    answers,
    bench,
    doctor,
    judge,
    methods,
    record,
    redundancy,
    solve,
)
from deepprune_adapters.cli.views.text import complain
from deepprune_adapters.cli.wording import did_you_mean, in_options

__all__ = ["app", "run"]

app = typer.Typer(
    name="deepprune",
    help="Parallel reasoning that stops paying for redundant traces.",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (solve, record, redundancy, bench, abstain, methods, answers, judge, doctor):
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
        return _misused(error)
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("DEEPPRUNE_TRACEBACK"):
            traceback.print_exc()
        return _failed(error, _options(arguments))


UNKNOWN_COMMAND: Final = re.compile(r"No such command '(.*?)'")


def _misused(error: typer.TyperException) -> int:
    """Say what is wrong with a command line, and where its help is."""
    path = getattr(getattr(error, "ctx", None), "command_path", "deepprune")
    message = error.format_message()
    if not message:  # a group of commands by itself, whose help has been printed
        return 0
    if near := getattr(error, "possibilities", None):
        message = f"{message.partition(' (')[0]}{did_you_mean(near)}"
    elif unknown := UNKNOWN_COMMAND.match(message):
        message = f"{unknown[0]}{did_you_mean(_commands_like(unknown[1]))}"
    complain(f"{message} ({path} --help)")
    return error.exit_code


def _commands_like(name: str) -> list[str]:
    """Return the commands that come near a name, those of a group with the group's name."""
    group = get_command(app)
    named = {"": group, **getattr(group, "commands", {})}
    known = {
        inner: f"{outer} {inner}".strip()
        for outer, command in named.items()
        for inner in getattr(command, "commands", {})
    }
    return [known[near] for near in get_close_matches(name, known)]


def _options(arguments: Sequence[str]) -> set[str]:
    """Return the options of the command that was called."""
    command = get_command(app)
    for argument in arguments:
        if not isinstance(command, TyperGroup) or argument not in command.commands:
            break
        command = command.commands[argument]
    return {option for parameter in command.params for option in parameter.opts}


def _failed(error: Exception, options: Collection[str]) -> int:
    from deepprune_sdk.errors import ConfigurationError, DeepPruneError

    known = isinstance(error, DeepPruneError | OSError)
    message = str(error) if known else f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.strerror:
        message = f"{error.filename or 'the output cannot be written'}: {error.strerror}"
    complain(in_options(message, options))
    partial = error.partial if isinstance(error, DeepPruneError) else None
    kept = [trace for trace in partial.traces if trace.text] if partial is not None else []
    if kept:
        tokens = sum(trace.tokens for trace in kept)
        complain(f"{len(kept)} traces had written {tokens:,} tokens by then (--json shows them)")
    return 2 if isinstance(error, ConfigurationError) else 1
