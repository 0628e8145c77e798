"""What stands between a run and a judge, and can do all that the judge can."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from copy import copy
from functools import partial
from types import TracebackType
from typing import Self, cast

from deepprune_sdk.data.arguments import check_brought
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Verdict
from deepprune_sdk.judges.reading import reading_by
from deepprune_sdk.protocols import AnswerExtractor, Closes, Judge, ScoresInline

__all__ = ["JudgeWrapper", "Score"]

Score = Callable[[Sequence[Pair]], Sequence[Verdict]]
"""The `score` of a judge that only computes."""


class JudgeWrapper(ABC):
    """A judge around another judge, with the powers of that one.

    A wrapper says what it makes of a batch: in `compare`, which asks the judge and waits, and in
    `score_with`, which asks it at once. Its name, what it costs, whether it scores inline, how it
    reads answers, entering and closing are the judge's. What else the judge has is read from
    `judge`.

    Attributes:
        judge: The judge inside.
        score: The same as `compare`, at once; None around a judge that cannot (`ScoresInline`).
    """

    def __init__(self, judge: Judge) -> None:
        """Stand before `judge`.

        Raises:
            ConfigurationError: It is not a judge.
        """
        fix = "give a judge, as LearnedJudge() or RemoteJudge(model)"
        check_brought("judge", judge, ("name", "costs_tokens", "compare"), fix)
        self.judge = judge
        # None in the place of a method says that it is not there, to `isinstance` as well. On the
        # instance and not by a property, which `isinstance` does not look into.
        self.score: Score | None = (
            partial(self.score_with, judge.score) if isinstance(judge, ScoresInline) else None
        )

    @property
    def name(self) -> str:
        """Name of the judge."""
        return self.judge.name

    @property
    def costs_tokens(self) -> bool:
        """Whether the judge's verdicts cost tokens."""
        return self.judge.costs_tokens

    @abstractmethod
    async def compare(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        """Judge a batch; ask `self.judge.compare`."""

    @abstractmethod
    def score_with(self, score: Score, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        """Judge a batch as `compare` does, at once; ask `score`, which is the judge's own."""

    def with_answers(self, answers: AnswerExtractor) -> Self:
        """Return this wrapper around the judge as it reads with the run's extractor.

        Itself where the judge reads no answers, or has an extractor of its own.

        Raises:
            ConfigurationError: The judge needs a power that the extractor lacks.
        """
        judge = reading_by(self.judge, answers)
        return self if judge is self.judge else self.around(judge)

    def around(self, judge: Judge) -> Self:
        """Return the same wrapper around another judge.

        A copy: a wrapper that remembers what its judge said begins anew here.
        """
        other = copy(self)
        JudgeWrapper.__init__(other, judge)
        return other

    async def __aenter__(self) -> Self:
        """Enter the judge, where it can be entered."""
        if isinstance(self.judge, AbstractAsyncContextManager):
            await self.judge.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """Leave the judge, where it can be entered."""
        if isinstance(self.judge, AbstractAsyncContextManager):
            entered = cast("AbstractAsyncContextManager[object]", self.judge)
            return await entered.__aexit__(kind, error, traceback)
        return None

    async def aclose(self) -> None:
        """Close the judge, where it can be closed."""
        if isinstance(self.judge, Closes):
            await self.judge.aclose()
