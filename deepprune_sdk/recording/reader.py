"""Reading recordings: one trace after another, each fault with its file, line and field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import cast

from deepprune_sdk.data.arguments import as_path, check_texts
from deepprune_sdk.errors import RecordingError
from deepprune_sdk.protocols import TokenCounter
from deepprune_sdk.recording.format import (
    SCHEMA,
    RecordedFinish,
    RecordedTrace,
    group_by_problem,
    to_json,
    to_trace,
)
from deepprune_sdk.recording.layouts import Layout
from deepprune_sdk.recording.lines import Lines

__all__ = [
    "SCHEMA",
    "RecordedFinish",
    "RecordedTrace",
    "TraceReader",
    "group_by_problem",
    "read_traces",
]

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


class TraceReader:
    """Reads recordings from beginning to end, as often as it is iterated over.

    One trace is in memory at a time, and the numbers of those before it. Within a file a number
    may be there once a (model, problem). What a later file has of the same model and problem is
    another sample: its traces are numbered on from those of the files before.

    Attributes:
        skipped: Faults passed over in the last iteration: bad lines, bad traces of a line, and
            the rest of a file whose compression is damaged.
        skipped_in: The same, by file.
        first_fault: The first of them, or "".
    """

    def __init__(
        self,
        paths: Paths,
        *,
        skip_bad: bool = False,
        mapping: Mapping[str, str] | None = None,
        counter: TokenCounter | None = None,
    ) -> None:
        """Name what is to be read.

        Args:
            paths: A file, or several; JSON lines, plain or gzipped, whatever their names.
            skip_bad: Count faults and go on, instead of raising the first.
            mapping: For other layouts: field -> dotted path, as for `Layout`.
            counter: Cuts the texts of other layouts into tokens.

        Raises:
            ConfigurationError: The mapping cannot work, or something is not a path.
        """
        given = paths if isinstance(paths, list | tuple) else [cast("Path", paths)]
        self._paths = [Path(as_path("TraceReader.paths", path)) for path in given]
        if mapping is not None:
            check_texts("mapping", mapping)
        self._skip_bad = skip_bad
        self._layout = None if mapping is None else Layout(mapping, counter)
        self.skipped: int = 0
        self.skipped_in: dict[Path, int] = {}
        self.first_fault: str = ""

    def __iter__(self) -> Iterator[RecordedTrace]:
        """Give the traces in the order of the files and their lines.

        Raises:
            RecordingError: The first fault; the message names file, line, field and mend.
        """
        self.skipped, self.skipped_in, self.first_fault = 0, {}, ""
        ends: dict[tuple[str, str], int] = {}
        for path in self._paths:
            numbers: dict[tuple[str, str], set[int]] = {}
            for where, found in self._file(path):
                try:
                    trace = self._numbered(found, numbers, ends)
                except RecordingError as error:
                    place = f"{path}:{where}" if where else str(path)
                    self._pass_over(path, RecordingError(f"{place}: {error}"))
                else:
                    yield trace
            for key, seen in numbers.items():
                ends[key] = ends.get(key, 0) + max(seen) + 1

    def _pass_over(self, path: Path, error: RecordingError) -> None:
        if not self._skip_bad:
            raise error
        self.skipped += 1
        self.skipped_in[path] = self.skipped_in.get(path, 0) + 1
        self.first_fault = self.first_fault or str(error)

    def _file(
        self, path: Path
    ) -> Iterator[tuple[int, RecordedTrace | dict[str, object] | RecordingError]]:
        """Give what each line holds, with its number: 0 for a file that cannot be read at all."""
        number = 0
        try:
            with path.open("rb") as file:
                lines = Lines(file)
                for number, line in enumerate(lines, start=1):
                    for found in self._line(line, number):
                        yield number, found
                if lines.fault:
                    yield number + 1, RecordingError(f"{lines.fault}; {_TORN}")
                elif lines.rest:
                    for found in self._line(lines.rest, number + 1):
                        yield number + 1, found
        except OSError as error:
            message = f"{error.strerror or error}; give a file that can be read"
            yield number and number + 1, RecordingError(message)

    def _line(
        self, line: bytes, number: int
    ) -> Iterator[RecordedTrace | dict[str, object] | RecordingError]:
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            return
        try:
            record = to_json(line)
            if self._layout is None:
                yield to_trace(record)
            else:
                yield from self._layout.records(record)
        except RecordingError as error:
            yield error

    @staticmethod
    def _numbered(
        found: RecordedTrace | dict[str, object] | RecordingError,
        numbers: dict[tuple[str, str], set[int]],
        ends: Mapping[tuple[str, str], int],
    ) -> RecordedTrace:
        """See that a trace's number is its own, and move it behind those of earlier files."""
        if isinstance(found, RecordingError):
            raise found
        if isinstance(found, dict):
            key = str(found.get("model")), str(found.get("problem"))
            seen = numbers.get(key)
            found = to_trace({"trace": max(seen) + 1 if seen else 0, **found})
        key = found.model, found.problem
        seen = numbers.setdefault(key, set())
        if found.trace in seen:
            raise RecordingError(
                f"trace: {found.trace} is there already for problem {found.problem!r} of model "
                f"{found.model!r}; give each trace its own number"
            )
        seen.add(found.trace)
        moved = ends.get(key)
        return found if moved is None else replace(found, trace=found.trace + moved)


def read_traces(
    paths: Paths,
    *,
    skip_bad: bool = False,
    mapping: Mapping[str, str] | None = None,
    counter: TokenCounter | None = None,
) -> Iterator[RecordedTrace]:
    """Read recordings one trace after another; `TraceReader` also says what it skipped.

    Raises:
        ConfigurationError: The mapping cannot work.
        RecordingError: While iterating: the first fault, unless `skip_bad`.
    """
    return iter(TraceReader(paths, skip_bad=skip_bad, mapping=mapping, counter=counter))


_TORN = (
    "the traces before it are whole: skip bad ones to read them, or record on to the file, which "
    "repairs its end"
)
