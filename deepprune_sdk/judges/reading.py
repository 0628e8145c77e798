"""Judges that read answers, and the extractor of the run that they judge in."""

from __future__ import annotations

from deepprune_sdk.protocols import AnswerExtractor, Judge, TakesExtractor

__all__ = ["reading_by"]


def reading_by(judge: Judge, answers: AnswerExtractor) -> Judge:
    """Return `judge` as it reads with `answers`, where it reads answers at all.

    Raises:
        ConfigurationError: The judge needs a power that the extractor lacks.
    """
    return judge.with_answers(answers) if isinstance(judge, TakesExtractor) else judge
