"""What traces have answered, read by the run's extractor and named by class."""

from __future__ import annotations

from deepprune_sdk.answers.classes import AnswerClasses
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.protocols import AnswerExtractor

__all__ = ["PROBE", "Reading"]

PROBE = "\n\nSo the final answer is \\boxed{"
"""What follows a trace's text when the model is asked for its answer so far."""


class Reading:
    """Reads answers for one run, in the form that stands for all their equals."""

    def __init__(self, answers: AnswerExtractor) -> None:
        """Read with `answers`, and compare with its `equivalent`."""
        self._answers = answers
        self._classes = AnswerClasses(answers.equivalent)

    def of(self, trace: Trace) -> str | None:
        """Return the answer of a trace that is over.

        Only a text that the model ended itself is complete. In one that was cut off, wherever the
        cut came from, only an answer that is stated explicitly and completely counts.
        """
        complete = trace.outcome == "finished" and trace.finish != "length"
        return self._named(self._answers.extract(trace.answer_text, complete=complete))

    def so_far(self, trace: Trace) -> str | None:
        """Return the answer that a trace has stated by now, whether it is over or not."""
        return self._named(self._answers.extract(trace.answer_text, complete=False))

    def of_probe(self, text: str) -> str | None:
        """Return the answer that followed `PROBE`."""
        return self._named(self._answers.extract(PROBE + text, complete=False))

    def _named(self, answer: str | None) -> str | None:
        return None if answer is None else self._classes.name(answer)
