"""One reasoning trace while it grows, and the prefixes of it that judges compare."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deepprune_sdk.data.figures import believed
from deepprune_sdk.data.pieces import Pieces
from deepprune_sdk.data.types import NO_USAGE, Chunk, Usage
from deepprune_sdk.results.ending import Finish, Outcome

__all__ = ["Pair", "Trace", "TracePrefix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePrefix:
    """The text of a trace, frozen when the trace reached a checkpoint.

    Attributes:
        trace: Number of the trace.
        checkpoint: Number of the checkpoint, from 0.
        text: Reasoning and answer part, joined.
        tokens: Length in tokens.
        finished: Whether this is the whole text, because the trace ended before the checkpoint.
    """

    trace: int
    checkpoint: int
    text: str
    tokens: int
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two prefixes of the same checkpoint, and the question that both answer."""

    question: str
    left: TracePrefix
    right: TracePrefix


class Trace:
    """The text, tokens and fate of one stream.

    A trace only grows: closing it changes its outcome, never its text, so that nothing that was
    paid for is lost.

    Attributes:
        index: Number of the trace within its run, from 0.
        pieces: The text, one piece per token, reasoning first; empty once it is forgotten.
        reasoning_pieces: How many of the pieces are reasoning.
        confidences: One per piece where the backend gives them, else empty.
        logprobs: One per piece where the backend gives them, else empty.
        finish: How the model ended the trace, or None while it has not.
        outcome: What ended the trace, or None while it is live.
        into: The cluster that a pruned trace was closed into, named by its founding trace.
        reason: Why a policy closed the trace, or the error that ended it; "" otherwise.
        answer: The answer seen in the trace, in the form in which its equals are counted.
        usage: What the server last reported for this trace, all its requests together.
    """

    __slots__ = (
        "_earlier_usage",
        "_exact",
        "_forgotten",
        "answer",
        "confidences",
        "finish",
        "index",
        "into",
        "logprobs",
        "outcome",
        "pieces",
        "reason",
        "reasoning_pieces",
        "usage",
    )

    def __init__(self, index: int) -> None:
        """Begin an empty, live trace."""
        self.index: int = index
        self.pieces: Pieces = Pieces()
        self.reasoning_pieces: int = 0
        self.confidences: array[float] = array("d")
        self.logprobs: array[float] = array("d")
        self.finish: Finish | None = None
        self.outcome: Outcome | None = None
        self.into: int | None = None
        self.reason: str = ""
        self.answer: str | None = None
        self.usage: Usage | None = None
        self._earlier_usage = NO_USAGE
        self._exact = True
        self._forgotten: int | None = None

    @property
    def live(self) -> bool:
        """Whether the trace may still grow."""
        return self.outcome is None

    @property
    def speaks(self) -> bool:
        """Whether the trace is live or has an answer, so that it can stand for its cluster."""
        return self.outcome is None or self.answer is not None

    @property
    def whole(self) -> bool:
        """Whether the model ended the text itself, which it did where a server does not say how."""
        return self.outcome == "finished" and self.finish in {"stop", None}

    @property
    def tokens(self) -> int:
        """Tokens received."""
        return (self._forgotten or 0) + len(self.pieces)

    @property
    def text(self) -> str:
        """Reasoning and answer part, joined."""
        return self.pieces.text()

    @property
    def reasoning_text(self) -> str:
        """Only the reasoning part."""
        return self.pieces.text(0, self.reasoning_pieces)

    @property
    def answer_text(self) -> str:
        """Only the answer part.

        All of the text where a model does not set reasoning apart, or where a server takes all that
        the model wrote for reasoning: what it ended itself is what it said.
        """
        said = self.pieces.text(self.reasoning_pieces)
        return self.text if self.whole and not said.strip() else said

    @property
    def cost(self) -> Usage:
        """Tokens of this trace: what the server reports, else what arrived, marked as estimated.

        A server that was left before it reported has generated at least what arrived; so has one
        whose report is smaller than that. Pieces that were counted here may be more than the
        model's own, but not four times as many.
        """
        if self.usage is None:
            return Usage(generated=self.tokens, estimated=self.tokens > 0)
        least = self.tokens if self._exact else self.tokens / 4
        if self.usage.generated >= least:
            return self.usage
        return replace(self.usage, generated=self.tokens, estimated=True)

    def append(self, chunk: Chunk, begin: int, end: int) -> None:
        """Add the pieces `begin` to `end` of a chunk. O(pieces)."""
        self.pieces.extend(chunk.pieces[begin:end])
        if chunk.reasoning:
            self.reasoning_pieces = self.tokens
        if chunk.confidences is not None:
            self.confidences.extend(chunk.confidences[begin:end])
        if chunk.logprobs is not None:
            self.logprobs.extend(chunk.logprobs[begin:end])
        self._exact = self._exact and chunk.exact
        if self._forgotten is not None:
            self.forget()

    def report(self, usage: Usage) -> None:
        """Take a cumulative report of the current request: the larger one counts, never the sum.

        Figures that no request can have are not believed.
        """
        sound = believed(usage)
        if sound is None:
            return  # what arrived is counted
        usage, earlier = sound, self._earlier_usage
        known = self.usage or earlier
        self.usage = Usage(
            prompt=max(known.prompt, earlier.prompt + usage.prompt),
            generated=max(known.generated, earlier.generated + usage.generated),
            cached=max(known.cached, earlier.cached + usage.cached),
            estimated=usage.estimated or earlier.estimated,
        )

    def reopen(self) -> None:
        """Make a closed trace live again: a second request continues it, and adds its usage."""
        self._earlier_usage = self.cost
        self.usage = self._earlier_usage
        self.finish = None
        self.outcome = None
        self.into = None
        self.reason = ""

    def forget(self) -> None:
        """Let go of the text of a trace that has ended, and of what may still come of it.

        Its number of tokens, its answer and its confidences stay.
        """
        self._forgotten = self.tokens
        self.pieces = Pieces()
        self.logprobs = array("d")

    def fork(self) -> Trace:
        """Return a copy that grows on its own: shadow mode's way to close a trace and keep it."""
        copy = Trace(self.index)
        copy.pieces = self.pieces.copy()
        copy.reasoning_pieces = self.reasoning_pieces
        copy.confidences = self.confidences[:]
        copy.logprobs = self.logprobs[:]
        copy.finish, copy.usage = self.finish, self.usage
        copy._earlier_usage, copy._exact = self._earlier_usage, self._exact
        return copy

    def prefix(self, checkpoint: int, *, characters: int | None = None) -> TracePrefix:
        """Freeze the text so far, or its first `characters`, as the prefix of a checkpoint."""
        text = self.text
        return TracePrefix(
            trace=self.index,
            checkpoint=checkpoint,
            text=text if characters is None else text[:characters],
            tokens=self.tokens,
            finished=not self.live,
        )


def speaking(traces: Sequence[Trace], members: Sequence[int]) -> list[int]:
    """Return the members that are live or answered, in their order."""
    return [member for member in members if traces[member].speaks]
