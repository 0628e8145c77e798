"""What OpenAIBackend makes of refusals and failures."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anyio
import openai
import pytest
from support import backend_calls
from support.backend_calls import asked, at, failing, streamed
from support.chat_server import DONE, ChatServer, Reply, finish, hanging_up, refusal, text

from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk.errors import (
    AuthenticationError,
    BackendError,
    BadRequestError,
    ModelNotFoundError,
    ProtocolError,
    RateLimitError,
    UnavailableError,
)

pytestmark = pytest.mark.anyio

anyio_backend = backend_calls.anyio_backend


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
        (501, "<html>Unsupported", (ProtocolError, "not an OpenAI-compatible server", False)),
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
        # The date is made when tests are collected, maybe long before this one runs.
        ({"retry_after": format_datetime(datetime.now(UTC) + timedelta(days=1))}, 3600, 86400),
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


@pytest.mark.parametrize(
    ("encoding", "words"), [("br", "compressed by br"), ("gzip", "a broken compressed stream")]
)
async def test_a_stream_is_asked_for_uncompressed(
    server: ChatServer, encoding: str, words: str
) -> None:
    server.says(text("a"), "hang", headers={"content-encoding": encoding})
    error, _ = await failing(at(server))
    assert server.headers[0]["accept-encoding"] == "identity"
    assert type(error) is ProtocolError
    assert words in str(error)


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
