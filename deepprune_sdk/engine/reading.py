"""What traces have answered, read by the run's extractor and named by class."""

from __future__ import annotations

from deepprune_sdk.answers.classes import AnswerClasses
from deepprune_sdk.answers.powers import ExtractorPowers, watch
from deepprune_sdk.data.signals import Probed
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.protocols import AnswerExtractor, AnswerWatch

__all__ = ["Reading"]


class Reading:
    """Reads answers for one run, in the form that stands for all their equals.

    Attributes:
        powers: What the extractor can do.
    """

    def __init__(self, answers: AnswerExtractor) -> None:
        """Read with `answers`, and compare with its `equivalent`."""
        self.powers: ExtractorPowers = ExtractorPowers.of(answers)
        self._answers = answers
        self._classes = AnswerClasses(answers.equivalent)

    def of(self, trace: Trace, known: str | None = None) -> str | None:
        """Return the answer of a trace that is over.

        Only a text that the model ended itself is complete. In one that was cut off, wherever the
        cut came from, only an answer that is stated explicitly and completely counts.

        Args:
            trace: The trace.
            known: Its answer where that need not be read, "" for none; None has it read.
        """
        if known is not None:
            return self._named(known.strip())
        if trace.outcome == "finished" and trace.finish != "length":
            return self._named(self._answers.extract(trace.answer_text, complete=True))
        # What was closed because its answer was there may have it in its reasoning.
        return self.so_far(trace, in_reasoning=trace.outcome == "answered")

    def so_far(self, trace: Trace, *, in_reasoning: bool = False) -> str | None:
        """Return the answer that a trace has stated by now, whether it is over or not.

        `in_reasoning` reads the reasoning too where the answer part states none.
        """
        answer = self._answers.extract(trace.answer_text, complete=False)
        if not answer and in_reasoning:
            answer = self._answers.extract(trace.text, complete=False)
        return self._named(answer)

    def of_probe(self, probed: Probed) -> str | None:
        """Return the answer that a probe has brought, or None."""
        if probed.answer is not None:
            return self._named(probed.answer.strip())
        if probed.text is None:
            return None
        asked = self.powers.require_probe("this policy")
        return self._named(self._answers.extract(asked + probed.text, complete=False))

    def watch(self) -> AnswerWatch:
        """Begin to follow a trace: says when `so_far` is worth asking."""
        return watch(self._answers)

    def _named(self, answer: str | None) -> str | None:
        return self._classes.name(answer) if answer else None
