"""Recordings on their way into a command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from deepprune_adapters.cli.commands.redundancy import open_reader
from deepprune_adapters.cli.views.text import clean, count

if TYPE_CHECKING:
    from deepprune_sdk.recording import RecordedTrace

__all__ = ["read_checkpoints", "read_problems"]


def read_problems(
    paths: Sequence[Path], mapping: Sequence[str] | None, skip_bad: bool
) -> dict[str, list[RecordedTrace]]:
    """Read recordings by problem; the same problem of two models is two of them.

    A problem that several files have is one, with the traces of all.

    Raises:
        ConfigurationError: A mapping is malformed.
        RecordingError: A file is malformed, or there is no trace at all.
    """
    from deepprune_sdk import RecordingError

    reader = open_reader(paths, mapping, skip_bad)
    problems: dict[str, list[RecordedTrace]] = {}
    for trace in reader:
        problems.setdefault(f"{trace.model}/{trace.problem}", []).append(trace)
    if reader.skipped:
        left_out = f"{count(reader.skipped, 'fault')} left out; the first: {reader.first_fault}"
        typer.echo(f"deepprune: {clean(left_out, 600)}", err=True)
    if not problems:
        raise RecordingError(f"no trace in {', '.join(map(str, paths))}")
    return problems


def read_checkpoints(text: str) -> list[float]:
    """Read the value of `--checkpoints`: tokens, or below 1 fractions of a problem's median length.

    Raises:
        ConfigurationError: It is no list of numbers above 0.
    """
    from deepprune_sdk import ConfigurationError

    try:
        points = [float(part) for part in text.split(",")]
    except ValueError:
        points = []
    if not points or not all(0 < point < float("inf") for point in points):
        raise ConfigurationError(f"--checkpoints {text!r}: give numbers above 0, as 64,128,0.5")
    return points
