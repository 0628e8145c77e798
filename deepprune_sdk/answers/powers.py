"""What an extractor can do beyond reading finished texts, and who may ask it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.protocols import AnswerExtractor, AnswerWatch

__all__ = ["ExtractorPowers", "watch"]

SHARE = 32
"""A text is read anew once it has grown by this part of itself: each of its characters is read some
32 times then, however long it gets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractorPowers:
    """What the extractor of a run can do.

    Attributes:
        name: The type of the extractor, for errors; of a wrapper, of what it wraps.
        reads_incomplete: Whether it reads texts that the model has not ended.
        probe: What follows a trace's text when its answer so far is asked for, or None.
        instruction: What the prompt is to say about the answer's form, or None.
        response_format: What a server is to hold the reply to, or None.
        spec: The text that `as_extractor` makes such an extractor of, or None.
    """

    name: str
    reads_incomplete: bool = False
    probe: str | None = None
    instruction: str | None = None
    response_format: Mapping[str, object] | None = None
    spec: str | None = None

    @classmethod
    def of(cls, answers: AnswerExtractor) -> ExtractorPowers:
        """Return what `answers` says it can do."""
        # Not isinstance: with a protocol it takes 20 microseconds, and a short replay 500.
        wrapped: AnswerExtractor | None = getattr(answers, "wrapped", None)
        least = cls(name=type(answers).__name__) if wrapped is None else cls.of(wrapped)
        return cls(
            name=least.name,
            reads_incomplete=getattr(answers, "reads_incomplete", least.reads_incomplete),
            probe=getattr(answers, "probe", least.probe),
            instruction=getattr(answers, "instruction", least.instruction),
            response_format=getattr(answers, "response_format", least.response_format),
            spec=getattr(answers, "spec", least.spec),
        )

    def require_incomplete(self, who: str) -> None:
        """See that `who` may have unfinished texts read.

        Raises:
            ConfigurationError: It may not; names `who`, the extractor and the fix.
        """
        if not self.reads_incomplete:
            raise ConfigurationError(
                f"{who} reads answers in texts that the model has not ended, and {self.name} reads "
                "finished ones only: give answers=FunctionAnswers(..., incomplete=...), or an "
                "extractor with reads_incomplete (deepprune_sdk.protocols.ReadsIncomplete)"
            )

    def require_probe(self, who: str) -> str:
        """Return how a trace is asked for its answer so far.

        Raises:
            ConfigurationError: The answer could not be asked for, or not be read; names `who`, the
                extractor and the fix.
        """
        self.require_incomplete(who)
        if self.probe is None:
            raise ConfigurationError(
                f"{who} asks unfinished traces for their answer, and {self.name} does not say how: "
                "give answers=FunctionAnswers(..., incomplete=..., probe=...), or an extractor "
                "with probe (deepprune_sdk.protocols.ReadsProbes)"
            )
        return self.probe


def folding(answers: AnswerExtractor) -> Callable[[Sequence[tuple[str, float]]], str | None] | None:
    """Return what makes the answer of a vote itself, such as field by field; or None."""
    if getattr(answers, "by_field", False):
        return getattr(answers, "fold", None)
    wrapped: AnswerExtractor | None = getattr(answers, "wrapped", None)
    return None if wrapped is None else folding(wrapped)


def watch(answers: AnswerExtractor) -> AnswerWatch:
    """Begin to follow a trace for `answers`, at the start of its text."""
    begin: Callable[[], AnswerWatch] | None = getattr(answers, "watch", None)
    if begin is not None:
        return begin()
    wrapped: AnswerExtractor | None = getattr(answers, "wrapped", None)
    return _Sparing() if wrapped is None else watch(wrapped)


class _Sparing:
    """Has a text read ever more rarely, so that all readings together cost O(length)."""

    def __init__(self) -> None:
        self._length = self._wanted = 0

    def read(self, text: str) -> bool:
        self._length += len(text)
        if not text or self._length < self._wanted:
            return False
        self._wanted = self._length + self._length // SHARE
        return True
