"""The contract of wrappers: they keep the powers of what they wrap."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any, Self

import pytest
from support.labels import ReadingJudge
from support.pairs import Able

from deepprune_sdk import protocols
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Chunk, TraceRequest, Usage, Verdict
from deepprune_sdk.judges import CachedJudge
from deepprune_sdk.protocols import Backend, Judge
from deepprune_sdk.testing import ScriptedBackend, ScriptedJudge, check_backend, check_judge
from deepprune_sdk.testing.powers import BACKEND_POWERS, JUDGE_POWERS

pytestmark = pytest.mark.anyio

USED = Usage(prompt=5, generated=2)


def test_no_optional_power_is_forgotten() -> None:
    optional = [getattr(protocols, name) for name in protocols.__all__]
    optional = [one for one in optional if getattr(one, "_is_runtime_protocol", False)]

    assert {*optional, AbstractAsyncContextManager} == BACKEND_POWERS.keys() | JUDGE_POWERS.keys()


# --- judges ---------------------------------------------------------------------------------------


class Deaf:
    """Drops every power of the judge that it wraps."""

    name = "deaf"
    costs_tokens: bool = False

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    async def compare(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        return await self.judge.compare(pairs)


class Scores(Deaf):
    def score(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return [Verdict(probability=0.5, usage=USED) for _ in pairs]


class Closes(Scores):
    async def aclose(self) -> None:
        """Close nothing."""


class Keeps(Closes):
    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave nothing."""


class Unlike(Keeps):
    def score(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return [Verdict(probability=0.4) for _ in pairs]


async def test_a_judge_that_keeps_every_power() -> None:
    able = Able(lambda pair: 0.5, usage=USED)
    await check_judge(Keeps(able), wraps=able, close=True)

    plain = ScriptedJudge(lambda pair: 0.5)
    await check_judge(Deaf(plain), wraps=plain)  # which has none that could be dropped
    await check_judge(Keeps(plain), wraps=plain)  # more is not less


@pytest.mark.parametrize(
    ("wrap", "says"),
    [
        (Deaf, r"Deaf drops a power of the Able that it wraps: score\(\) \(ScoresInline\)"),
        (Scores, r"Scores drops a power of the Able that it wraps: aclose\(\) \(Closes\)"),
        (Closes, r"Closes drops a power .*: async with \(AbstractAsyncContextManager\)"),
        (Unlike, "the same pair inline and not has the probabilities"),
    ],
)
async def test_judges_that_drop_one(wrap: Callable[[Judge], Judge], says: str) -> None:
    able = Able(lambda pair: 0.5, usage=USED)

    with pytest.raises(AssertionError, match=says):
        await check_judge(wrap(able), wraps=able)


async def test_a_wrapper_of_a_judge_that_reads_answers_reads_as_the_run_does() -> None:
    reading = ReadingJudge()

    await check_judge(CachedJudge(reading), wraps=reading, scores=False)
    with pytest.raises(AssertionError, match=r"Deaf drops .*: with_answers\(\) \(TakesExtractor\)"):
        await check_judge(Deaf(reading), wraps=reading, scores=False)


async def test_a_judge_whose_inline_verdicts_depend_on_what_was_asked_before() -> None:
    """A wrapper that forgets to take its own step inline, but for what it remembers."""

    class Remembers(Keeps):
        def __init__(self, judge: Judge) -> None:
            super().__init__(judge)
            self.known: dict[str, Verdict] = {}

        async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
            told = await super().compare(pairs)
            halved = [replace(one, probability=(one.probability or 0) / 2) for one in told]
            self.known |= zip((str(pair) for pair in pairs), halved, strict=True)
            return halved

        def score(self, pairs: Sequence[Pair]) -> list[Verdict]:
            return [
                self.known.get(str(pair), one)
                for pair, one in zip(pairs, super().score(pairs), strict=True)
            ]

    able = Able(lambda pair: 0.5, usage=USED)
    with pytest.raises(AssertionError, match="inline first and then not"):
        await check_judge(Remembers(able), wraps=able)


async def test_a_judge_that_hides_what_the_one_inside_costs() -> None:
    class Hides(Deaf):
        async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
            told = await super().compare(pairs)
            return [Verdict(probability=one.probability) for one in told]

    costly = ScriptedJudge(lambda pair: 0.5, costs_tokens=True, usage=USED)
    hides = Hides(costly)
    with pytest.raises(AssertionError, match="costs_tokens is False, though the judge inside"):
        await check_judge(hides, wraps=costly)
    hides.costs_tokens = True
    with pytest.raises(AssertionError, match=r"cost no tokens, though .* cost 21"):
        await check_judge(hides, wraps=costly)


# --- backends -------------------------------------------------------------------------------------

TEXT = "Each box holds 12, so 3 boxes hold 36 pencils. The answer is \\boxed{36}. Done it is."


class Server(ScriptedBackend):
    """A backend with every optional power, whose chunks tell all that chunks can."""

    shares_prompt = True

    def __init__(self, *, concurrency: int | None = 4) -> None:
        super().__init__([TEXT], continues_prefix=True, concurrency=concurrency)

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        async with super().stream(request) as chunks, aclosing(_measured(chunks)) as measured:
            yield measured

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave nothing."""

    async def aclose(self) -> None:
        """Close nothing."""


async def _measured(chunks: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk]:
    async for chunk in chunks:
        values = (0.5,) * len(chunk.pieces)
        yield replace(chunk, confidences=values, logprobs=values, exact=False)


class Bare:
    """Drops every power of the backend that it wraps, but what its chunks tell."""

    model = "bare"

    def __init__(self, backend: Backend, concurrency: int | None = 2, **says: Any) -> None:
        self.backend = backend
        self.concurrency = concurrency
        for name, value in says.items():
            setattr(self, name, value)

    def stream(self, request: TraceRequest) -> AbstractAsyncContextManager[AsyncIterator[Chunk]]:
        return self.backend.stream(request)


class Whole(Bare):
    def __init__(self, backend: Backend, concurrency: int | None = 2, **says: Any) -> None:
        super().__init__(
            backend, concurrency, **{"continues_prefix": True, "shares_prompt": True, **says}
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave nothing."""

    async def aclose(self) -> None:
        """Close nothing."""


class Changes(Whole):
    """Changes every chunk."""

    def __init__(self, backend: Backend, change: Callable[[Chunk], Chunk]) -> None:
        super().__init__(backend)
        self._change = change

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        async with self.backend.stream(request) as chunks, aclosing(self._each(chunks)) as changed:
            yield changed

    async def _each(self, chunks: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk]:
        async for chunk in chunks:
            yield self._change(chunk)


async def test_a_backend_that_keeps_every_power() -> None:
    server = Server()
    await check_backend(Whole(server), wraps=server, max_tokens=8)

    plain = ScriptedBackend([TEXT])  # which says that it continues no prefix
    assert isinstance(plain, protocols.ContinuesPrefix)
    await check_backend(Bare(plain), wraps=plain)
    await check_backend(Whole(plain, continues_prefix=False), wraps=plain)


DROPPING: list[tuple[Callable[[Backend], Backend], str]] = [
    (Bare, r"Bare drops a power of the Server .*: continues_prefix \(ContinuesPrefix\)"),
    (
        lambda server: Bare(server, continues_prefix=False),
        r"Bare drops a power .*: continues_prefix \(ContinuesPrefix\)",
    ),
    (
        lambda server: Bare(server, continues_prefix=True, shares_prompt=False),
        r"Bare drops a power .*: shares_prompt \(SharesPrompt\)",
    ),
    (
        lambda server: Bare(server, continues_prefix=True, shares_prompt=True),
        r"Bare drops a power .*: aclose\(\) \(Closes\)",
    ),
    (lambda server: Whole(server, None), "concurrency is None, though .* inside allows 4"),
    (lambda server: Whole(server, 5), "concurrency is 5, though .* inside allows 4"),
    (
        lambda server: Changes(server, lambda chunk: replace(chunk, usage=None)),
        "chunks lack usage, which those of the backend inside have",
    ),
    (
        lambda server: Changes(
            server, lambda chunk: Chunk(pieces=chunk.pieces, finish=chunk.finish, exact=False)
        ),
        "chunks lack confidences, logprobs, usage",
    ),
    (
        lambda server: Changes(server, lambda chunk: replace(chunk, exact=True)),
        "chunks say exact, those of the backend inside do not",
    ),
]


@pytest.mark.parametrize(("wrap", "says"), DROPPING)
async def test_backends_that_drop_one(wrap: Callable[[Backend], Backend], says: str) -> None:
    server = Server()

    with pytest.raises(AssertionError, match=says):
        await check_backend(wrap(server), wraps=server, max_tokens=8)
