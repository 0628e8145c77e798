"""OpenAIBackend against a real server, real sockets and the real `openai` client: requests."""

from __future__ import annotations

import gc
import logging
import traceback
from contextlib import AsyncExitStack
from typing import Any

import anyio
import anyio.to_thread
import openai
import pytest
from support import backend_calls
from support.backend_calls import asked, at, failing, streamed
from support.chat_fixtures import KEY
from support.chat_server import DONE, ChatServer, Reply, data, finish, refusal, text

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server, connection
from deepprune_sdk import ParallelReasoner
from deepprune_sdk.data.messages import to_messages
from deepprune_sdk.data.types import Sampling, TraceRequest
from deepprune_sdk.errors import (
    ConfigurationError,
    DeepPruneError,
    MissingExtraError,
)
from deepprune_sdk.protocols import Backend, ContinuesPrefix

pytestmark = pytest.mark.anyio

anyio_backend = backend_calls.anyio_backend

# --- requests -------------------------------------------------------------------------------------


async def test_a_request_says_what_the_sampling_says(server: ChatServer) -> None:
    server.says(text("ok"), finish(), DONE)
    sampling: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 30,
        "stop": ("\n",),
        "top_logprobs": 5,
        "extra": {"top_k": 20, "chat_template_kwargs": {"enable_thinking": True}},
    }
    await streamed(at(server), asked(**sampling))
    await streamed(at(server), asked(seed=None, temperature=None))
    full, bare = server.bodies
    assert full == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
        "messages": [{"role": "user", "content": "How many?"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 30,
        "stop": ["\n"],
        "seed": 7,
        "logprobs": True,
        "top_logprobs": 5,
        "top_k": 20,
        "chat_template_kwargs": {"enable_thinking": True},
    }
    assert bare.keys() == {"model", "stream", "stream_options", "messages"}
    assert server.paths == ["/v1/chat/completions"] * 2


async def test_it_is_a_backend(server: ChatServer) -> None:
    backend: Backend = at(server, concurrency=3)
    assert isinstance(backend, ContinuesPrefix)
    assert (backend.model, backend.concurrency, backend.continues_prefix) == ("m", 3, False)


async def test_the_key_comes_from_the_argument_or_the_environment(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says(finish(), DONE)
    await streamed(at(server))
    await streamed(at(server, api_key="given"))
    monkeypatch.setenv("OPENAI_API_KEY", "from-env")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    await streamed(OpenAIBackend("m"))
    await streamed(OpenAIBackend("m", api_key="given"))
    sent = [headers["authorization"].removeprefix("Bearer ") for headers in server.headers]
    assert sent == ["none", "given", "from-env", "given"]


async def test_credentials_in_the_address_are_used_and_not_shown(server: ChatServer) -> None:
    server.script = lambda body: refusal(401, {"error": {"message": "no hunter22 here"}})
    backend = OpenAIBackend("m", base_url=server.url.replace("://", "://joe:hunter22@"))
    error, _ = await failing(backend)
    assert server.headers[0]["authorization"].startswith("Basic ")
    for shown in (repr(backend), backend.base_url, str(error), trace_text(error)):
        assert "hunter22" not in shown
        assert "joe" not in shown


def trace_text(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 200])
async def test_a_key_is_shown_nowhere(
    server: ChatServer, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="deepprune_adapters")
    said = {"error": {"message": f"Incorrect API key provided: {KEY}. Bearer {KEY}", "code": 401}}
    server.script = lambda body: (
        refusal(status, said) if status != 200 else Reply(parts=[data(said)])
    )
    backend = at(server, api_key=KEY)
    error, _ = await failing(backend)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    for shown in (repr(backend), str(error), repr(error), trace_text(error), caplog.text):
        assert KEY not in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "no API key"),
        ({"base_url": "localhost:8000/v1"}, "http://"),
        ({"base_url": "ftp://server/v1"}, "http://"),
        ({"base_url": "http://"}, "http://"),
        ({"base_url": "http://server:port/v1"}, "no address"),
        ({"base_url": "http://s/v1", "api_key": "sk-\u00e9"}, "API key"),
        ({"base_url": "http://s/v1", "api_key": "a\nb"}, "API key"),
        ({"model": "", "base_url": "http://s/v1"}, "name the model"),
        ({"base_url": "http://s/v1", "concurrency": 0}, "concurrency=0"),
        (
            {"base_url": "http://s/v1", "server": Server()},
            "give server=, or base_url= and api_key=",
        ),
        ({"api_key": "k", "server": Server(base_url="http://s/v1")}, "give server=, or base_url="),
    ],
)
async def test_what_cannot_work_is_said_at_once(arguments: dict[str, Any], words: str) -> None:
    defaults: dict[str, Any] = {"model": "m"}
    with pytest.raises(ConfigurationError, match=words):
        OpenAIBackend(**(defaults | arguments))


async def test_a_client_of_the_users_is_used_without_its_retries_and_stays_open(
    server: ChatServer,
) -> None:
    server.script = lambda body: refusal(500, {"error": {"message": "no"}})
    async with openai.AsyncAzureOpenAI(
        api_key=KEY,
        api_version="v",
        azure_endpoint=server.url.removesuffix("/v1"),
        max_retries=5,
    ) as client:
        async with OpenAIBackend("m", server=Server(client=client)) as backend:
            await failing(backend)
        assert not client.is_closed()
        assert server.paths == ["/openai/deployments/m/chat/completions"]
        assert server.headers[0]["api-key"] == KEY
        assert KEY not in repr(backend)


async def test_connections_are_kept_only_between_entering_and_leaving(server: ChatServer) -> None:
    server.script = lambda body: Reply(parts=[*text("a"), finish(), DONE])
    backend = at(server)
    async with backend:
        assert (await streamed(backend)).text == "a"
        assert (await streamed(backend)).text == "a"
    assert (await streamed(backend)).text == "a"
    await backend.aclose()
    await backend.aclose()


async def test_a_probe_leaves_no_connection(server: ChatServer) -> None:
    server.script = lambda body: Reply(parts=[*text("a"), finish(), DONE])
    backend = at(server)
    await backend.probe()
    gc.collect()  # what was not closed warns when it is collected, and warnings are errors here
    assert server.paths[-1].endswith("/models")


@pytest.mark.parametrize("n", [1, 3])
def test_aiohttp_on_trio_is_one_error(
    server: ChatServer, n: int, caplog: pytest.LogCaptureFixture
) -> None:
    reasoner = ParallelReasoner(at(server, transport="aiohttp"))
    with pytest.raises(ConfigurationError, match="leave transport= out on trio"):
        anyio.run(reasoner.solve, "?", n, backend="trio")
    assert len(caplog.records) == 1
    assert not server.bodies


def test_aiohttp_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(name: str) -> None:
        del name

    monkeypatch.setattr(connection, "find_spec", not_found)
    with pytest.raises(MissingExtraError, match=r"pip install 'deepprune-sdk\[aiohttp\]'"):
        Server(transport="aiohttp")
    OpenAIBackend("m", base_url="http://s/v1")


def test_one_backend_serves_several_event_loops(server: ChatServer) -> None:
    server.says(text("a"), finish(), DONE)
    backend = at(server, transport="httpx2")
    for loop in ("asyncio", "trio", "asyncio"):
        assert anyio.run(streamed, backend, backend=loop).text == "a"


async def test_streams_never_wait_for_a_connection(server: ChatServer) -> None:
    server.says(text("a"), "hang")
    n = 150
    async with at(server) as backend, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(backend.stream(asked(i))) for i in range(n)]
        for stream in streams:
            assert (await anext(stream)).pieces == ("a",)
        assert server.most == n
    server.wait_until(lambda: server.left == n)


# --- closing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["leave", "raise", "cancel"])
async def test_leaving_closes_the_response(server: ChatServer, how: str) -> None:
    server.says(text("a"), "hang")
    with anyio.CancelScope() as scope:
        try:
            async with at(server).stream(asked()) as chunks:
                async for _ in chunks:
                    if how == "raise":
                        raise KeyError
                    if how == "leave":
                        break
                    scope.cancel()
        except KeyError:
            assert how == "raise"
    assert scope.cancelled_caught == (how == "cancel")
    server.wait_until(lambda: server.left == 1)


async def test_cancelling_before_the_answer_closes_the_request(server: ChatServer) -> None:
    server.says("hang", content_type=None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(streamed, at(server))
        await anyio.to_thread.run_sync(server.wait_until, lambda: server.open)
        tasks.cancel_scope.cancel()
    server.wait_until(lambda: server.left == 1)


async def test_a_server_that_goes_on_after_the_end_is_left(server: ChatServer) -> None:
    server.says(text("a"), finish(), DONE, "hang")
    assert (await streamed(at(server))).finish == "stop"
    server.wait_until(lambda: server.left == 1)


# --- continuing a prefix --------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["assistant", "vllm"])
async def test_a_prefix_is_the_last_message(server: ChatServer, how: Any) -> None:
    server.says(text(" more</think>4"), finish(), DONE)
    backend = at(server, continue_prefix=how)
    assert backend.continues_prefix
    trace = await streamed(backend, asked(prefix="<think>some"))
    body = server.bodies[0]
    assert body["messages"][-1] == {"role": "assistant", "content": "<think>some"}
    flags = {"continue_final_message": True, "add_generation_prompt": False}
    assert {name: body.get(name) for name in flags} == (
        flags if how == "vllm" else dict.fromkeys(flags)
    )
    assert (trace.reasoning_text, trace.answer_text) == (" more</think>", "4")


async def test_a_prefix_follows_what_the_prompt_begins(server: ChatServer) -> None:
    server.says(text("c"), finish(), DONE)
    messages = to_messages(
        [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    )
    request = TraceRequest(trace=0, messages=messages, sampling=Sampling(), prefix="b")
    await streamed(at(server, continue_prefix="assistant"), request)
    assert server.bodies[0]["messages"][-1] == {"role": "assistant", "content": "ab"}


async def test_a_prefix_needs_to_be_allowed(server: ChatServer) -> None:
    with pytest.raises(DeepPruneError, match="continue_prefix"):
        await streamed(at(server), asked(prefix="b"))
    assert not server.bodies


# --- warm start -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shares"), [("https://api.example.com/v1", True), ("http://10.0.0.7:8000/v1", False)]
)
def test_only_a_hosted_api_gains_by_a_warm_start(url: str, shares: bool) -> None:
    assert OpenAIBackend("m", base_url=url).shares_prompt is shares
