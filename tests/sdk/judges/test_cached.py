"""CachedJudge: the same pair of texts is judged once."""

from __future__ import annotations

import anyio
import pytest
from support.pairs import pair, prefix

from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import NO_USAGE, Usage, Verdict
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.judges import CachedJudge, LearnedJudge
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


async def test_it_keeps_the_contract() -> None:
    await check_judge(CachedJudge(LearnedJudge()), reads_batch=True)


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
