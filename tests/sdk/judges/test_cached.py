"""CachedJudge: the same pair of texts is judged once."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from support.labels import LABELS, ReadingJudge
from support.pairs import Able, pair, prefix
from support.recorded import recorded

from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import NO_USAGE, Usage, Verdict
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.evaluation.replay import replay
from deepprune_sdk.judges import CachedJudge, LearnedJudge
from deepprune_sdk.policies import Checkpoints, DeepPrune
from deepprune_sdk.protocols import Judge, ScoresInline
from deepprune_sdk.testing import ScriptedJudge, check_judge

pytestmark = pytest.mark.anyio

USED = Usage(prompt=10, generated=1)


def scripted(delay: float = 0.0) -> ScriptedJudge:
    return ScriptedJudge(
        lambda pair: len(pair.left.text) / 100, usage=USED, delay=delay, costs_tokens=True
    )


async def test_what_is_known_is_not_asked_and_costs_nothing() -> None:
    inner = scripted()
    judge = CachedJudge(inner)

    (first,) = await judge.compare([pair("a", "b")])
    again, new = await judge.compare([pair("a", "b"), pair("aa", "b")])

    assert (first.usage, again.usage, new.usage) == (USED, NO_USAGE, USED)
    assert (first.probability, again.probability, new.probability) == (0.01, 0.01, 0.02)
    assert [len(batch) for batch in inner.batches] == [1, 1]
    assert (judge.hits, judge.misses) == (1, 2)
    assert (judge.name, judge.costs_tokens) == ("scripted", True)


async def test_a_judge_that_reads_answers_is_remembered_for_each_extractor() -> None:
    inner = ReadingJudge()
    judge = CachedJudge(inner)
    asked = pair("LABEL: cat \\boxed{1} ", "LABEL: dog \\boxed{1} ")
    labelled = judge.with_answers(LABELS)

    assert [v.probability for v in await judge.compare([asked])] == [1.0]
    assert [v.probability for v in await labelled.compare([asked])] == [0.0]
    assert [v.probability for v in await judge.compare([asked])] == [1.0]
    assert inner.read_by == [LABELS]
    assert [v.probability for v in await judge.with_answers(LABELS).compare([asked])] == [0.0]
    assert (judge.hits, judge.misses) == (2, 2)  # every run's, on the object that the user has
    assert (labelled.hits, labelled.misses) == (2, 2)


def test_a_judge_that_reads_nothing_is_remembered_as_before() -> None:
    judge = CachedJudge(scripted())

    assert judge.with_answers(LABELS) is judge


async def test_it_keeps_the_contract_and_what_the_judge_can_do() -> None:
    learned, able = LearnedJudge(), Able(lambda pair: 0.5, usage=USED)

    await check_judge(CachedJudge(learned), wraps=learned, reads_batch=True)
    await check_judge(CachedJudge(able, order_free=True), wraps=able, close=True)
    assert able.closed == 2
    assert not isinstance(CachedJudge(scripted()), ScoresInline)


async def test_the_same_pair_twice_in_a_batch_is_asked_and_paid_once() -> None:
    inner = scripted()

    verdicts = await CachedJudge(inner).compare([pair("a"), pair("b"), pair("a")])

    assert [verdict.usage for verdict in verdicts] == [USED, USED, NO_USAGE]
    assert [len(batch) for batch in inner.batches] == [2]


async def test_content_counts_and_not_the_numbers_of_traces() -> None:
    inner = scripted()
    judge = CachedJudge(inner)
    whole = pair("a", "b")
    renumbered = Pair(question=whole.question, left=prefix("a", 7), right=prefix("b", 8))
    finished = Pair(question=whole.question, left=prefix("a", finished=True), right=prefix("b", 1))

    await judge.compare([whole])
    await judge.compare([renumbered])
    assert judge.misses == 1
    for other in (finished, pair("a", "b", "Another question?"), pair("b", "a")):
        await judge.compare([other])
    assert judge.misses == 4


async def test_order_free_asks_in_one_order_whichever_came_first() -> None:
    told: list[float | None] = []
    for pairs in ([pair("aaa", "b"), pair("b", "aaa")], [pair("b", "aaa"), pair("aaa", "b")]):
        judge = CachedJudge(scripted(), order_free=True)
        told += [verdict.probability for verdict in await judge.compare(pairs)]
        assert judge.misses == 1

    assert len(set(told)) == 1


async def test_two_calls_at_once_ask_once() -> None:
    inner = scripted(delay=0.01)
    judge = CachedJudge(inner)
    told: list[Verdict] = []

    async def ask() -> None:
        told.extend(await judge.compare([pair("a")]))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)

    assert len(inner.batches) == 1
    assert sorted(verdict.usage.prompt for verdict in told) == [0, 10]
    assert {verdict.probability for verdict in told} == {0.01}


async def test_a_call_that_is_cancelled_leaves_the_other_to_ask() -> None:
    inner = scripted(delay=0.01)
    judge = CachedJudge(inner)
    told: list[Verdict] = []

    async def ask() -> None:
        told.extend(await judge.compare([pair("a")]))

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as inside:
                inside.start_soon(ask)
                await anyio.lowlevel.checkpoint()
                group.start_soon(ask)
                await anyio.lowlevel.checkpoint()
                scope.cancel()

    assert len(inner.batches) == 2
    assert [verdict.usage for verdict in told] == [USED]


# --- inline ---------------------------------------------------------------------------------------


def scores(judge: Judge, *pairs: Pair) -> list[Verdict]:
    assert isinstance(judge, ScoresInline)
    return list(judge.score(pairs))


async def test_inline_and_awaited_calls_remember_for_each_other() -> None:
    inner = Able(lambda pair: len(pair.left.text) / 100, usage=USED)
    judge = CachedJudge(inner)

    first, twice, other = scores(judge, pair("a"), pair("a"), pair("bb"))
    again, new = await judge.compare([pair("a"), pair("ccc")])
    known = scores(judge, pair("ccc"), pair("bb"))

    assert [v.usage for v in (first, twice, other, again, new)] == [
        USED,
        NO_USAGE,
        USED,
        NO_USAGE,
        USED,
    ]
    assert [v.usage for v in known] == [NO_USAGE, NO_USAGE]
    assert [v.probability for v in (first, twice, other, again, new)] == [
        0.01,
        0.01,
        0.02,
        0.01,
        0.03,
    ]
    assert [v.probability for v in known] == [0.03, 0.02]
    assert [len(batch) for batch in inner.inline] == [2]
    assert [len(batch) for batch in inner.batches] == [1]
    assert (judge.hits, judge.misses) == (4, 3)


class Held(Able):
    """Answers what it is asked with waiting only once it may."""

    def __init__(self) -> None:
        super().__init__(lambda pair: 0.5, usage=USED)
        self.asked = anyio.Event()
        self.go_on = anyio.Event()

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        self.asked.set()
        await self.go_on.wait()
        return await super().compare(pairs)


async def test_an_inline_call_asks_what_another_is_being_told() -> None:
    """It cannot wait; both calls have asked, and both have paid."""
    inner = Held()
    judge = CachedJudge(inner)
    told: list[Verdict] = []
    inline: list[Verdict] = []

    async def ask() -> None:
        told.extend(await judge.compare([pair("a"), pair("b")]))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await inner.asked.wait()
        inline += scores(judge, pair("a"), pair("c"))
        waits = anyio.Event()

        async def ask_too() -> None:
            waits.set()
            told.extend(await judge.compare([pair("a"), pair("b")]))

        group.start_soon(ask_too)
        await waits.wait()
        assert (judge.hits, judge.misses) == (0, 2)
        inner.go_on.set()

    assert [v.usage for v in inline] == [USED, USED]
    assert [v.usage for v in told] == [USED, USED, NO_USAGE, NO_USAGE]
    assert (judge.hits, judge.misses) == (2, 4)
    assert [len(batch) for batch in inner.batches] == [2]
    assert [v.usage for v in scores(judge, pair("a"), pair("b"), pair("c"))] == [NO_USAGE] * 3


async def test_order_free_inline_asks_in_one_order() -> None:
    inner = Able(lambda pair: len(pair.left.text) / 100, usage=USED)
    judge = CachedJudge(inner, order_free=True)

    one, mirrored = scores(judge, pair("aaa", "b"), pair("b", "aaa"))
    (awaited,) = await judge.compare([pair("b", "aaa")])

    assert one.probability == mirrored.probability == awaited.probability == 0.03
    assert [v.usage for v in (one, mirrored, awaited)] == [USED, NO_USAGE, NO_USAGE]
    assert (judge.hits, judge.misses) == (2, 1)


async def test_inline_failures_and_unscored_pairs_are_not_remembered() -> None:
    probabilities = iter([None, 0.5])
    inner = Able(lambda pair: 1 / len(pair.left.text) and next(probabilities))
    judge = CachedJudge(inner)

    assert [scores(judge, pair())[0].probability for _ in range(3)] == [None, 0.5, 0.5]

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            scores(judge, pair(""))
    assert [len(batch) for batch in inner.inline] == [1, 1, 1, 1]
    assert (judge.hits, judge.misses) == (1, 2)


async def test_a_replay_asks_it_inline_and_once() -> None:
    inner = Able(lambda pair: 0.9)
    judge = CachedJudge(inner)
    traces = [recorded(number, "1", 30) for number in range(4)]

    results = [
        (await replay(traces, DeepPrune(checkpoints=Checkpoints.tokens(5)), judge)).result
        for _ in range(2)
    ]

    assert results[0] == results[1]
    asked = results[0].judge.asked
    assert asked > 0
    assert (judge.hits, judge.misses) == (asked, asked)
    assert sum(map(len, inner.inline)) == asked
    assert inner.batches == []


# --- what is kept ---------------------------------------------------------------------------------


async def test_failures_and_unscored_pairs_are_not_remembered() -> None:
    probabilities = iter([None, 0.5])
    inner = ScriptedJudge(lambda pair: next(probabilities))
    judge = CachedJudge(inner)

    assert [(await judge.compare([pair()]))[0].probability for _ in range(3)] == [None, 0.5, 0.5]

    failing = CachedJudge(ScriptedJudge(lambda pair: 1.0, error=ValueError("no")))
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await failing.compare([pair()])


async def test_the_least_recently_used_goes_first() -> None:
    judge = CachedJudge(scripted(), max_entries=2)

    for text in ("a", "b", "a", "c", "a", "b"):
        await judge.compare([pair(text)])

    assert (judge.misses, judge.hits) == (4, 2)
    with pytest.raises(ConfigurationError, match="max_entries=0"):
        CachedJudge(scripted(), 0)
