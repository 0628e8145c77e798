"""What a user may bring: backends, judges, answer extractors, token counters.

Nothing here is inherited from; an object with these methods fits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Chunk, TraceRequest, Verdict

__all__ = [
    "AnswerExtractor",
    "Backend",
    "Closes",
    "ContinuesPrefix",
    "Judge",
    "ScoresInline",
    "SharesPrompt",
    "TokenCounter",
]


class Backend(Protocol):
    """A source of reasoning traces."""

    @property
    def model(self) -> str:
        """Name of the model, for reports and recordings."""
        ...

    @property
    def concurrency(self) -> int | None:
        """Most streams at once, or None where the server decides."""
        ...

    def stream(self, request: TraceRequest) -> AbstractAsyncContextManager[AsyncIterator[Chunk]]:
        """Open one stream.

        Entering the context sends the request; leaving it, by whatever way, closes the response,
        so that the server stops generating. The iterator ends where the server ended the stream;
        one of its chunks carries `finish` then.

        Raises:
            BackendError: On entering or on iterating; any provider error, mapped once.
        """
        ...


@runtime_checkable
class ContinuesPrefix(Protocol):
    """A backend that can continue a text it, or another request, has begun."""

    @property
    def continues_prefix(self) -> bool:
        """Whether `TraceRequest.prefix` is continued; the chunks bring what follows it alone."""
        ...


@runtime_checkable
class SharesPrompt(Protocol):
    """A backend whose server keeps the prompts that it has computed, for later requests."""

    @property
    def shares_prompt(self) -> bool:
        """Whether a request gains by coming after one with the same prompt, and not with it."""
        ...


class Judge(Protocol):
    """Says how likely two unfinished traces are to end in the same answer."""

    @property
    def name(self) -> str:
        """Name for reports."""
        ...

    @property
    def costs_tokens(self) -> bool:
        """Whether a verdict costs tokens or money; then only pairs that are needed are asked."""
        ...

    async def compare(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        """Judge a batch; a verdict a pair, in their order.

        An exception leaves every pair of the batch unscored, which keeps the traces.
        """
        ...


@runtime_checkable
class ScoresInline(Protocol):
    """A judge that only computes, so that a replay need not leave its thread to ask it.

    What wraps a judge keeps this where the judge has it (`judges.JudgeWrapper` does).
    """

    def score(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        """The same as `Judge.compare`, at once."""
        ...


@runtime_checkable
class Closes(Protocol):
    """A backend or a judge that holds connections, or whatever else does not close itself."""

    async def aclose(self) -> None:
        """Close what it has made; what it was given stays open. Does nothing twice."""
        ...


class AnswerExtractor(Protocol):
    """Reads final answers and says which of them are the same."""

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Return the final answer stated in `text`, or None.

        Args:
            text: The answer part of a trace, its reasoning removed.
            complete: Whether the model ended the text itself. Otherwise only an answer that is
                stated explicitly and completely counts, not the last number seen.
        """
        ...

    def equivalent(self, left: str, right: str) -> bool:
        """Whether two answers are the same, however they are written."""
        ...


class TokenCounter(Protocol):
    """Cuts text into tokens where the server does not say where they end."""

    @property
    def exact(self) -> bool:
        """Whether the tokens are the model's own."""
        ...

    def split(self, text: str) -> list[str]:
        """Cut `text` into pieces, a token each; joined, they are the text again."""
        ...
