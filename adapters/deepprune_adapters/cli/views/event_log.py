"""Events as JSON lines, for whatever else wants to watch."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from deepprune_adapters.cli.files import refused
from deepprune_sdk.data import Event

__all__ = ["EventLog"]


class EventLog:
    """Writes each event as one line, at once."""

    def __init__(self, path: Path) -> None:
        """Open `path`, replacing what is there.

        Raises:
            ConfigurationError: It cannot be written to.
        """
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise refused("--events", path, error) from error
        self.problem: str | None = None
        """Why events are missing from the file, or None."""

    def write(self, event: Event, elapsed: float) -> None:
        """Add an event. A full disk ends the file and not the run."""
        if self.problem is not None:
            return
        try:
            self._file.write(json.dumps({"seconds": round(elapsed, 3), **asdict(event)}) + "\n")
            self._file.flush()
        except OSError as error:
            self.problem = f"--events {self._file.name}: {error.strerror or error}"

    def close(self) -> None:
        """Close the file."""
        try:
            self._file.close()
        except OSError as error:
            self.problem = f"--events {self._file.name}: {error.strerror or error}"
