"""What a user may bring: backends, judges, answer extractors, token counters.

Nothing here is inherited from; an object with these methods fits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Chunk, TraceRequest, Verdict

__all__ = [
    "AnswerExtractor",
    "AnswerWatch",
    "AsksForFormat",
    "Backend",
    "Closes",
    "ContinuesPrefix",
    "DecidesPerRun",
    "FoldsBallots",
    "InstructsModel",
    "IsSpelled",
    "Judge",
    "LearnsFromTexts",
    "ReadsIncomplete",
    "ReadsProbes",
    "ScoresInline",
    "SharesPrompt",
    "TakesExtractor",
    "TakesTime",
    "TokenCounter",
    "WatchesText",
    "WrapsExtractor",
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

        Entering the context sends the request. Leaving it, in whatever way, closes the response, so
        that the server stops generating. The iterator ends where the server ended the stream; one
        of its chunks then carries `finish`.

        Raises:
            BackendError: On entering or on iterating; any provider error, mapped once.
        """
        ...


@runtime_checkable
class ContinuesPrefix(Protocol):
    """A backend that can continue a text it, or another request, has begun."""

    @property
    def continues_prefix(self) -> bool:
        """Whether `TraceRequest.prefix` is continued; the chunks bring only what follows it."""
        ...


@runtime_checkable
class SharesPrompt(Protocol):
    """A backend whose server keeps the prompts that it has computed, for later requests."""

    @property
    def shares_prompt(self) -> bool:
        """Whether a request gains by coming after one with the same prompt, not along with it."""
        ...


class Judge(Protocol):
    """Says how likely two unfinished traces are to end in the same answer."""

    @property
    def name(self) -> str:
        """Name for reports."""
        ...

    @property
    def costs_tokens(self) -> bool:
        """Whether a verdict costs tokens or money; then only needed pairs are asked about."""
        ...

    async def compare(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        """Judge a batch; return one verdict per pair, in their order.

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


@runtime_checkable
class TakesExtractor(Protocol):
    """A judge that reads answers itself, and takes the extractor of the run that it judges in."""

    def with_answers(self, answers: AnswerExtractor) -> Judge:
        """Return this judge as it reads with the run's extractor; itself where it has its own.

        Raises:
            ConfigurationError: The judge needs a power that the extractor lacks.
        """
        ...


class AnswerExtractor(Protocol):
    """Reads final answers and says which of them are the same.

    These two methods are all that most methods need. What else an extractor can do it says by the
    protocols below; whoever needs a power that it lacks refuses it before anything is sent:

    - `ReadsIncomplete`: the policy `StopAtAnswer`.
    - `ReadsIncomplete` and `ReadsProbes`: whatever asks a live trace for its answer so far, as the
      policy `ParallelProbe` and the judge `ProbeJudge` do.

    Nobody needs the others; they are used where an extractor has them: `InstructsModel`,
    `AsksForFormat`, `IsSpelled`, `FoldsBallots`.
    """

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


class ReadsIncomplete(Protocol):
    """An extractor that can read a text which the model has not ended."""

    @property
    def reads_incomplete(self) -> bool:
        """Whether `extract(text, complete=False)` tells a stated answer from one on the way."""
        ...


class ReadsProbes(Protocol):
    """An extractor that knows how a trace is asked for its answer so far."""

    @property
    def probe(self) -> str | None:
        """What follows the trace's text then; None where a trace cannot be asked.

        The model continues it by a few tokens. `extract` gets the probe and what the model said, as
        a text that is not complete.
        """
        ...


class InstructsModel(Protocol):
    """An extractor that knows how the model is to be told of the answer's form."""

    @property
    def instruction(self) -> str | None:
        """What is added to the prompt, on a line of its own; None adds nothing."""
        ...


class AsksForFormat(Protocol):
    """An extractor whose answers a server can hold the reply to."""

    @property
    def response_format(self) -> Mapping[str, object] | None:
        """The field of that name in a request, as OpenAI-compatible servers take it, or None."""
        ...


class IsSpelled(Protocol):
    """An extractor that a text names, as the command line and recordings do."""

    @property
    def spec(self) -> str | None:
        """The text of which `answers.as_extractor` makes an equal one; None where none does."""
        ...


class FoldsBallots(Protocol):
    """An extractor that can make the answer of a vote itself, such as field by field."""

    @property
    def by_field(self) -> bool:
        """Whether it is to."""
        ...

    def fold(self, ballots: Sequence[tuple[str, float]]) -> str | None:
        """Return the answer of answers and their weights; None leaves it to the vote."""
        ...


class AnswerWatch(Protocol):
    """Follows one trace while it grows."""

    def read(self, text: str) -> bool:
        """Read on; return whether the whole text is worth reading now.

        True where `text` may have completed an answer. `extract` has the last word, so this may be
        wrong in that direction, and should cost O(length of `text`).
        """
        ...


class WatchesText(Protocol):
    """An extractor that sees an answer coming, so that a growing text is not read again and again.

    With any other one the text is read anew whenever it has grown by a small share.
    """

    def watch(self) -> AnswerWatch:
        """Begin to follow a trace, at the start of its text."""
        ...


class WrapsExtractor(Protocol):
    """An extractor around another one, whose powers it has wherever it does not say otherwise."""

    @property
    def wrapped(self) -> AnswerExtractor:
        """The other one."""
        ...


class DecidesPerRun(Protocol):
    """An extractor that decides anew in every run how its answers are read."""

    def for_run(self, question: str) -> LearnsFromTexts:
        """Begin a run over `question`."""
        ...


class LearnsFromTexts(AnswerExtractor, Protocol):
    """The extractor of one run, which its ended traces teach how answers are stated."""

    @property
    def kind(self) -> str:
        """The kind of answers that it takes by now, for reports."""
        ...

    @property
    def settled(self) -> bool:
        """Whether it has learned enough: then nothing is read in another way again."""
        ...

    def learn(self, text: str) -> bool:
        """Take note of a text that the model has ended itself.

        Returns:
            Whether texts are now read in another way. Those that have been read are read again.
        """
        ...


class TakesTime(AnswerExtractor, Protocol):
    """An extractor whose comparisons may take seconds.

    A live run has what a trace has answered compared in another thread before it decides on it, so
    that no stream and no time limit waits. The extractor must then bear to be asked in any thread,
    and remember what it has found: it is asked the same again, in the event loop.
    """

    def begin_run(self) -> AnswerExtractor:
        """Return the extractor of one run, which bounds the time of that run's comparisons.

        It should raise where a comparison would need more: the two answers then count as different,
        and the result says so.
        """
        ...


class TokenCounter(Protocol):
    """Cuts text into tokens where the server does not say where they end."""

    @property
    def exact(self) -> bool:
        """Whether the tokens are the model's own."""
        ...

    def split(self, text: str) -> list[str]:
        """Cut `text` into pieces, one per token; joined, they are the text again."""
        ...
