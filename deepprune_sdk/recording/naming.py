"""What recorded traces and their problems are called."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from pydantic import Field

from deepprune_sdk.data.config import Config

__all__ = ["RecordAs", "problem_name"]


def problem_name(question: str) -> str:
    """Name a problem that has no name by its question, the same at every run."""
    return f"q-{sha256(question.encode('utf-8', 'replace')).hexdigest()[:12]}"


class RecordAs(Config):
    """What the traces of a run are recorded as."""

    problem: str | None = None
    """Identifier of the problem; None makes one of the question, the same at every run."""
    question: str | None = None
    """The problem's text without the instruction; None takes what the user said last."""
    gold: str | None = None
    """The reference answer."""
    instruction: str | None = None
    """What the prompt has after the question."""
    system: str | None = None
    """The system prompt, which is kept with the sampling; None keeps none."""
    numbers: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    """The recorded number of each trace of the run, which is also what the run's seed is added to;
    None numbers on from what the file has of the problem."""
    complete_only: bool = False
    """Whether traces that were closed or failed are left out."""
    required: bool = False
    """Whether the run is there to be recorded, and ends with an error when a trace cannot be; else
    that is a warning of its result."""
