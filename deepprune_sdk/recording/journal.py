"""What the live traces of a run have written so far, in case the process dies.

A recording has one line per trace, written when the trace ends. Beside it each run keeps a journal,
`NAME.ID.part`: JSON lines with the new text of every live trace, appended once a second, removed
when the run is over. Whoever opens the recording next takes over what a journal still holds.

A file is a journal of a recording only if its name is exactly that, its first line says so, it
belongs to the owner of the recording, and no run that is still alive has it locked. Any other file
is left alone, whatever its name.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, cast

from deepprune_sdk.errors import RecordingError
from deepprune_sdk.recording.files import is_at, lock, open_regular
from deepprune_sdk.recording.format import SCHEMA as TRACE
from deepprune_sdk.recording.format import RecordedTrace, to_trace
from deepprune_sdk.recording.lines import Lines

__all__ = ["Journal", "LeftBehind", "left_behind"]

SCHEMA: Final = "deepprune-part/1"
PER_TOKEN: Final = ("pieces", "t", "confidence", "logprob")
_IDENTIFIER: Final = r"\.[0-9a-f]{8}\.part"
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


class Journal:
    """The journal of one run."""

    def __init__(self, recording: Path, common: Mapping[str, Any]) -> None:
        """Name the file after its recording; the first text creates it.

        Args:
            recording: The recording.
            common: The fields that all traces of the run share.
        """
        self.path: Path = recording.with_name(f"{recording.name}.{token_hex(4)}.part")
        self._header: dict[str, Any] = {"schema": SCHEMA, **common}
        self._file: FileIO | None = None

    def append(self, trace: int, fields: Mapping[str, Any]) -> None:
        """Add what is new of a trace; when this returns, the operating system has it.

        Raises:
            RecordingError: The file cannot be written.
        """
        lines = [{"trace": trace, **fields}]
        try:
            if self._file is None:
                new = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | _NOFOLLOW
                self._file = open_regular(self.path, new, "w")
                lock(self._file)
                lines.insert(0, self._header)
            # ASCII: a server may cut a character in two, and half of one cannot be written.
            data = memoryview("".join(f"{json.dumps(line)}\n" for line in lines).encode("ascii"))
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise RecordingError(f"{self.path}: cannot be written to: {error.strerror}") from error

    def close(self, *, remove: bool) -> None:
        """Let go of the file, and remove it if the recording has everything now.

        What is left is taken over when the recording is next opened.
        """
        file, self._file = self._file, None
        if file is not None:
            _let_go(file, self.path, remove=remove)


@dataclass(slots=True)
class LeftBehind:
    """A journal whose process has died; it is locked until it is closed.

    Attributes:
        path: The file.
        traces: What it holds.
        whole: Whether that is all there is in it.
    """

    path: Path
    _file: FileIO
    traces: list[RecordedTrace] = field(default_factory=list[RecordedTrace])
    whole: bool = True

    def close(self, *, remove: bool) -> None:
        """Let go of the file, and remove it if everything in it is in the recording."""
        _let_go(self._file, self.path, remove=remove and self.whole)


def left_behind(recording: Path) -> Iterator[LeftBehind]:
    """Yield each journal that a process which died has left beside a recording."""
    name = re.compile(re.escape(recording.name) + _IDENTIFIER)
    try:
        owners = {recording.stat().st_uid, getattr(os, "geteuid", int)()}
        found = sorted(path for path in recording.parent.iterdir() if name.fullmatch(path.name))
    except OSError:  # a folder that cannot be listed
        return
    for path in found:
        with suppress(OSError):
            file = open_regular(path, os.O_RDONLY | _NOFOLLOW, "r")
            if os.fstat(file.fileno()).st_uid in owners and lock(file) and is_at(file, path):
                journal = LeftBehind(path, file)
                if _read(journal, file):
                    yield journal
            file.close()


def _let_go(file: FileIO, path: Path, *, remove: bool) -> None:
    with suppress(OSError), file:
        if remove and is_at(file, path):
            path.unlink()


def _read(journal: LeftBehind, file: FileIO) -> bool:
    """Read a journal; say whether it is one."""
    lines = Lines(file)
    header: dict[str, Any] | None = None
    grown: dict[int, dict[str, Any]] = {}
    for line in lines:
        try:
            fields = _fields(line)
            if header is None:
                if fields.pop("schema", None) != SCHEMA:
                    return False
                header = fields
            else:
                _grow(grown, fields)
        except RecordingError:
            if header is None:
                return False
            journal.whole = False
            break
    if header is None:
        return False
    journal.whole = journal.whole and not lines.fault  # what follows the last line end was torn
    for fields in grown.values():
        try:
            journal.traces.append(_trace(header, fields))
        except RecordingError:
            journal.whole = False
    return True


def _fields(line: bytes) -> dict[str, Any]:
    try:
        # Not pydantic's reader, which refuses half of a surrogate pair.
        record: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordingError("not JSON") from error
    if not isinstance(record, dict):
        raise RecordingError("not a JSON object")
    return cast("dict[str, Any]", record)


def _grow(grown: dict[int, dict[str, Any]], record: dict[str, Any]) -> None:
    """Add a line to what is known of its trace."""
    number = record.get("trace")
    new = [record.pop(name, []) for name in PER_TOKEN]
    if type(number) is not int or not all(isinstance(values, list) for values in new):
        raise RecordingError("not a line of a journal")
    trace = grown.setdefault(number, {name: [] for name in PER_TOKEN})
    for name, values in zip(PER_TOKEN, new, strict=True):
        trace[name] += values
    trace |= record


def _trace(header: Mapping[str, Any], fields: dict[str, Any]) -> RecordedTrace:
    tokens = len(fields["pieces"])
    for name in PER_TOKEN[1:]:
        if len(fields[name]) != tokens:
            fields[name] = None
    return to_trace({**header, **fields, "schema": TRACE, "finish": "stopped"})
