"""What a run writes while it lasts: its recording and its log. Neither can take the run with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from deepprune_sdk.data.signals import Action, Signal
from deepprune_sdk.errors import RecordingError
from deepprune_sdk.recording.live_recorder import TraceRecorder
from deepprune_sdk.recording.run_log import RunLogWriter

__all__ = ["Outputs"]


class Outputs:
    """The files of one run.

    They are opened before anything is generated, and what is wrong then is an error. What cannot be
    written later costs the file, never the run: it is a warning of the result. Only where a run was
    begun in order to be recorded (`RecordAs.required`) does it end with an error then.
    """

    def __init__(self, log: RunLogWriter | None, recorder: TraceRecorder | None) -> None:
        """Name the files; nothing is opened yet."""
        self._log = log
        self._recorder = recorder
        self._log_fault = ""

    @property
    def kept_text(self) -> bool:
        """Whether the text of live traces is to be kept now and then."""
        return self._recorder is not None

    @property
    def error(self) -> RecordingError | None:
        """Why a run that was to be recorded cannot be; None where that is not so."""
        if self._recorder is None or not self._recorder.required or not self._recorder.fault:
            return None
        return RecordingError(self._recorder.fault)

    def open(self) -> None:
        """Open the files.

        Raises:
            ConfigurationError: One cannot be written, or is being written by another run.
            RecordingError: The file to record to is not a recording.
        """
        if self._log is not None:
            self._log.open()
        try:
            if self._recorder is not None:
                self._recorder.open()
        except BaseException:
            if self._log is not None:
                self._log.close()
            raise

    def report(self, signal: Signal | None, actions: Sequence[Action]) -> None:
        """Take a signal that the engine has handled, and its actions."""
        if self._log is not None and not self._log_fault:
            try:
                self._log.write(signal, actions)
            except Exception as error:  # also what cannot be put into JSON
                self._log_fault = _said(error)
        if self._recorder is not None:
            self._recorder.report(signal, actions)

    def flush(self) -> None:
        """Keep what is new of the text of live traces."""
        if self._recorder is not None:
            self._recorder.flush()

    def close(self) -> None:
        """Finish the files. Does nothing twice."""
        if self._recorder is not None:
            self._recorder.close()
        if self._log is not None:
            try:
                self._log.close()
            except Exception as error:
                self._log_fault = self._log_fault or _said(error)

    def warnings(self) -> Iterator[str]:
        """Yield what is not in the files and should be, each in one line."""
        if self._recorder is not None and self._recorder.fault:
            yield f"not everything was recorded: {self._recorder.fault}"
        if self._log is not None and self._log_fault:
            yield f"the run log {self._log.path} is not complete: {self._log_fault}"


def _said(error: Exception) -> str:
    said = type(error).__name__
    with suppress(Exception):
        said = getattr(error, "strerror", None) or str(error) or said
    return said
