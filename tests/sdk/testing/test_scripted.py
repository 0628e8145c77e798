"""The public fakes do what their scripts say."""

import pytest

from deepprune_sdk import Message, Sampling, UnavailableError
from deepprune_sdk.data import Chunk, Pair, TracePrefix, TraceRequest
from deepprune_sdk.data.types import Usage, Verdict
from deepprune_sdk.testing import Script, ScriptedBackend, ScriptedJudge

pytestmark = pytest.mark.anyio


async def read(
    backend: ScriptedBackend,
    trace: int = 0,
    *,
    prefix: str = "",
    max_tokens: int | None = None,
) -> list[Chunk]:
    request = TraceRequest(
        trace=trace,
        messages=(Message(role="user", content="?"),),
        sampling=Sampling(max_tokens=max_tokens),
        prefix=prefix,
    )
    chunks: list[Chunk] = []
    async with backend.stream(request) as stream:
        assert backend.open == 1
        async for chunk in stream:
            chunks.append(chunk)  # noqa: PERF401  what came before an error counts
    assert backend.open == 0
    return chunks


def test_a_text_is_cut_before_every_blank() -> None:
    assert Script("one two\n three ").pieces == ("one", " two", "\n three", " ")
    assert Script(["a", "b c"]).pieces == ("a", "b c")
    assert Script("").pieces == ()


async def test_a_stream_is_its_script_and_its_end() -> None:
    backend = ScriptedBackend(["a b c"], chunk=2)
    assert await read(backend) == [
        Chunk(pieces=("a", " b")),
        Chunk(pieces=(" c",)),
        Chunk(finish="stop", usage=Usage(prompt=10, generated=3)),
    ]
    assert backend.delivered == {0: 3}
    assert [request.trace for request in backend.requests] == [0]


async def test_scripts_are_counted_round() -> None:
    backend = ScriptedBackend([Script("a"), Script("b", finish="length", usage=False)])
    assert (await read(backend, 2))[0].pieces == ("a",)
    assert (await read(backend, 3))[1:] == [Chunk(finish="length")]


async def test_reasoning_comes_apart() -> None:
    chunks = await read(ScriptedBackend([Script("a b c d", reasoning=3)], chunk=2))
    assert [(chunk.pieces, chunk.reasoning) for chunk in chunks[:-1]] == [
        (("a", " b"), True),
        ((" c",), True),
        ((" d",), False),
    ]


async def test_a_limit_cuts_the_text_off() -> None:
    chunks = await read(ScriptedBackend(["a b c"]), max_tokens=2)
    assert "".join(piece for chunk in chunks for piece in chunk.pieces) == "a b"
    assert chunks[-1].finish == "length"
    assert (await read(ScriptedBackend(["a b c"]), max_tokens=3))[-1].finish == "stop"


async def test_a_prefix_is_gone_on_from() -> None:
    backend = ScriptedBackend(["a b c d"], continues_prefix=True)
    chunks = await read(backend, prefix="a b")
    assert [chunk.pieces for chunk in chunks] == [(" c",), (" d",), ()]
    assert chunks[-1].usage == Usage(prompt=10, generated=2)


async def test_an_error_comes_where_the_script_says() -> None:
    backend = ScriptedBackend(
        [Script("a b c", error=UnavailableError("gone"), error_at=2)], chunk=9
    )
    with pytest.raises(UnavailableError, match="gone"):
        await read(backend)
    assert backend.open == 0
    assert backend.delivered == {0: 2}


async def test_an_error_after_the_last_token() -> None:
    backend = ScriptedBackend([Script("a", error=UnavailableError("gone"), error_at=1)])
    with pytest.raises(UnavailableError):
        await read(backend)
    assert backend.delivered == {0: 1}


async def test_refusals_come_first_and_then_the_text() -> None:
    backend = ScriptedBackend([Script("a b", error=UnavailableError("busy"), refusals=2)])
    for _ in range(2):
        with pytest.raises(UnavailableError, match="busy"):
            await read(backend)
    assert len(await read(backend)) == 3


async def test_a_scripted_judge() -> None:
    prefix = TracePrefix(trace=0, checkpoint=0, text="a", tokens=1)
    pair = Pair(question="?", left=prefix, right=prefix)
    judge = ScriptedJudge(lambda pair: 0.25, usage=Usage(generated=1), costs_tokens=True)
    assert await judge.compare([pair]) == [Verdict(probability=0.25, usage=Usage(generated=1))]
    assert judge.batches == [[pair]]
    assert judge.costs_tokens
    failing = ScriptedJudge(lambda pair: None, error=RuntimeError("no"))
    with pytest.raises(RuntimeError, match="no"):
        await failing.compare([pair])
    assert not failing.costs_tokens
