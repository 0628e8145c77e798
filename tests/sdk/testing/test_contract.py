"""The contract suite: it passes what keeps the contract, and says what breaks it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import anyio
import pytest

from deepprune_sdk import LearnedJudge
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Chunk, TraceRequest, Usage, Verdict
from deepprune_sdk.testing import ScriptedBackend, ScriptedJudge, check_backend, check_judge

pytestmark = pytest.mark.anyio


async def test_judges_that_keep_it() -> None:
    await check_judge(LearnedJudge(), reads_batch=True)
    await check_judge(ScriptedJudge(lambda pair: 0.5), close=True)
    await check_judge(ScriptedJudge(lambda pair: None), scores=False)


class Judge:
    """Keeps the contract but for what a test changes."""

    name: Any = "mine"
    costs_tokens: Any = False

    def __init__(self, answer: Callable[[Sequence[Pair]], Any]) -> None:
        self._answer = answer
        self.closed = 0

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        await anyio.lowlevel.checkpoint()
        return self._answer(pairs)

    async def aclose(self) -> None:
        self.closed += 1


def half(pairs: Sequence[Pair]) -> list[Verdict]:
    return [Verdict(probability=0.5) for _ in pairs]


async def test_a_judge_is_closed_twice_where_that_is_wanted() -> None:
    judge = Judge(half)

    await check_judge(judge)
    assert judge.closed == 0
    await check_judge(judge, close=True)
    assert judge.closed == 2


NUMBERS = count()


BROKEN_JUDGES: list[tuple[Callable[[Sequence[Pair]], Any], str]] = [
    (lambda pairs: half(pairs)[1:], "2 verdicts for 3 pairs"),
    (lambda pairs: None, "must return a sequence"),
    (lambda pairs: [0.5 for _ in pairs], "no Verdict"),
    (lambda pairs: [Verdict(probability=1.5) for _ in pairs], "neither None nor in"),
    (lambda pairs: [Verdict(probability=float("nan")) for _ in pairs], "neither None nor"),
    (
        lambda pairs: [Verdict(probability=0.5, usage=Usage(prompt=-1)) for _ in pairs],
        "usage below 0",
    ),
    (lambda pairs: [Verdict(probability=None) for _ in pairs], "none of the ordinary pairs"),
    (
        lambda pairs: [Verdict(probability=i / 9) for i, _ in enumerate(pairs)],
        "alone and in a batch",
    ),
    (
        lambda pairs: [Verdict(probability=next(NUMBERS) % 5 / 9) for _ in pairs],
        "the same pair",
    ),
]


@pytest.mark.parametrize(("answer", "says"), BROKEN_JUDGES)
async def test_judges_that_break_it(answer: Callable[[Sequence[Pair]], Any], says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        await check_judge(Judge(answer))


async def test_attributes_of_a_judge() -> None:
    judge = Judge(half)
    judge.costs_tokens = "no"
    with pytest.raises(AssertionError, match="costs_tokens must be a bool"):
        await check_judge(judge)
    judge.name = ""
    with pytest.raises(AssertionError, match="name must be"):
        await check_judge(judge)


async def test_a_judge_that_falls_over_a_text() -> None:
    def careless(pairs: Sequence[Pair]) -> list[Verdict]:
        for pair in pairs:
            pair.left.text.encode()
        return half(pairs)

    with pytest.raises(UnicodeEncodeError):
        await check_judge(Judge(careless))
    await check_judge(Judge(careless), hostile=("", "{left}"))


async def test_a_judge_that_never_answers() -> None:
    with pytest.raises(AssertionError, match=r"several pairs took more than 0\.05 s"):
        await check_judge(_Slow(), within=0.05)


class _Slow(Judge):
    def __init__(self) -> None:
        super().__init__(half)

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        if pairs:
            await anyio.sleep_forever()
        return []


# --- backends -------------------------------------------------------------------------------------

TEXT = "Each box holds 12, so 3 boxes hold 36 pencils. The answer is \\boxed{36}. Done it is."


async def test_backends_that_keep_it() -> None:
    await check_backend(ScriptedBackend([TEXT]))
    await check_backend(ScriptedBackend([TEXT], chunk=3, continues_prefix=True), max_tokens=8)


class Backend(ScriptedBackend):
    """Keeps the contract but for what a test changes."""

    def __init__(self, change: Callable[[Chunk], Chunk | None], **settings: Any) -> None:
        super().__init__([TEXT], **settings)
        self._change = change

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        async with super().stream(request) as all_of_it, aclosing(self._changed(all_of_it)) as some:
            yield some

    async def _changed(self, chunks: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk]:
        async for chunk in chunks:
            changed = self._change(chunk)
            if changed is not None:
                yield changed


BROKEN_BACKENDS: list[tuple[Callable[[Chunk], Any], str]] = [
    (lambda chunk: None, "without a finish"),
    (lambda chunk: replace(chunk, pieces=()), "no text"),
    (lambda chunk: "text", "is no Chunk"),
    (lambda chunk: replace(chunk, finish="stop"), "text came after the finish"),
    (lambda chunk: replace(chunk, logprobs=(0.0, 0.0)), "logprobs must be one a piece"),
    (lambda chunk: replace(chunk, usage=Usage(generated=-1)), "usage below 0"),
    (lambda chunk: replace(chunk, pieces=chunk.pieces * 2), "though max_tokens="),
]


@pytest.mark.parametrize(("change", "says"), BROKEN_BACKENDS)
async def test_backends_that_break_it(change: Callable[[Chunk], Any], says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        await check_backend(Backend(change))


async def test_attributes_of_a_backend() -> None:
    backend = ScriptedBackend([TEXT], concurrency=0)
    with pytest.raises(AssertionError, match="concurrency"):
        await check_backend(backend)
    backend.model = ""
    with pytest.raises(AssertionError, match="model must be"):
        await check_backend(backend)


async def test_a_backend_that_swallows_cancellation() -> None:
    class Deaf(ScriptedBackend):
        @asynccontextmanager
        async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
            async with super().stream(request) as live, aclosing(self._told(live)) as told:
                yield told

        async def _told(self, chunks: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk]:
            kept: list[Chunk] = []
            with anyio.CancelScope(shield=True):
                kept += [chunk async for chunk in chunks]
            for chunk in kept:
                yield chunk

    with pytest.raises(AssertionError, match="must not swallow cancellation"):
        await check_backend(Deaf([TEXT]))


async def test_a_backend_that_repeats_the_prefix() -> None:
    class Parrot(ScriptedBackend):
        @asynccontextmanager
        async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
            async with super().stream(replace(request, prefix="")) as chunks:
                yield chunks

    with pytest.raises(AssertionError, match="was repeated"):
        await check_backend(Parrot([TEXT], continues_prefix=True))


async def test_a_backend_that_hangs() -> None:
    with pytest.raises(AssertionError, match="a stream took more than"):
        await check_backend(ScriptedBackend([TEXT], pace=60.0), within=0.05)
