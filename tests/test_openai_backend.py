"""OpenAIBackend against a real server, real sockets and the real `openai` client."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import Generator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anyio
import anyio.to_thread
import openai
import pytest
from chat_server import (
    DONE,
    ChatServer,
    Part,
    Reply,
    chat_server,
    data,
    event,
    finish,
    hanging_up,
    refusal,
    text,
    usage,
)

from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk.errors import (
    AuthenticationError,
    BackendError,
    BackendTimeoutError,
    BadRequestError,
    ConfigurationError,
    DeepPruneError,
    ModelNotFoundError,
    ProtocolError,
    RateLimitError,
    UnavailableError,
)
from deepprune_sdk.protocols import Backend, ContinuesPrefix
from deepprune_sdk.trace import Trace
from deepprune_sdk.types import Sampling, TraceRequest, Usage, to_messages

pytestmark = pytest.mark.anyio

KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def running() -> Generator[ChatServer]:
    with chat_server() as server:
        yield server


@pytest.fixture
def server(running: ChatServer) -> ChatServer:
    running.wait_until(lambda: not running.open)
    running.bodies.clear()
    running.headers.clear()
    running.paths.clear()
    running.left = running.most = 0
    return running


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def asked(
    trace: int = 0, *, seed: int | None = 7, prefix: str = "", **sampling: Any
) -> TraceRequest:
    return TraceRequest(
        trace=trace,
        messages=to_messages("How many?"),
        sampling=Sampling(**sampling),
        seed=seed,
        prefix=prefix,
    )


async def streamed(backend: OpenAIBackend, request: TraceRequest | None = None) -> Trace:
    trace = Trace(0)
    async with backend.stream(request or asked()) as chunks:
        async for chunk in chunks:
            trace.append(chunk, 0, len(chunk.pieces))
            trace.finish = chunk.finish or trace.finish
            if chunk.usage is not None:
                trace.report(chunk.usage)
    return trace


async def failing(
    backend: OpenAIBackend, request: TraceRequest | None = None
) -> tuple[BackendError, str]:
    """Stream until an error; return it with the text that came before."""
    received = ""
    try:
        async with backend.stream(request or asked()) as chunks:
            async for chunk in chunks:
                received += "".join(chunk.pieces)
    except BackendError as error:
        failure = error
    else:
        pytest.fail(f"no error, but {received!r}")
    assert str(failure).isprintable()
    return failure, received


def at(server: ChatServer, **kwargs: Any) -> OpenAIBackend:
    return OpenAIBackend("m", base_url=server.url, **kwargs)


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
        ({"base_url": "http://s/v1", "idle_timeout": 0}, "idle_timeout=0"),
        ({"base_url": "http://s/v1", "total_timeout": -1}, "total_timeout=-1"),
        ({"base_url": "http://s/v1", "connect_timeout": float("nan")}, "connect_timeout=nan"),
        ({"base_url": "http://s/v1", "concurrency": 0}, "concurrency=0"),
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
        async with OpenAIBackend("m", client=client) as backend:
            await failing(backend)
        assert not client.is_closed()
        assert server.paths == ["/openai/deployments/m/chat/completions"]
        assert server.headers[0]["api-key"] == KEY
        assert KEY not in repr(backend)
        with pytest.raises(ConfigurationError, match="client="):
            OpenAIBackend("m", client=client, base_url=server.url)


async def test_connections_are_kept_only_between_entering_and_leaving(server: ChatServer) -> None:
    server.script = lambda body: Reply(parts=[*text("a"), finish(), DONE])
    backend = at(server)
    async with backend:
        assert (await streamed(backend)).text == "a"
        assert (await streamed(backend)).text == "a"
    assert (await streamed(backend)).text == "a"
    await backend.aclose()
    await backend.aclose()


def test_one_backend_serves_several_event_loops(server: ChatServer) -> None:
    server.says(text("a"), finish(), DONE)
    backend = at(server)
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


# --- reasoning ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deltas", "reasoning", "answer"),
    [
        ([{"reasoning_content": "so"}, {"content": "4"}], "so", "4"),
        ([{"reasoning": "so"}, {"content": "4"}], "so", "4"),
        ([{"reasoning": "so", "reasoning_content": "so"}, {"content": "4"}], "so", "4"),
        ([{"reasoning": "so", "content": "4"}], "so", "4"),
        ([{"reasoning_content": None, "content": "4"}], "", "4"),
        ([{"reasoning": "so"}, {"content": "<think>4</think>5"}], "so", "<think>4</think>5"),
        ([{"content": "<think>so</think>4"}], "<think>so</think>", "4"),
        ([{"content": part} for part in "\n<think>so</think>4"], "\n<think>so</think>", "4"),
        ([{"content": "so</th"}, {"content": "ink>4"}], "so</think>", "4"),
        ([{"content": "<thi"}, {"content": "nk>so"}], "<think>so", ""),
        ([{"content": "the tag <think> is 4"}], "", "the tag <think> is 4"),
        (
            [{"content": "<think>a</think>b <think>c</think>"}],
            "<think>a</think>",
            "b <think>c</think>",
        ),
        (
            [
                {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "so"}]}]},
                {"content": [{"type": "text", "text": "4"}]},
            ],
            "so",
            "4",
        ),
        ([{"refusal": "no"}], "", "no"),
        ([{"role": "assistant", "content": ""}, {"content": "4"}], "", "4"),
    ],
)
async def test_reasoning_is_found_wherever_it_is(
    server: ChatServer, deltas: list[dict[str, Any]], reasoning: str, answer: str
) -> None:
    server.says([event(delta) for delta in deltas], finish(), DONE)
    trace = await streamed(at(server))
    assert (trace.reasoning_text, trace.answer_text) == (reasoning, answer)


# --- tokens ---------------------------------------------------------------------------------------


async def test_the_final_usage_comes_without_choices(server: ChatServer) -> None:
    server.says(text("a b"), finish(), data({"choices": [], "usage": usage(12, 34)}), DONE)
    trace = await streamed(at(server))
    assert trace.cost == Usage(prompt=12, generated=34)


async def test_running_usage_is_cumulative_and_gives_the_tokens(server: ChatServer) -> None:
    running = [("One", 1), (" two three", 3), ("", 3), (" four", 4)]
    server.says(
        [event({"content": part}, usage=usage(9, count)) for part, count in running],
        finish(),
        data({"choices": [], "usage": usage(9, 3)}),  # it shrinks: the maximum counts
        DONE,
    )
    trace = await streamed(at(server))
    assert trace.tokens == 4
    assert trace.text == "One two three four"
    assert trace.cost == Usage(prompt=9, generated=4)


async def test_a_stream_closed_early_has_its_usage(server: ChatServer) -> None:
    server.says(event({"content": "a"}, usage=usage(9, 1)), "hang")
    async with at(server).stream(asked()) as chunks:
        async for chunk in chunks:
            assert chunk.usage == Usage(prompt=9, generated=1)
            break


async def test_without_usage_tokens_are_counted_and_marked(server: ChatServer) -> None:
    server.says(event({"content": "Several words at once."}, usage=None), finish(), DONE)
    trace = await streamed(at(server))
    assert trace.cost == Usage(generated=trace.tokens, estimated=True)
    assert trace.tokens > 2


async def test_timings_are_running_usage(server: ChatServer) -> None:
    timings = {"prompt_n": 3, "cache_n": 4, "predicted_n": 2}
    server.says(event({"content": "ab"}, timings=timings), finish("length"), DONE)
    trace = await streamed(at(server))
    assert trace.cost == Usage(prompt=7, generated=2)
    assert trace.tokens == 2


async def test_log_probabilities_that_are_silently_absent(server: ChatServer) -> None:
    server.says(event({"content": "a"}, logprobs=None), finish(), DONE)
    async with at(server).stream(asked(top_logprobs=5)) as chunks:
        seen = [chunk async for chunk in chunks]
    assert all(chunk.confidences is None and chunk.logprobs is None for chunk in seen)


# --- ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([*text("a"), finish(), DONE], "stop"),
        ([*text("a"), finish("length"), DONE], "length"),
        ([event({"content": "a"}, finish_reason="length"), DONE], "length"),
        ([*text("a"), finish(), finish("length"), DONE], "stop"),
        ([*text("a"), finish(""), DONE], "stop"),
        ([*text("a"), DONE], "stop"),
        ([*text("a"), finish()], "stop"),
        ([*text("a"), finish(), "break"], "stop"),
        ([*text("a"), DONE, "break"], "stop"),
        ([*text("a"), finish("tool_calls"), DONE], "stop"),
        ([*text("a"), finish("model_length"), DONE], "length"),
        ([*text("a"), finish("something_new"), DONE], "stop"),
        ([*text("a"), b"data: [DONE]"], "stop"),
        ([b": alive\r\n\r\n", event({"content": "a"}).replace(b"\n", b"\r\n"), DONE], "stop"),
        ([event({"content": "b"}, index=1), *text("a"), finish(), DONE], "stop"),
        ([data({"type": "ping"}), *text("a"), DONE], "stop"),
    ],
)
async def test_how_a_trace_ends(server: ChatServer, parts: list[Part], expected: str) -> None:
    server.says(parts)
    trace = await streamed(at(server))
    assert (trace.text, trace.finish) == ("a", expected)


@pytest.mark.parametrize(
    ("parts", "kind", "words"),
    [
        (["break"], UnavailableError, "broke the stream off after 1 tokens"),
        ([], UnavailableError, "broke the stream off after 1 tokens"),
        ([finish("")], UnavailableError, "broke the stream off after 1 tokens"),
        ([finish("abort"), DONE], UnavailableError, "'abort'"),
        ([finish("content_filter"), DONE], BackendError, "content filter"),
        ([data({"error": {"code": 502, "message": "gone"}})], UnavailableError, "502: gone"),
        ([data({"error": {"code": "429", "message": "slow"}})], RateLimitError, "slow"),
        ([data({"error": {"type": "rate_limit_error"}})], RateLimitError, "rate"),
        ([data({"error": "engine is dead"})], UnavailableError, "engine is dead"),
        ([data({"object": "error", "message": "bad", "code": 400})], BadRequestError, "bad"),
        ([b"data: {half\n\n"], ProtocolError, "{half"),
    ],
)
async def test_a_stream_that_fails_keeps_what_came_before(
    server: ChatServer, parts: list[Part], kind: type[BackendError], words: str
) -> None:
    server.says(text("a"), *parts)
    error, received = await failing(at(server))
    assert type(error) is kind
    assert words in str(error)
    assert received == "a"


async def test_a_stalled_stream_ends_by_the_idle_timeout(server: ChatServer) -> None:
    server.says(text("a"), "hang")
    error, received = await failing(at(server, idle_timeout=0.2))
    assert type(error) is BackendTimeoutError
    assert received == "a"
    assert "sent nothing for 0.2 s" in str(error)
    assert "idle_timeout" in str(error)


async def test_a_server_that_never_answers_ends_by_the_idle_timeout(server: ChatServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        backend = OpenAIBackend("m", base_url=f"http://127.0.0.1:{port}/v1", idle_timeout=0.2)
        error, _ = await failing(backend)
    assert type(error) is BackendTimeoutError


async def test_comments_keep_a_stream_alive(server: ChatServer) -> None:
    server.says(text("a"), [b": alive\n\n", 0.1] * 20, text("b"), finish(), DONE)
    assert (await streamed(at(server, idle_timeout=1.0))).text == "ab"


async def test_the_total_timeout_bounds_a_stream_that_comments_keep_alive(
    server: ChatServer,
) -> None:
    server.says(text("a"), [b": alive\n\n", 0.05] * 1000)
    error, received = await failing(at(server, total_timeout=0.5))
    assert type(error) is BackendTimeoutError
    assert "more than 0.5 s in total" in str(error)
    assert received == "a"
    server.wait_until(lambda: server.left == 1)


async def test_the_total_timeout_bounds_the_wait_for_an_answer(server: ChatServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        backend = OpenAIBackend("m", base_url=f"http://127.0.0.1:{port}/v1", total_timeout=0.2)
        error, _ = await failing(backend)
    assert "total" in str(error)


async def test_silence_after_the_end_is_no_error(server: ChatServer) -> None:
    server.says(text("a"), finish(), "hang")
    assert (await streamed(at(server, idle_timeout=0.2))).finish == "stop"


# --- what a server refuses ------------------------------------------------------------------------

CONTINUOUS = "continuous_usage_stats"


def refusing(field: str, status: int, said: Any, inner: str | None = None) -> Any:
    """A server that refuses a field, and streams where it is absent."""

    def script(body: dict[str, Any]) -> Reply:
        present = body.get(field)
        if present is not None and (inner is None or inner in present):
            return refusal(status, said)
        return Reply(parts=[*text("a"), finish(), DONE])

    return script


@pytest.mark.parametrize(
    ("status", "said", "inner"),
    [
        (422, {"detail": [{"loc": ["body", "stream_options"], "msg": "extra"}]}, None),
        (400, {"error": {"message": "stream_options is not supported"}}, None),
        (400, {"error": {"message": f"Unknown parameter: '{CONTINUOUS}'"}}, CONTINUOUS),
        (400, {"error": {"message": "bad", "param": f"stream_options.{CONTINUOUS}"}}, CONTINUOUS),
        (422, {"message": f"unknown field {CONTINUOUS}"}, CONTINUOUS),
    ],
)
async def test_refused_stream_options_are_left_out_from_then_on(
    server: ChatServer,
    status: int,
    said: Any,
    inner: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.script = refusing("stream_options", status, said, inner)
    backend = at(server)
    trace = await streamed(backend)
    assert trace.cost.estimated
    tries = len(server.bodies)
    assert tries == (3 if inner is None else 2)
    warned = [record for record in caplog.records if record.name.startswith("deepprune")]
    assert len(warned) == tries - 1
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(streamed, backend)
    assert len(server.bodies) == tries + 5
    left = None if inner is None else {"include_usage": True}
    assert all(body.get("stream_options") == left for body in server.bodies[tries:])
    warned = [record for record in caplog.records if record.name.startswith("deepprune")]
    assert len(warned) == tries - 1


async def test_parallel_first_requests_learn_together_and_warn_once(
    server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.script = refusing("stream_options", 400, {"error": {"message": "stream_options"}})
    backend = at(server)
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(streamed, backend)
    warned = [record for record in caplog.records if record.name.startswith("deepprune")]
    assert len(warned) == 2


async def test_max_tokens_by_another_name(server: ChatServer) -> None:
    said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
    said += "'max_completion_tokens' instead."
    server.script = refusing("max_tokens", 400, {"error": {"message": said, "param": "max_tokens"}})
    backend = at(server)
    for _ in range(2):
        await streamed(backend, asked(max_tokens=9))
    assert [body.get("max_completion_tokens") for body in server.bodies] == [None, 9, 9]
    assert "max_tokens" not in server.bodies[-1]


@pytest.mark.parametrize(
    ("field", "error"),
    [
        (
            "temperature",
            {
                "message": "Unsupported value: 'temperature' does not support 0.8 with this model.",
                "param": "temperature",
                "code": "unsupported_value",
            },
        ),
        ("top_p", {"message": "Unsupported parameter", "param": "top_p"}),
        ("seed", {"message": "seed: Extra inputs are not permitted"}),
    ],
)
async def test_a_parameter_the_model_does_not_know_is_dropped_with_a_warning(
    server: ChatServer, field: str, error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server.script = refusing(field, 400, {"error": error})
    backend = at(server)
    for _ in range(2):
        await streamed(backend, asked(top_p=0.9))
    assert [field in body for body in server.bodies] == [True, False, False]
    warned = [record for record in caplog.records if record.name.startswith("deepprune")]
    assert [field in record.getMessage() for record in warned] == [True]


async def test_a_value_the_server_refuses_is_an_error(server: ChatServer) -> None:
    said = {"error": {"message": "temperature must be at most 2", "param": "temperature"}}
    server.script = lambda body: refusal(400, said)
    error, _ = await failing(at(server), asked(temperature=5.0))
    assert type(error) is BadRequestError
    assert "temperature=5.0" in str(error)
    assert "must be at most 2" in str(error)
    assert "Sampling(temperature=...)" in str(error)
    assert len(server.bodies) == 1


async def test_a_refusal_that_does_not_end_is_an_error(server: ChatServer) -> None:
    server.script = lambda body: refusal(400, {"error": {"message": "stream_options, seed"}})
    error, _ = await failing(at(server), asked(extra={"stream_options": {"include_usage": True}}))
    assert type(error) is BadRequestError


# --- errors ---------------------------------------------------------------------------------------


def says(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, says("bad key"), (AuthenticationError, "OPENAI_API_KEY or api_key=", False)),
        (403, says("not you"), (AuthenticationError, "not you", False)),
        (404, says("The model `m` does not exist."), (ModelNotFoundError, "model 'm'", False)),
        (404, says("x", code="model_not_found"), (ModelNotFoundError, "does not serve", False)),
        (400, says("m is not a valid model ID"), (ModelNotFoundError, "does not serve", False)),
        (404, {"detail": "Not Found"}, (ModelNotFoundError, "usually ends in /v1", False)),
        (404, "<html><b>nginx</b></html>", (ModelNotFoundError, "an HTML page", False)),
        (405, {"detail": "Method Not Allowed"}, (ModelNotFoundError, "usually ends in", False)),
        (400, says("bad"), (BadRequestError, "(400): bad", False)),
        (422, {"detail": [{"msg": "odd"}]}, (BadRequestError, "odd", False)),
        (413, says("too large"), (BadRequestError, "too large", False)),
        (400, says("maximum context length is 5"), (BadRequestError, "longer context", False)),
        (429, says("slow down"), (RateLimitError, "slow down", True)),
        (429, says("x", code="insufficient_quota"), (RateLimitError, "used up", False)),
        (402, says("Insufficient credits"), (RateLimitError, "used up", False)),
        (408, says("x"), (UnavailableError, "408", True)),
        (409, says("x"), (UnavailableError, "409", True)),
        (500, "oops", (UnavailableError, "500", True)),
        (503, says("loading"), (UnavailableError, "loading", True)),
        (529, says("overloaded"), (UnavailableError, "overloaded", True)),
        (500, "", (UnavailableError, "500", True)),
    ],
)
async def test_a_status_is_mapped_once(
    server: ChatServer,
    status: int,
    body: Any,
    expected: tuple[type[BackendError], str, bool],
) -> None:
    kind, words, retryable = expected
    server.script = lambda sent: refusal(status, body)
    error, _ = await failing(at(server))
    assert type(error) is kind
    assert words in str(error)
    assert server.url in str(error)
    assert error.retryable == retryable
    assert isinstance(error.__cause__, openai.APIStatusError)
    assert len(server.bodies) == 1, "the client retried by itself"


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry_after": "7"}, 7, 7),
        ({"retry_after": "0.5"}, 0.5, 0.5),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5, 1.5),
        ({"retry_after": format_datetime(datetime.now(UTC) + timedelta(hours=1))}, 3000, 3600),
        ({"retry_after": format_datetime(datetime.now(UTC) - timedelta(hours=1))}, 0, 0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_the_wish_to_wait_is_kept(
    server: ChatServer, status: int, headers: dict[str, str], low: float, high: float
) -> None:
    server.script = lambda body: refusal(status, says("later"), **headers)
    error, _ = await failing(at(server))
    assert error.retry_after is not None
    assert low <= error.retry_after <= high


@pytest.mark.parametrize("value", ["soon", "-3", "nan", "inf", ""])
async def test_a_wish_that_cannot_be_read_is_none(server: ChatServer, value: str) -> None:
    server.script = lambda body: refusal(429, says("later"), retry_after=value)
    error, _ = await failing(at(server))
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html; charset=utf-8", b"<html>\x1b[31mLogin\x00</html>"),
        ("application/json", b'{"error": {"message": "no"}}'),
        ("application/json", b'{"choices": []}'),
        (None, b"hello"),
        ("text/event-stream", b"data: hello\n\n"),
        ("text/event-stream", b'event: message_start\ndata: {"type": "message_start"}\n\n'),
    ],
)
async def test_what_is_no_such_server_is_said_so(
    server: ChatServer, content_type: str | None, body: bytes
) -> None:
    server.says(body, content_type=content_type)
    error, _ = await failing(at(server))
    assert type(error) is ProtocolError
    assert f"not an OpenAI-compatible server at {server.url}" in str(error)
    assert "/v1" in str(error)
    assert str(error).isprintable()


async def test_an_endless_page_is_not_read_to_its_end(server: ChatServer) -> None:
    server.says([b"x" * 4096] * 3, "hang", content_type="text/plain")
    error, _ = await failing(at(server))
    assert type(error) is ProtocolError
    assert len(str(error)) < 500
    server.wait_until(lambda: server.left == 1)


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/octet-stream"])
async def test_events_under_another_content_type_are_read(
    server: ChatServer, content_type: str | None
) -> None:
    server.says(b": hello", b"\n\n", text("a"), finish(), DONE, content_type=content_type)
    assert (await streamed(at(server))).text == "a"


async def test_a_stream_is_asked_for_uncompressed(server: ChatServer) -> None:
    server.says(text("a"), "hang", headers={"content-encoding": "gzip"})
    error, _ = await failing(at(server))
    assert server.headers[0]["accept-encoding"] == "identity"
    assert type(error) is ProtocolError
    assert "compressed by gzip" in str(error)


async def test_a_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error, _ = await failing(OpenAIBackend("m", base_url=f"http://127.0.0.1:{port}/v1"))
    assert type(error) is UnavailableError
    assert f"cannot reach http://127.0.0.1:{port}/v1: is the server running?" in str(error)


async def test_a_server_that_hangs_up_is_worth_a_try_at_once() -> None:
    with hanging_up() as url:
        error, _ = await failing(OpenAIBackend("m", base_url=url))
    assert type(error) is UnavailableError
    assert error.retry_after == 0


async def test_foreign_text_in_an_error_is_one_short_line(server: ChatServer) -> None:
    said = "a\nb\x1b[31m\u202e" + "x" * 5000
    server.script = lambda body: refusal(500, says(said))
    error, _ = await failing(at(server))
    assert str(error).isprintable()
    assert len(str(error)) < 300


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
