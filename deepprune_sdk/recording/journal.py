"""What the live traces of a run have written so far, in case the process dies.

A recording has a line a trace, written when the trace ends. Beside it each run keeps a journal,
`NAME.ID.part`: JSON lines with the new text of every live trace, appended once a second, removed
when the run is over. Whoever opens the recording next takes over what a journal still holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from deepprune_sdk.errors import RecordingError
from deepprune_sdk.recording.format import RecordedTrace

__all__ = ["Journal", "take_over"]

SCHEMA: Final = "deepprune-part/1"
PER_TOKEN: Final = ("pieces", "t", "confidence", "logprob")


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
                self._file = self.path.open("ab", buffering=0)
                lines.insert(0, self._header)
            # ASCII: a server may cut a character in two, and half of one cannot be written.
            data = memoryview("".join(f"{json.dumps(line)}\n" for line in lines).encode("ascii"))
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise RecordingError(f"{self.path}: cannot be written to: {error.strerror}") from error

    def remove(self) -> None:
        """Remove the file: the recording has everything now."""
        if self._file is not None:
            self._file.close()
            self._file = None
            with suppress(OSError):
                self.path.unlink()


def take_over(recording: Path) -> Iterator[tuple[Path, list[RecordedTrace]]]:
    """Yield each journal that a process has left beside a recording, with the traces it holds."""
    for path in sorted(recording.parent.glob(f"{_escaped(recording.name)}.*.part")):
        with suppress(OSError, KeyError, TypeError, RecordingError):  # not one of ours
            yield path, list(_traces(path))


def _escaped(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _traces(path: Path) -> Iterator[RecordedTrace]:
    header: dict[str, Any] = {}
    grown: dict[int, dict[str, Any]] = {}
    with path.open("rb") as file:
        for line in file:
            try:
                record: dict[str, Any] = json.loads(line)
            except ValueError:  # the line that was being written
                break
            if not header:
                if record.pop("schema", None) != SCHEMA:
                    return
                header = record
                continue
            trace = grown.setdefault(record["trace"], {name: [] for name in PER_TOKEN})
            for name in PER_TOKEN:
                trace[name] += record.pop(name, ())
            trace |= record
    for fields in grown.values():
        tokens = len(fields["pieces"])
        for name in PER_TOKEN[1:]:
            if len(fields[name]) != tokens:
                fields[name] = None
        yield RecordedTrace(finish="stopped", **header, **fields)
