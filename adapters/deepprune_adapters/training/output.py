"""The directory of a training: what was asked for, checkpoints meanwhile, the judge at the end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from deepprune_adapters.training.figures import Measured
from deepprune_adapters.training.pairset import empty_directory
from deepprune_adapters.training.settings import TrainSettings
from deepprune_sdk import ConfigurationError

__all__ = ["Asked", "Output", "Started"]

RUN: Final = "training.json"
CHECKPOINTS: Final = "checkpoints"
STATE: Final = "trainer_state.json"


class Asked(BaseModel):
    """What makes two trainings the same."""

    model_config = ConfigDict(frozen=True)

    base: str
    pairs: str
    """SHA-256 of the pairs."""
    settings: TrainSettings


class Started(BaseModel):
    """What a training wrote down when it began."""

    model_config = ConfigDict(frozen=True)

    asked: Asked
    before: dict[str, Measured]
    """The untrained model, by split."""


class Output:
    """A directory, new or one in which a training was cut off."""

    def __init__(self, path: Path, asked: Asked, *, resume: bool, first: bool = True) -> None:
        """Hold the directory to be empty, or to hold this training's checkpoints.

        Args:
            path: The directory.
            asked: What is to be trained.
            resume: Whether it was begun.
            first: Whether this process is the one that writes; the others only read.

        Raises:
            ConfigurationError: It is neither; the message says which.
        """
        self.path = path
        self.asked = asked
        self.first = first
        self.started = self._read() if resume else None
        if resume or not first:
            return
        if (path / RUN).is_file():
            more = "; --resume continues it" if (path / CHECKPOINTS).is_dir() else ""
            raise ConfigurationError(
                f"--output {path} is not empty: it holds a training{more}, or name another "
                "directory"
            )
        empty_directory("--output", path)

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints are kept until the end."""
        return self.path / CHECKPOINTS

    def begin(self, before: dict[str, Measured]) -> Started:
        """Write down what is being trained."""
        self.started = Started(asked=self.asked, before=before)
        if self.first:
            (self.path / RUN).write_text(self.started.model_dump_json(indent=1) + "\n", "utf-8")
        return self.started

    def last(self) -> Path | None:
        """Return the last whole checkpoint, and remove what a kill left half-written after it."""
        found = sorted(
            self.checkpoints.glob("checkpoint-*"),
            key=lambda path: int(path.name.rpartition("-")[2]),
            reverse=True,
        )
        for path in found:
            if (path / STATE).is_file():  # what transformers writes last
                return path
            if self.first:
                shutil.rmtree(path)
        return None

    def finish(self) -> None:
        """Remove the checkpoints."""
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def _read(self) -> Started:
        file = self.path / RUN
        if not file.is_file():
            raise ConfigurationError(f"--resume: {self.path} holds no training that was begun")
        try:
            started = Started.model_validate_json(file.read_bytes())
        except ValidationError as error:
            raise ConfigurationError(f"--resume: {file} is damaged; begin anew") from error
        if not self.checkpoints.is_dir():
            raise ConfigurationError(f"--resume: the training in {self.path} has ended")
        for name in ("base", "pairs", "settings"):
            if getattr(started.asked, name) != getattr(self.asked, name):
                raise ConfigurationError(
                    f"--resume: the training in {self.path} was begun with other {name}; give the "
                    "same, or begin anew in another directory"
                )
        return started
