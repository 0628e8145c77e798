"""What OpenAIBackend makes of the streams that servers send."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from support import backend_calls
from support.backend_calls import asked, at, failing, streamed
from support.chat_server import DONE, ChatServer, Part, data, event, finish, text, usage

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server
from deepprune_sdk.data.types import Usage
from deepprune_sdk.errors import (
    BackendError,
    BackendTimeoutError,
    BadRequestError,
    ProtocolError,
    RateLimitError,
    UnavailableError,
)

pytestmark = pytest.mark.anyio

anyio_backend = backend_calls.anyio_backend


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
        ([*text("a"), finish("something_new"), DONE], "cut"),
        ([*text("a"), finish("repetition"), DONE], "cut"),
        ([*text("a"), finish("repeat"), DONE], "cut"),
        ([*text("a"), finish("STOP"), DONE], "stop"),
        ([*text("a"), finish("eos"), DONE], "stop"),
        ([*text("a"), finish("end_turn"), DONE], "stop"),
        ([*text("a"), finish("MAX_TOKENS"), DONE], "length"),
        ([*text("a"), finish("model_context_window_exceeded"), DONE], "length"),
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
        ([finish("network_error"), DONE], UnavailableError, "'network_error'"),
        ([finish("content_filter"), DONE], BackendError, "content filter"),
        ([finish("SAFETY"), DONE], BackendError, "content filter"),
        ([finish("sensitive"), DONE], BackendError, "content filter"),
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
    error, received = await failing(at(server, idle_timeout=1.0))
    assert type(error) is BackendTimeoutError
    assert received == "a"
    assert "sent nothing for 1 s" in str(error)
    assert "idle_timeout" in str(error)


async def test_a_server_that_never_answers_ends_by_the_idle_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"http://127.0.0.1:{port}/v1"
        # The wait for an answer has both times: to connect in, and of silence.
        silence = Server(base_url=url, connect_timeout=0.8, idle_timeout=0.2)
        error, _ = await failing(OpenAIBackend("m", server=silence))
    assert type(error) is BackendTimeoutError


async def test_comments_keep_a_stream_alive(server: ChatServer) -> None:
    server.says(text("a"), [b": alive\n\n", 0.1] * 12, text("b"), finish(), DONE)
    assert (await streamed(at(server, idle_timeout=1.0))).text == "ab"


async def test_the_total_timeout_bounds_a_stream_that_comments_keep_alive(
    server: ChatServer,
) -> None:
    server.says(text("a"), [b": alive\n\n", 0.05] * 1000)
    error, received = await failing(at(server, total_timeout=1.0))
    assert type(error) is BackendTimeoutError
    assert "more than 1 s in total" in str(error)
    assert received == "a"
    server.wait_until(lambda: server.left == 1)


async def test_the_total_timeout_bounds_the_wait_for_an_answer(server: ChatServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        backend = OpenAIBackend(
            "m", server=Server(base_url=f"http://127.0.0.1:{port}/v1", total_timeout=0.2)
        )
        error, _ = await failing(backend)
    assert "total" in str(error)


async def test_silence_after_the_end_is_no_error(server: ChatServer) -> None:
    server.says(text("a"), finish(), "hang")
    assert (await streamed(at(server, idle_timeout=1.0))).finish == "stop"


async def test_of_usages_that_come_in_one_read_the_largest_counts(server: ChatServer) -> None:
    said = [("a", 1), ("b", 3), ("", 2)]
    server.says(b"".join(event({"content": c}, usage=usage(9, n)) for c, n in said), finish(), DONE)
    trace = await streamed(at(server))
    assert trace.usage == Usage(prompt=9, generated=3)


@pytest.mark.parametrize("asked_for", [0, 2])
async def test_scores_are_read_only_where_they_were_asked_for(
    server: ChatServer, asked_for: int
) -> None:
    scored = [
        {"token": token, "logprob": -0.5, "bytes": None, "top_logprobs": [{"logprob": -1.0}] * 2}
        for token in ("Hel", "lo")
    ]
    server.says(event({"content": "Hello"}, logprobs={"content": scored}), finish(), DONE)
    async with at(server).stream(asked(top_logprobs=asked_for)) as chunks:
        first = await anext(chunks)
    assert first.pieces == ("Hel", "lo")  # whose tokens they are, they say in any case
    assert first.confidences == ((1.0, 1.0) if asked_for else None)
    assert first.logprobs == ((-0.5, -0.5) if asked_for else None)
