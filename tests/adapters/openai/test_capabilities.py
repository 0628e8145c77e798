"""What the backend learns of a server, once, and by which requests."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest
from support.backend_calls import asked, streamed
from support.simulator import fixtures
from support.simulator.faults import refusing, too_many_logprobs, unsupported
from support.simulator.replies import Dialect, error, refusal
from support.simulator.server import Simulator, replay

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.openai.capabilities import ServerCapabilities
from deepprune_sdk.errors import AuthenticationError

running, server = fixtures.running, fixtures.server

pytestmark = pytest.mark.anyio


def at(server: Simulator, **options: Any) -> OpenAIBackend:
    return OpenAIBackend("m", base_url=server.url, **options)


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("deepprune")]


FULL = ServerCapabilities(
    final_usage=True, running_usage=True, top_logprobs=20, hidden_reasoning=False
)


@pytest.mark.parametrize(
    ("dialect", "owner", "expected"),
    [
        (Dialect(), "nobody", FULL),
        (Dialect(), "vllm", replace(FULL, continue_prefix="vllm")),
        (Dialect(), "sglang", replace(FULL, continue_prefix="vllm")),
        (Dialect(), "llamacpp", replace(FULL, continue_prefix="assistant")),
        (Dialect(logprobs=5), "", replace(FULL, top_logprobs=5)),
        (Dialect(logprobs=0), "", replace(FULL, top_logprobs=0)),
        (Dialect(usage="final"), "", replace(FULL, running_usage=False)),
        (Dialect(usage="none"), "", replace(FULL, running_usage=False, final_usage=False)),
        (Dialect(reasoning="hidden"), "", replace(FULL, hidden_reasoning=True)),
        (Dialect(reasoning="none"), "", replace(FULL, hidden_reasoning=None)),
    ],
)
async def test_a_probe_finds_out_what_a_server_can_do(
    server: Simulator, dialect: Dialect, owner: str, expected: ServerCapabilities
) -> None:
    server.reset(replay(dialect))
    server.owner = owner
    backend = at(server)
    assert backend.capabilities == ServerCapabilities()
    assert await backend.probe() == expected
    assert backend.capabilities == expected
    assert backend.continues_prefix == (expected.continue_prefix is not None)
    assert len(server.calls) == 1
    assert server.bodies[0]["max_tokens"] == 16


async def test_what_was_said_of_prefixes_is_kept(server: Simulator) -> None:
    server.owner = "vllm"
    backend = at(server, continue_prefix="assistant")
    assert (await backend.probe()).continue_prefix == "assistant"


async def test_a_probe_that_is_refused_is_an_error(server: Simulator) -> None:
    server.reset(lambda call: refusal(401, error("no")))
    with pytest.raises(AuthenticationError):
        await at(server).probe()


async def test_the_traces_show_the_same_as_a_probe(server: Simulator) -> None:
    backend = at(server)
    await streamed(backend, asked(top_logprobs=20))
    assert backend.capabilities == FULL


@pytest.mark.parametrize(
    ("said", "most"),
    [
        ("top_logprobs must be less than or equal to 5", 5),
        ("Requested sample logprobs of 20, which is greater than max allowed: 8", 8),
        ("Expected a value <= 19, but got 20 instead. (top_logprobs)", 19),
        ("logprobs is not supported with gpt-5", 0),
    ],
)
async def test_fewer_logprobs_are_asked_for_and_said_once(
    server: Simulator, said: str, most: int, caplog: pytest.LogCaptureFixture
) -> None:
    plain = replay(Dialect(logprobs=most))
    server.reset(
        lambda call: (
            refusal(400, error(said)) if call.body.get("top_logprobs", 0) > most else plain(call)
        )
    )
    backend = at(server)
    for _ in range(3):
        await streamed(backend, asked(top_logprobs=20))
    asked_for = [body.get("top_logprobs", 0) for body in server.bodies]
    assert asked_for == [20, most, most, most]
    assert backend.capabilities.top_logprobs == most
    assert len(warned(caplog)) == 1
    assert "log-probabilities" in warned(caplog)[0]


async def test_an_earlier_bound_is_not_raised_again(server: Simulator) -> None:
    server.reset(too_many_logprobs)
    backend = at(server)
    await streamed(backend, asked(top_logprobs=20))
    await streamed(backend, asked(top_logprobs=3))
    assert [body["top_logprobs"] for body in server.bodies] == [20, 5, 3]


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        (Dialect(logprobs=0), "sends no log-probabilities"),
        (Dialect(reasoning="hidden"), "hides the reasoning (9 tokens of one trace)"),
    ],
)
async def test_what_is_silently_missing_is_said_once(
    server: Simulator, dialect: Dialect, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.reset(replay(dialect))
    backend = at(server)
    for _ in range(3):
        await streamed(backend, asked(top_logprobs=20))
    assert len(warned(caplog)) == 1
    assert words in warned(caplog)[0]


async def test_what_was_left_out_is_listed(server: Simulator) -> None:
    server.reset(refusing("seed", unsupported("seed"))())
    backend = at(server)
    await streamed(backend, asked())
    assert backend.capabilities.left_out == ("seed",)


async def test_refused_stream_options_are_known(server: Simulator) -> None:
    server.reset(refusing("stream_options", refusal(400, error("stream_options")))())
    backend = at(server)
    await streamed(backend, asked())
    assert (backend.capabilities.running_usage, backend.capabilities.final_usage) == (False, False)


async def test_cached_prompt_tokens_are_reported(server: Simulator) -> None:
    server.reset(replay(Dialect(cached=11)))
    trace = await streamed(at(server))
    assert (trace.cost.prompt, trace.cost.cached) == (17, 11)
