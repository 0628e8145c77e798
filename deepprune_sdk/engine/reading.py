"""What traces have answered, read by the run's extractor and named by class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar, cast

from deepprune_sdk.answers.classes import AnswerClasses
from deepprune_sdk.answers.learning import learner
from deepprune_sdk.answers.no_answer import is_refusal
from deepprune_sdk.answers.powers import ExtractorPowers, folding, watch
from deepprune_sdk.data.signals import Probed
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.loops.foreign import is_cancellation
from deepprune_sdk.protocols import AnswerExtractor, AnswerWatch

__all__ = ["Reading"]

_T = TypeVar("_T")

LONGEST = 200
"""Characters of an extractor's error in a warning."""


class Reading:
    """Reads answers for one run, in the form that stands for all their equals.

    An extractor is the user's code. Where it raises, or gives something that is not a string, the
    text counts as one without an answer, and the run continues.

    Attributes:
        powers: What the extractor can do.
        faults: How often the extractor failed.
        fault: How it failed first, in one line, or "".
        refused: Numbers of the traces that ended in a refusal instead of an answer.
        takes_time: Whether a live run has answers compared in another thread first (`look_ahead`).
    """

    def __init__(self, answers: AnswerExtractor, question: str) -> None:
        """Read with `answers`, and compare with its `equivalent`."""
        self._learner = learner(answers, question)
        begin: Callable[[], AnswerExtractor] | None = getattr(answers, "begin_run", None)
        self.takes_time: bool = begin is not None
        own = answers if begin is None else begin()
        self._answers: AnswerExtractor = self._learner or own
        self.powers: ExtractorPowers = ExtractorPowers.of(answers)
        self.faults: int = 0
        self.fault: str = ""
        self.refused: set[int] = set()
        self._classes = AnswerClasses(self._equivalent)
        self._read: list[Trace] = []

    @property
    def kind(self) -> str:
        """How answers are read: the kind, and what it has decided on where it decides per run."""
        name = self.powers.spec or self.powers.name
        taken: str | None = getattr(self._answers, "kind", None)
        return name if taken is None else f"{name}: {taken}"

    @property
    def settled(self) -> bool:
        """Whether no text will have to be read again."""
        return self._learner is None or self._learner.settled

    def over(self, trace: Trace, known: str | None = None) -> None:
        """Read the final answer of a trace that is over, and learn from it how answers are stated.

        What is learned may change how the traces that ended before it are read: their answers are
        then put right too.

        Only a text that the model ended itself is complete. In one that was cut off, wherever the
        cut came from, only an answer that is stated explicitly and completely counts.

        Args:
            trace: The trace.
            known: Its answer where that need not be read, "" for none; None has it read.
        """
        if known is not None:
            trace.answer = self._named(known.strip())
            return
        if self._learner is not None and not self._learner.settled:
            self._read.append(trace)
            if trace.whole and self._learner.learn(trace.answer_text):
                self._classes = AnswerClasses(self._equivalent)
                for earlier in self._read[:-1]:
                    if not earlier.live:  # it may have been continued since
                        earlier.answer = self._of(earlier)
            if self._learner.settled:
                self._read.clear()
        trace.answer = self._of(trace)
        if trace.answer is None and trace.whole and is_refusal(trace.answer_text):
            self.refused.add(trace.index)

    def look_ahead(self, trace: Trace) -> None:
        """Have the answer of a trace that is about to end compared, for any thread.

        Nothing changes here: an extractor that takes its time remembers what it has found.
        """
        with suppress(Exception):  # it is asked again, and counted then
            answer = self._answers.extract(trace.answer_text, complete=trace.finish != "length")
            if answer:
                self._classes.find(answer)

    def _of(self, trace: Trace) -> str | None:
        if trace.whole:
            return self._named(self._extract(trace.answer_text, complete=True))
        # What was closed because its answer was there may have it in its reasoning.
        return self.so_far(trace, in_reasoning=trace.outcome == "answered")

    def so_far(self, trace: Trace, *, in_reasoning: bool = False) -> str | None:
        """Return the answer that a trace has stated by now, whether it is over or not.

        `in_reasoning` reads the reasoning too where the answer part states none.
        """
        answer = self._extract(trace.answer_text, complete=False)
        if not answer and in_reasoning:
            answer = self._extract(trace.text, complete=False)
        return self._named(answer)

    def of_probe(self, probed: Probed) -> str | None:
        """Return the answer that a probe has brought, or None."""
        if probed.answer is not None:
            return self._named(probed.answer.strip())
        if probed.text is None:
            return None
        asked = self.powers.require_probe("this policy")
        return self._named(self._extract(asked + probed.text, complete=False))

    def folded(self, ballots: Sequence[tuple[str, float]]) -> str | None:
        """Return the answer that the extractor makes of a vote itself, such as field by field.

        None leaves it to the vote.

        Args:
            ballots: Each answer with its weight.
        """
        folds = folding(self._answers)
        return None if folds is None else self._guarded(lambda: folds(ballots))

    def watch(self) -> AnswerWatch:
        """Begin to follow a trace: says when `so_far` is worth asking."""
        return watch(self._answers)

    def _named(self, answer: str | None) -> str | None:
        return self._classes.name(answer) if answer else None

    def _extract(self, text: str, *, complete: bool) -> str | None:
        def ask() -> str | None:
            answer = cast("object", self._answers.extract(text, complete=complete))
            if answer is None:
                return None
            if not isinstance(answer, str):
                raise TypeError(f"it gave {answer!r}, and an answer is a string or None")
            return str.__str__(answer)  # a class of the user's own may compare as it likes

        return self._guarded(ask)

    def _equivalent(self, left: str, right: str) -> bool:
        return self._guarded(lambda: bool(self._answers.equivalent(left, right))) or False

    def _guarded(self, ask: Callable[[], _T]) -> _T | None:
        try:
            return ask()
        except BaseException as error:  # what the user's code raises costs a ballot, not the run
            if not isinstance(error, Exception) and not is_cancellation(error):
                raise
            self.faults += 1
            self.fault = self.fault or _in_one_line(error)
            return None


def _in_one_line(error: BaseException) -> str:
    name = type(error).__name__
    try:
        said = " ".join(f"{name}: {error}".split())
    except Exception:  # the error is the user's too
        return name
    return said[:LONGEST]
