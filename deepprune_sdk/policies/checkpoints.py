"""When prefixes are frozen: at token counts, or at reasoning steps."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.trace import Trace, TracePrefix

__all__ = ["REASONING_WORDS", "CheckpointTracker", "Checkpoints"]

REASONING_WORDS = (
    "wait",
    "thus",
    "since",
    "so",
    "but",
    "therefore",
    "hmm",
    "alternatively",
)
"""Words that open a reasoning step, as the DeepPrune paper's examples name them (unverified)."""


class Checkpoints(Config):
    """The points at which the prefixes of traces are compared.

    DeepPrune truncates at the first k tokens (k = 500) or the first k reasoning steps (k = 25).
    """

    at: tuple[int, ...] = Field(min_length=1)
    """Where, increasing: tokens, or reasoning steps."""
    unit: Literal["tokens", "steps"] = "tokens"
    """What is counted."""
    words: tuple[str, ...] = Field(default=REASONING_WORDS, min_length=1)
    """Words that open a reasoning step, in any case."""

    @model_validator(mode="before")
    @classmethod
    def _plain_counts(cls, data: Any) -> object:
        """Take a bare count, or several, as tokens."""
        if isinstance(data, int):
            return {"at": (data,)}
        return {"at": data} if type(data) in (list, tuple) else data

    @model_validator(mode="after")
    def _increasing(self) -> Self:
        if self.at[0] < 1 or any(a >= b for a, b in zip(self.at, self.at[1:], strict=False)):
            raise ValueError(f"at={self.at}: give positive counts in increasing order")
        if not all(re.fullmatch(r"\w+", word) for word in self.words):
            raise ValueError(f"words={self.words}: give single words")
        return self

    def __str__(self) -> str:
        """The counts, as a command line gives them."""
        return "/".join(map(str, self.at))

    @classmethod
    def tokens(cls, *at: int) -> Self:
        """Compare the first `at` tokens."""
        return cls(at=at)

    @classmethod
    def steps(cls, *at: int, words: tuple[str, ...] = REASONING_WORDS) -> Self:
        """Compare the first `at` reasoning steps."""
        return cls(at=at, unit="steps", words=words)

    def track(self) -> CheckpointTracker:
        """Follow the traces of one run."""
        return CheckpointTracker(self)


class CheckpointTracker:
    """Which checkpoint each trace of a run reaches next."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        """Begin with no trace."""
        self._at = checkpoints.at
        self._next: dict[int, int] = {}
        self._scanners: dict[int, _StepScanner] = {}
        self._pattern: re.Pattern[str] | None = None
        if checkpoints.unit == "steps":
            words = "|".join(sorted(checkpoints.words, key=len, reverse=True))
            self._pattern = re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
            self._longest = max(map(len, checkpoints.words))

    def done(self, trace: Trace) -> bool:
        """Whether `trace` has no checkpoint left."""
        return self._next.get(trace.index, 0) >= len(self._at)

    def interest(self, trace: Trace) -> int | None:
        """Token count at which to look at `trace` again."""
        position = self._next.get(trace.index, 0)
        if position >= len(self._at):
            return None
        return self._at[position] if self._pattern is None else trace.tokens + 1

    def reached(self, trace: Trace) -> TracePrefix | None:
        """Return the prefix of the checkpoint that `trace` has just reached, or None.

        To be called at each token of interest.
        """
        position = self._next.get(trace.index, 0)
        if position >= len(self._at):
            return None
        if self._pattern is None:
            if trace.tokens < self._at[position]:
                return None
            characters = None
        else:
            scanner = self._scanners.get(trace.index)
            if scanner is None:
                scanner = _StepScanner(self._pattern, self._longest)
                self._scanners[trace.index] = scanner
            scanner.read(trace)
            # k steps are complete where the step after them opens.
            if len(scanner.openings) <= self._at[position]:
                return None
            characters = scanner.openings[self._at[position]]
        self._next[trace.index] = position + 1
        return trace.prefix(position, characters=characters)

    def ended(self, trace: Trace) -> TracePrefix | None:
        """Return the full text of an ended trace for the checkpoint it did not live to reach."""
        position = self._next.get(trace.index, 0)
        if position >= len(self._at):
            return None
        self._next[trace.index] = len(self._at)
        return trace.prefix(position)


class _StepScanner:
    """Finds where reasoning steps open, reading each character once.

    A word counts once the character after it is known, so that "so" is not seen in "some".
    """

    def __init__(self, pattern: re.Pattern[str], longest: int) -> None:
        self._pattern = pattern
        self._longest = longest
        self._pieces = 0
        self._rest = ""
        self._offset = 0
        self.openings: list[int] = []
        """Character offsets at which steps open; text before the first word is step 0's."""

    def read(self, trace: Trace) -> None:
        """Read the pieces that came since the last call."""
        text = self._rest + trace.pieces.text(self._pieces)
        self._pieces = len(trace.pieces)
        for match in self._pattern.finditer(text):
            if match.end() < len(text):
                self.openings.append(self._offset + match.start())
        # An unfinished word is read again with what follows; a run of letters longer than any
        # word cannot become one, so its end is enough to keep.
        begin = len(text)
        while begin > 0 and len(text) - begin <= self._longest and _is_word(text[begin - 1]):
            begin -= 1
        self._offset += begin
        self._rest = text[begin:]


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
