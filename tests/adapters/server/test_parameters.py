"""The table of refused parameters, row by row: alone, and with everything that asks a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from support.backend_calls import asked, failing, streamed
from support.chat_server import ChatServer, refusal
from support.pairs import answering, pair

from deepprune_adapters.judges import EmbeddingJudge, RemoteJudge
from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server
from deepprune_adapters.server.parameters import PARAMETERS, Parameter
from deepprune_adapters.server.refusals import Refusal
from deepprune_adapters.server.terms import Terms
from deepprune_sdk import Retries
from deepprune_sdk.errors import BadRequestError, JudgeError

TOO_LONG = "This model's maximum context length is 200 tokens. However, you requested 900 tokens"
SAID: Mapping[str, Any] = {
    "messages": TOO_LONG,
    "stream_options.continuous_usage_stats": "Unknown parameter: 'continuous_usage_stats'",
    "stream_options": "stream_options is not supported by this model",
    "chat_template_kwargs": "Unrecognized request argument supplied: chat_template_kwargs",
    "response_format": "This response_format type is unavailable now",
    "max_tokens": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
    "top_logprobs": "top_logprobs must be less than or equal to 5",
    "temperature": "Unsupported value: 'temperature' does not support 0.8 with this model.",
    "top_p": {"message": "Unsupported parameter", "param": "top_p"},
    "seed": "body -> seed: Extra inputs are not permitted",
    "encoding_format": "body -> encoding_format: Extra inputs are not permitted",
}
"""What servers say, by row."""

FIELDS: dict[str, Any] = {
    "messages": [{"role": "user", "content": "?"}],
    "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    "chat_template_kwargs": {"enable_thinking": False},
    "response_format": {"type": "json_object"},
    "max_tokens": 9,
    "logprobs": True,
    "top_logprobs": 20,
    "temperature": 0.0,
    "top_p": 0.9,
    "seed": 0,
    "encoding_format": "float",
}

each_row = pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)


def refused(name: str, status: int = 400) -> Refusal:
    return Refusal.of(status, error(name))


def error(name: str) -> dict[str, Any]:
    said = SAID[name]
    return {"error": said if isinstance(said, dict) else {"message": said}}


def test_every_row_is_tried_here() -> None:
    assert [row.name for row in PARAMETERS] == list(SAID)


# --- alone ----------------------------------------------------------------------------------------


def expected(row: Parameter) -> dict[str, Any]:
    """The fields after a refusal of a row, all others as they were."""
    fields = dict(FIELDS)
    outer, _, inner = row.name.partition(".")
    if inner:
        fields[outer] = {key: value for key, value in fields[outer].items() if key != inner}
    elif row.change == "drop":
        del fields[row.name]
    elif row.change == "rename":
        fields[row.to] = fields.pop(row.name)
    elif row.change == "lower":
        fields[row.name] = 5
    return fields


@each_row
def test_a_refusal_changes_its_own_parameter_and_says_so_once(
    row: Parameter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    shortened: list[object] = []

    def shorten(refusal: Refusal, sent: object) -> bool:
        shortened.append(sent)
        return bool(refusal.text)

    terms = Terms("m at http://s/v1", shorten=shorten)
    if row.name == "stream_options":  # whose refusals are taken for one of its part before
        terms.dropped.add("stream_options.continuous_usage_stats")
    before = terms.request(FIELDS, {})

    assert terms.learn(refused(row.name), before)
    assert terms.learn(refused(row.name), before), "another request was under way"

    after = terms.request(FIELDS, {}).body
    assert after == expected(row)
    assert shortened == ([FIELDS["messages"]] * 2 if row.change == "shorten" else [])
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == (row.change != "shorten")
    assert all(line.startswith("m at http://s/v1: the server ") for line in said)


@each_row
def test_what_the_user_asks_for_by_name_is_not_changed(
    row: Parameter, caplog: pytest.LogCaptureFixture
) -> None:
    outer = row.name.partition(".")[0]
    theirs = {outer: FIELDS[outer]}
    terms = Terms("m", shorten=lambda refusal, sent: True)
    sent = terms.request(FIELDS, theirs)

    terms.learn(refused(row.name), sent)

    assert terms.request(FIELDS, theirs).body[outer] == FIELDS[outer]
    assert not any(outer in record.getMessage() for record in caplog.records)


@each_row
def test_a_parameter_that_is_not_sent_is_not_refused(row: Parameter) -> None:
    terms = Terms("m", shorten=lambda refusal, sent: True)
    outer = row.name.partition(".")[0]
    rest = {name: value for name, value in FIELDS.items() if name != outer}

    assert not terms.learn(refused(row.name), terms.request(rest, {}))


@pytest.mark.parametrize(
    ("said", "guess", "most"),
    [
        ("top_logprobs must be at most 8", None, 8),
        ("top_logprobs must be at most 8", 5, 8),
        ("logprobs are not supported with gpt-5", None, 0),
        ("logprobs are not supported with gpt-5", 5, 0),
        ("more than 5 top_logprobs are not supported", 5, 5),
        ("top_logprobs: bad value", None, None),
        ("top_logprobs: bad value", 5, 5),
        ("logprobs: bad value", 5, 0),
    ],
)
def test_a_bound_is_read_or_guessed(said: str, guess: int | None, most: int | None) -> None:
    terms = Terms("m", guess=guess)

    learned = terms.learn(Refusal.of(400, said), terms.request(FIELDS, {}))

    assert learned == (most is not None)
    assert terms.most.get("top_logprobs") == most


# --- with everything that asks --------------------------------------------------------------------

QUIET = Retries(attempts=1)


async def a_trace(url: str) -> Callable[[], Awaitable[object]]:
    backend = OpenAIBackend("m", base_url=url)
    sampling: dict[str, Any] = {
        "temperature": 0.8,
        "top_p": 0.9,
        "max_tokens": 9,
        "top_logprobs": 20,
    }
    request = replace(asked(**sampling), response_format={"type": "json_object"})
    return lambda: streamed(backend, request)


async def a_label(url: str) -> Callable[[], Awaitable[object]]:
    judge = RemoteJudge("m", base_url=url, retries=QUIET)
    return lambda: judge.compare([pair("left " * 300, "right " * 300)])


async def a_vector(url: str) -> Callable[[], Awaitable[object]]:
    judge = EmbeddingJudge.openai("m", base_url=url, retries=QUIET)
    count = iter(range(9))
    return lambda: judge.compare([pair(f"{next(count)}", f"{next(count)}")])


SENDS: Mapping[Callable[[str], Awaitable[Callable[[], Awaitable[object]]]], set[str]] = {
    a_trace: set(SAID) - {"messages", "chat_template_kwargs", "encoding_format"},
    a_label: {"messages", "chat_template_kwargs", "max_tokens", "top_logprobs", "temperature"},
    a_vector: {"encoding_format"},
}
"""Who can do without what."""


def sends(body: Mapping[str, Any], name: str) -> bool:
    """Whether a body has what a server refuses that knows no such parameter."""
    outer, _, inner = name.partition(".")
    if name == "messages":
        return len(str(body.get(name)).split()) > 300
    if name == "top_logprobs":
        return body.get(name, 0) > 5
    return outer in body and (not inner or inner in body[outer])


@pytest.mark.anyio
@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize(
    ("asks", "name"), [(asks, name) for asks, names in SENDS.items() for name in sorted(names)]
)
async def test_what_is_refused_is_left_out_from_then_on(
    server: ChatServer, asks: Any, name: str, status: int
) -> None:
    server.script = lambda body: (
        refusal(status, error(name)) if sends(body, name) else answering(body)
    )
    ask = await asks(server.url)

    await ask()
    await ask()

    bodies = [sends(body, name) for body in server.bodies]
    assert bodies.count(False) == 2
    assert bodies[-1] is bodies[-2] is False, "the second request knows"


def test_every_row_is_of_use_to_somebody() -> None:
    assert set().union(*SENDS.values()) == set(SAID)


@pytest.mark.anyio
async def test_a_refused_field_of_the_users_is_an_error(
    server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.script = lambda body: refusal(400, error("chat_template_kwargs"))
    backend = OpenAIBackend("m", base_url=server.url)
    wanted = {"chat_template_kwargs": {"enable_thinking": True}}

    failure, _ = await failing(backend, asked(extra=wanted))

    assert type(failure) is BadRequestError
    assert "Sampling(extra=...)" in str(failure)
    assert len(server.bodies) == 1
    assert not caplog.records


@pytest.mark.parametrize(
    "said",
    [
        "This response_format type is unavailable now",
        "'response_format.type' must be 'json_schema' or 'text'",
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with m",
        "Failed to parse grammar",
        "JSON schema conversion failed: Unrecognized schema: {}",
        "response format `json_object` is not supported",
    ],
)
def test_a_form_is_refused_in_many_words(said: str) -> None:
    terms = Terms("m")

    assert terms.learn(Refusal.of(400, said), terms.request(FIELDS, {}))
    assert terms.dropped == {"response_format"}


@pytest.mark.anyio
async def test_a_form_is_asked_for_where_the_reply_is_the_servers_own(server: ChatServer) -> None:
    server.script = answering
    backend = OpenAIBackend("m", base_url=server.url, continue_prefix="assistant")
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}

    await streamed(backend, replace(asked(), response_format=wanted))
    await streamed(backend, replace(asked(prefix='{"a": '), response_format=wanted))
    await streamed(backend, asked())

    assert [body.get("response_format") for body in server.bodies] == [wanted, None, None]


@pytest.mark.anyio
async def test_a_prompt_that_is_too_long_is_not_taken_for_another_refusal(
    server: ChatServer,
) -> None:
    said = "'max_tokens' or 'max_completion_tokens' is too large: 9. This model's maximum context "
    said += "length is 4 tokens and your request has 12 input tokens."
    server.script = lambda body: refusal(400, {"error": {"message": said}})
    backend = OpenAIBackend("m", base_url=server.url)

    failure, _ = await failing(backend, asked(max_tokens=9))

    assert "does not fit the model's context" in str(failure)
    assert backend.capabilities.token_limit == "max_tokens"
    assert len(server.bodies) == 1


@pytest.mark.anyio
async def test_a_refusal_that_does_not_end_is_the_servers_last_word(server: ChatServer) -> None:
    said = "the prompt exceeds the context window"
    server.script = lambda body: refusal(400, {"error": {"message": said}})
    judge = RemoteJudge("m", server=Server(base_url=server.url), retries=QUIET)

    with pytest.raises(JudgeError, match="exceeds the context window"):
        await judge.compare([pair("left " * 5000, "right " * 5000)])

    assert len(server.bodies) == 8


# --- what else is in the words of a refusal -------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "wait"),
    [
        ({"error": {"details": [{"retryDelay": "0.3s"}]}}, 0.3),
        ([{"error": {"message": "x", "details": [{"@type": "Help"}, {"retryDelay": "7s"}]}}], 7.0),
        ({"error": {"message": "Rate limit reached. Please try again in 1m2.5s."}}, 62.5),
        ({"error": {"message": "Please try again in 6ms."}}, 0.006),
        ({"error": {"message": "retry after 20 seconds"}}, 20.0),
        ({"error": {"message": "try again in a moment"}}, None),
        ({"error": {"message": "try again later"}}, None),
        ({"error": {"details": [{"retryDelay": 3}, "x", {"retryDelay": "soon"}]}}, None),
        ({"error": {"message": f"try again in {'9' * 400}s"}}, None),
    ],
    ids=lambda value: f"{value!r:.60}",
)
def test_a_wait_in_the_body_is_read(body: object, wait: float | None) -> None:
    assert Refusal.of(429, body).retry_after == (None if wait is None else pytest.approx(wait))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((429, 429), ("503", 503), ("RESOURCE_EXHAUSTED", 429), ("overloaded_error", 529)),
        *((odd, 0) for odd in (10**5000, "9" * 6000, -1, True, 1e308, [429], None)),
    ],
    ids=lambda value: f"{value!r:.20}" if not isinstance(value, int) else type(value).__name__,
)
def test_a_status_in_the_body_is_one(code: object, status: int) -> None:
    assert Refusal.of(0, {"error": {"message": "x", "code": code}}).status == status
