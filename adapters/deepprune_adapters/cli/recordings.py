"""Recordings on their way into a command."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepprune_adapters.cli.options import AnswersOption
from deepprune_adapters.cli.views.text import complain, count

if TYPE_CHECKING:
    from deepprune_sdk.protocols import AnswerExtractor
    from deepprune_sdk.recording import RecordedTrace, TraceReader

__all__ = [
    "Recordings",
    "no_trace",
    "open_reader",
    "read_checkpoints",
    "read_problems",
    "tell_faults",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """Recorded traces, and how they are read."""

    traces: Annotated[
        list[Path],
        typer.Argument(
            metavar="TRACES", help="Recordings (deepprune-trace/1).", show_default=False
        ),
    ]
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=PATH",
            help="Where another layout has a field: a.b, or a[].b for the b of each element of a.",
            show_default=False,
        ),
    ] = None
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="Count traces that cannot be read, and continue."),
    ] = False
    answers: AnswersOption = None

    def extractor(self) -> AnswerExtractor | None:
        """Return what reads the answers, or None to read them as the recordings say.

        Raises:
            ConfigurationError: There is no such kind of answers.
        """
        from deepprune_sdk.answers.by_name import as_extractor

        return None if self.answers is None else as_extractor(self.answers)

    def reader(self) -> TraceReader:
        """Return what reads them one by one.

        Raises:
            ConfigurationError: A mapping is malformed, or names an unknown field.
        """
        return open_reader(self.traces, self.mapping, self.skip_bad)

    def by_problem(self, least: int = 0) -> dict[str, list[RecordedTrace]]:
        """Read them all, and say what was left out.

        Args:
            least: Traces below which a problem is left out.

        Raises:
            ConfigurationError: A mapping is malformed.
            RecordingError: A file is malformed, or there is no trace at all.
        """
        from deepprune_sdk.evaluation.draws import drawable

        problems = read_problems(self.traces, self.mapping, self.skip_bad)
        if not least:
            return problems
        kept = drawable(problems, least, drop_small=True)
        if small := len(problems) - len(kept):
            complain(f"{count(small, 'problem')} with fewer than {least} traces left out")
        return {name: problems[name] for name in kept}


def open_reader(
    paths: Sequence[Path], mapping: Sequence[str] | None, skip_bad: bool
) -> TraceReader:
    """Return the reader that the options of a command mean.

    Raises:
        ConfigurationError: A mapping is malformed, or names an unknown field.
        RecordingError: A file is not there, or cannot be read.
    """
    from deepprune_sdk import ConfigurationError
    from deepprune_sdk.recording import TraceReader

    if not skip_bad:
        _require_readable(paths)
    if not mapping:
        return TraceReader(paths, skip_bad=skip_bad)
    from deepprune_adapters.tokens import default_counter

    named: dict[str, str] = {}
    for entry in mapping:
        field, equals, path = entry.partition("=")
        if not (field and equals and path):
            raise ConfigurationError(f"--map {entry!r}: write FIELD=PATH, as question=prompt.text")
        named[field] = path
    return TraceReader(paths, skip_bad=skip_bad, mapping=named, counter=default_counter())


def _require_readable(paths: Sequence[Path]) -> None:
    """Find out, before the first of several files is read, whether the last one is there.

    Nothing is opened: a pipe could be read only once.
    """
    from deepprune_sdk import RecordingError

    for path in paths:
        if path.is_dir():
            fault = errno.EISDIR
        elif not path.exists():
            fault = errno.ENOENT
        elif not os.access(path, os.R_OK):
            fault = errno.EACCES
        else:
            continue
        raise RecordingError(f"{path}: {os.strerror(fault)}; give a file that can be read")


def tell_faults(reader: TraceReader) -> None:
    """Say how many faults a reader that has come to its end has left out."""
    if reader.skipped:
        complain(f"{count(reader.skipped, 'fault')} left out; the first: {reader.first_fault}", 600)


def read_problems(
    paths: Sequence[Path], mapping: Sequence[str] | None = None, skip_bad: bool = False
) -> dict[str, list[RecordedTrace]]:
    """Read recordings by problem; the same problem of two models is two of them.

    A problem that several files have is one, with the traces of all.

    Raises:
        ConfigurationError: A mapping is malformed.
        RecordingError: A file is malformed, or there is no trace at all.
    """
    reader = open_reader(paths, mapping, skip_bad)
    problems: dict[str, list[RecordedTrace]] = {}
    for trace in reader:
        problems.setdefault(f"{trace.model}/{trace.problem}", []).append(trace)
    tell_faults(reader)
    if not problems:
        raise no_trace(paths)
    return problems


def no_trace(paths: Sequence[Path]) -> Exception:
    """Return the error of recordings that hold no trace."""
    from deepprune_sdk import RecordingError

    names = ", ".join(map(str, paths))
    return RecordingError(f"no trace in {names}: give a recording that has some")


def read_checkpoints(text: str) -> list[float]:
    """Read the value of `--checkpoints`: tokens, or below 1 fractions of a problem's median length.

    Raises:
        ConfigurationError: It is not a list of numbers above 0.
    """
    from deepprune_sdk import ConfigurationError

    try:
        points = [float(part) for part in text.split(",")]
    except ValueError:
        points = []
    if not points or not all(0 < point < float("inf") for point in points):
        raise ConfigurationError(f"--checkpoints {text!r}: give numbers above 0, as 64,128,0.5")
    return points
