"""What recorded traces and their problems are called."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

__all__ = ["RecordAs", "problem_name"]


def problem_name(question: str) -> str:
    """Name a problem that has no name by its question, the same at every run."""
    return f"q-{sha256(question.encode('utf-8', 'replace')).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAs:
    """What the traces of a run are recorded as.

    Attributes:
        problem: Identifier of the problem; None makes one of the question, the same at every run.
        question: The problem's text without the instruction; None takes what the user said last.
        gold: The reference answer.
        instruction: What the prompt has after the question.
        system: The system prompt, which is kept with the sampling; None keeps none.
        numbers: The recorded number of each trace of the run, which is also what the run's seed
            is added to; None numbers on from what the file has of the problem.
        complete_only: Whether traces that were closed or failed are left out.
        required: Whether the run is there to be recorded, and ends with an error when a trace
            cannot be; else that is a warning of its result.
    """

    problem: str | None = None
    question: str | None = None
    gold: str | None = None
    instruction: str | None = None
    system: str | None = None
    numbers: tuple[int, ...] | None = None
    complete_only: bool = False
    required: bool = False
