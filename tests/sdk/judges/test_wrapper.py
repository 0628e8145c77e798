"""JudgeWrapper: a judge around another one, with the powers of that one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from functools import partial

import pytest
from support.labels import LABELS, ReadingJudge
from support.pairs import Able, Watched, pair

from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Usage, Verdict
from deepprune_sdk.evaluation.sweep import PerturbedJudge
from deepprune_sdk.judges import CachedJudge, JudgeWrapper, LearnedJudge
from deepprune_sdk.judges.wrapper import Score
from deepprune_sdk.protocols import AnswerExtractor, Judge, ScoresInline
from deepprune_sdk.testing import ScriptedJudge, check_judge

pytestmark = pytest.mark.anyio

USED = Usage(prompt=5, generated=2)


class Halved(JudgeWrapper):
    """Says half of what the judge says."""

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return self._halved(await self.judge.compare(pairs))

    def score_with(self, score: Score, pairs: Sequence[Pair]) -> list[Verdict]:
        return self._halved(score(pairs))

    @staticmethod
    def _halved(verdicts: Sequence[Verdict]) -> list[Verdict]:
        return [replace(one, probability=(one.probability or 0.0) / 2) for one in verdicts]


WRAPPERS: list[Callable[[Judge], JudgeWrapper]] = [
    CachedJudge,
    Halved,
    Watched,
    lambda judge: PerturbedJudge(judge, 0.5),
    lambda judge: Halved(CachedJudge(Halved(judge))),
]


@pytest.mark.parametrize("wrap", WRAPPERS)
async def test_it_has_what_the_judge_has(wrap: Callable[[Judge], JudgeWrapper]) -> None:
    able = Able(lambda pair: 0.5, usage=USED)
    around = wrap(able)
    dear = ScriptedJudge(lambda pair: 0.5, costs_tokens=True, usage=USED)

    await check_judge(around, wraps=able)
    await check_judge(wrap(dear), wraps=dear)

    assert isinstance(around, ScoresInline)
    assert not isinstance(wrap(dear), ScoresInline)
    assert wrap(dear).costs_tokens
    assert not around.costs_tokens
    assert wrap(dear).name.startswith("scripted")


@pytest.mark.parametrize("wrap", WRAPPERS)
async def test_entering_and_closing_reach_the_judge(wrap: Callable[[Judge], JudgeWrapper]) -> None:
    able = Able(lambda pair: 0.5)

    async with wrap(able) as around:
        assert able.entered == 1
        await around.aclose()
    assert (able.entered, able.closed) == (0, 1)

    async with wrap(LearnedJudge()) as around:  # which has nothing to enter, nor to close
        await around.aclose()


@pytest.mark.parametrize("wrap", WRAPPERS)
async def test_around_a_judge_that_reads_answers_it_reads_as_the_run_does(
    wrap: Callable[[Judge], JudgeWrapper],
) -> None:
    asked = pair("LABEL: cat \\boxed{1} ", "LABEL: dog \\boxed{1} ")
    inner = ReadingJudge()
    mine = wrap(inner)
    labelled = mine.with_answers(LABELS)

    (boxed,), (read,) = await mine.compare([asked]), await labelled.compare([asked])
    assert (type(labelled), labelled.name) == (type(mine), mine.name)
    assert inner.read_by == [LABELS]
    direct = [await wrap(judge).compare([asked]) for judge in (inner, ReadingJudge(LABELS))]
    assert direct == [[boxed], [read]]
    assert boxed != read

    learned = wrap(LearnedJudge())
    assert learned.with_answers(LABELS) is learned


async def test_inline_it_reads_as_the_run_does() -> None:
    class Inline(ReadingJudge):
        def score(self, pairs: Sequence[Pair]) -> list[Verdict]:
            return [self.verdict(pair) for pair in pairs]

        def with_answers(self, answers: AnswerExtractor) -> Inline:
            return Inline(answers)

    around = CachedJudge(Inline()).with_answers(LABELS)
    assert around.score is not None
    asked = [pair("LABEL: cat \\boxed{1} ", "LABEL: dog \\boxed{1} ")]
    assert [verdict.probability for verdict in around.score(asked)] == [0.0]
    assert (around.hits, around.misses) == (0, 1)


async def test_inline_it_makes_the_same_of_what_the_judge_says_inline() -> None:
    for wrap, says in ((Halved, 0.1), (partial(PerturbedJudge, rate=1.0), 0.8)):
        able = Able(lambda pair: 0.2, usage=USED)
        around = wrap(able)
        assert around.score is not None

        inline = around.score([pair("a"), pair("bbb")])

        assert inline == [Verdict(probability=says, usage=USED)] * 2
        assert able.batches == []
        assert inline == await around.compare([pair("a"), pair("bbb")])


async def test_an_exit_that_swallows_an_error_still_does() -> None:
    class Forgiving(ScriptedJudge, AbstractAsyncContextManager["Forgiving"]):
        async def __aexit__(self, *_: object) -> bool:
            return True

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(Halved(Forgiving(lambda pair: 0.5)))
        raise ValueError("forgiven")
    with pytest.raises(ValueError, match="not forgiven"):
        async with Halved(Able(lambda pair: 0.5)):
            raise ValueError("not forgiven")
