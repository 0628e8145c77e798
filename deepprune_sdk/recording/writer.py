"""Writing recordings: a trace is safe as soon as it is written, and a torn end is cut off."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from os import PathLike
from pathlib import Path
from threading import Lock, RLock
from types import TracebackType
from typing import Any, Final, Self
from weakref import WeakValueDictionary

from deepprune_sdk.data.arguments import as_path
from deepprune_sdk.errors import ConfigurationError, RecordingError
from deepprune_sdk.recording.files import is_at, lock, open_regular
from deepprune_sdk.recording.format import SCHEMA, RecordedTrace, to_json, to_line, to_trace
from deepprune_sdk.recording.journal import left_behind
from deepprune_sdk.recording.lines import GZIP, Lines

__all__ = ["Recorded", "TraceWriter"]

_BEGINNING: Final = f'{{"schema":"{SCHEMA}",'.encode()
"""How every line of a `TraceWriter` begins: only a torn end that does is cut off."""
_GZIPPED: Final = gzip.compress(b"", 6, mtime=0)[:10]
"""How every gzip member of a `TraceWriter` begins; those of others tell a time or a name."""
_BLOCK: Final = 1 << 16


@dataclass(slots=True)
class Recorded:
    """What a recording holds of one model and problem.

    Attributes:
        question: As its first trace has it.
        instruction: As its first trace has it.
        sampling: As its first trace has it, the trace's own seed left out.
        complete: Numbers of the traces that came to their end.
        closed: Numbers of those that were closed or failed.
    """

    question: str
    instruction: str | None
    sampling: Mapping[str, Any]
    complete: set[int] = field(default_factory=set[int])
    closed: set[int] = field(default_factory=set[int])

    def forget(self, number: int) -> None:
        """Take a trace back."""
        self.complete.discard(number)
        self.closed.discard(number)

    def __contains__(self, number: int) -> bool:
        """Whether there is a trace of this number."""
        return number in self.complete or number in self.closed


class TraceWriter:
    """Appends traces to a recording.

    A reentrant context manager: the first block that is entered opens the file, the last one that
    is left closes it. While it is open, no other writer can open it (on Windows this is not
    checked). Threads may share one. Its name decides whether a new file is gzipped, `.gz`; an
    existing one stays as it is.

    When `write` returns, the operating system has the trace: a process that is killed loses none
    of them. Closing waits until the disk has them too; a machine that loses its power before may
    lose the latest. A gzipped recording has a member a trace, so that each can be read by itself.

    Attributes:
        path: The file.
        cut: Bytes of a torn last record that were cut off when the file was opened.
        recovered: Traces that a process which died had not finished, and that were taken over.
        recorded: What the file holds, by (model, problem).
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        """Name the file; entering the writer opens it.

        Raises:
            ConfigurationError: It is not a path.
        """
        self.path: Path = Path(as_path("TraceWriter.path", path))
        self.cut: int = 0
        self.recovered: int = 0
        self.recorded: dict[tuple[str, str], Recorded] = {}
        self._reserved: dict[tuple[str, str], int] = {}
        self._file: FileIO | None = None
        self._gzipped = False
        self._end = -1
        self._left: tuple[int, int] | None = None
        self._users = 0
        self._guard = RLock()

    @classmethod
    def shared(cls, path: str | PathLike[str]) -> TraceWriter:
        """Return the writer that all of this process share who record to `path` by its name.

        Each with a writer of its own, they would shut each other out.
        """
        name = os.path.realpath(path)
        with _sharing:
            writer = _shared.get(name)
            if writer is None:
                writer = _shared[name] = TraceWriter(path)
            return writer

    @property
    def is_open(self) -> bool:
        """Whether the file is open, by this or another user of the writer."""
        return self._file is not None

    def __enter__(self) -> Self:
        """Open the file, read what it holds and cut off a torn end.

        Raises:
            ConfigurationError: It cannot be opened, or another writer has it open.
            RecordingError: It is no recording, or is damaged elsewhere than at its end.
        """
        with self._guard:
            if self._users == 0:
                self._open()
                try:
                    self._recover()
                except BaseException:
                    self._close()
                    raise
            self._users += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file once the last block is left.

        Raises:
            RecordingError: The disk did not take what was written.
        """
        with self._guard:
            self._users -= 1
            if self._users == 0:
                self._close()

    def write(self, trace: RecordedTrace) -> None:
        """Append a trace.

        Raises:
            RecordingError: The file has a trace of this model, problem and number, or it cannot
                be written to; it is then as it was before.
            DeepPruneError: The writer is not open.
        """
        with self._guard:
            self._write(trace)

    def _write(self, trace: RecordedTrace) -> None:
        file = self._opened()
        if trace.trace in self.recorded.get((trace.model, trace.problem), ()):
            raise RecordingError(
                f"{self.path}: trace {trace.trace} of problem {trace.problem!r} is recorded already"
            )
        data = to_line(trace)
        left = memoryview(gzip.compress(data, 6, mtime=0) if self._gzipped else data)
        size = len(left)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError as error:
            with suppress(OSError):
                file.truncate(self._end)
            raise self._failed(error) from error
        self._end += size
        self._note(trace)

    def reserve(self, model: str, problem: str, n: int) -> int:
        """Keep `n` numbers free for a run; return the first of them."""
        key = model, problem
        with self._guard:
            known = self.recorded.get(key)
            used = max(known.complete | known.closed, default=-1) + 1 if known is not None else 0
            first = max(used, self._reserved.get(key, 0))
            self._reserved[key] = first + n
            return first

    def _close(self) -> None:
        file, self._file = self._file, None
        self._reserved.clear()
        if file is not None:
            with file:
                try:
                    os.fsync(file.fileno())
                except OSError as fault:
                    raise self._failed(fault) from fault

    def _opened(self) -> FileIO:
        if self._file is None:
            raise ConfigurationError(f"{self.path} is not open: write within `with writer:`")
        return self._file

    def _failed(self, error: OSError) -> RecordingError:
        return RecordingError(f"{self.path}: cannot be written to: {error.strerror or error}")

    def _note(self, trace: RecordedTrace) -> None:
        key = trace.model, trace.problem
        known = self.recorded.get(key)
        if known is None:
            settings = {name: value for name, value in trace.sampling.items() if name != "seed"}
            known = Recorded(trace.question, trace.instruction, settings)
            self.recorded[key] = known
        (known.complete if trace.complete else known.closed).add(trace.trace)

    # --- opening ----------------------------------------------------------------------------------

    def _open(self) -> None:
        file = self._locked()
        try:
            size = file.seek(0, os.SEEK_END)
            known, self._left = self._left, _identity(file)
            if (size, self._left) != (self._end, known):  # not as this writer left it
                lines = Lines(file)
                self._end = self._take_over(file, lines)
                self._gzipped = lines.gzipped if self._end else self.path.suffix == ".gz"
        except BaseException:
            file.close()
            raise
        self._file = file

    def _locked(self) -> FileIO:
        """Open the file that the path leads to once it is locked: another may replace it."""
        while True:
            try:
                file = open_regular(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, "a+")
            except OSError as error:
                raise ConfigurationError(
                    f"{self.path}: {error.strerror or error}; give a file that can be written"
                ) from error
            if not lock(file):
                file.close()
                raise ConfigurationError(
                    f"{self.path} is being written by another recording: wait for it, or give "
                    "another file"
                )
            if is_at(file, self.path):
                return file
            file.close()

    def _recover(self) -> None:
        """Write what a process that died has left of its live traces."""
        for journal in left_behind(self.path):
            saved = False
            try:
                for trace in journal.traces:
                    known = self.recorded.get((trace.model, trace.problem), ())
                    if trace.trace not in known:
                        self.write(trace)
                        self.recovered += 1
                saved = True
            finally:
                journal.close(remove=saved)

    def _take_over(self, file: FileIO, lines: Lines) -> int:
        """Read what the file holds, mend its end, and return its length."""
        self.recorded.clear()
        self.cut = 0
        file.seek(0)
        last: RecordedTrace | None = None
        for number, line in enumerate(lines, start=1):
            last = self._read(line, number) or last
        size = file.seek(0, os.SEEK_END)
        if not lines.fault and self._is_whole(lines.rest):
            if lines.rest:  # another program left out the last line end
                file.write(gzip.compress(b"\n", mtime=0) if lines.gzipped else b"\n")
            return file.seek(0, os.SEEK_END)
        if not self._is_torn(file, lines):
            raise RecordingError(
                f"{self.path}: its end is damaged, and is not a record that was being written "
                f"({lines.fault or 'not JSON'}); copy its whole lines to a new file, and record on "
                "to that"
            )
        if lines.inside and last is not None:  # unpacked, but its check sum is missing
            self.recorded[last.model, last.problem].forget(last.trace)
        self.cut = size - lines.whole
        file.truncate(lines.whole)
        return lines.whole

    def _read(self, line: bytes, number: int) -> RecordedTrace | None:
        if not line.strip():
            return None
        try:
            trace = to_trace(to_json(line))
        except RecordingError as error:
            raise RecordingError(f"{self.path}:{number}: {error}") from error
        self._note(trace)
        return trace

    def _is_whole(self, rest: bytes) -> bool:
        """Whether what follows the last line end is nothing, or a trace; that is noted then."""
        try:
            return not rest or self._read(rest, 0) is not None
        except RecordingError:
            return False

    def _is_torn(self, file: FileIO, lines: Lines) -> bool:
        """Whether the end is a record that a writer began, and no one else's data."""
        if lines.too_long:
            return False
        file.seek(lines.whole)
        tail = file.read(_BLOCK)
        if not tail.strip(b"\0"):  # what a file system may leave after a loss of power
            return len(tail) < _BLOCK and bool(self.recorded)
        text = lines.rest[: len(_BEGINNING)]
        if lines.gzipped:
            ours = _GZIPPED.startswith(tail[: len(_GZIPPED)]) and lines.inside <= 1
            return ours and _BEGINNING.startswith(text)
        return _BEGINNING.startswith(text) or tail == GZIP[:1]


_sharing = Lock()
_shared: WeakValueDictionary[str, TraceWriter] = WeakValueDictionary()
"""The writers of this process whose users have named a file, by where it really lies."""


def _identity(file: FileIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino
