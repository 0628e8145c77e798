"""A provider behind TLS: its certificate is checked, and closing a stream still reaches it."""

from __future__ import annotations

import ssl
from collections.abc import Generator

import openai
import pytest
import trustme
from support import backend_calls
from support.backend_calls import transport
from support.simulator.faults import DEFAULT
from support.simulator.server import Simulator, replay, simulator
from support.simulator.trial import HTTP

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server
from deepprune_sdk import (
    Composed,
    FullSampling,
    ParallelReasoner,
    Requests,
    Retries,
    Sampling,
    TokenBudget,
    UnavailableError,
)

pytestmark = pytest.mark.anyio
anyio_backend = backend_calls.anyio_backend


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Generator[Simulator]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    with simulator(context) as running:
        yield running


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    return context


async def test_streams_over_tls_are_read_and_closed(
    server: Simulator, trusting: ssl.SSLContext
) -> None:
    server.reset(replay(DEFAULT))
    http = HTTP[transport()](verify=trusting)
    async with openai.AsyncOpenAI(api_key="none", base_url=server.url, http_client=http) as client:
        backend = OpenAIBackend("m", server=Server(client=client))
        sampling = Sampling(seed=0, max_tokens=200)
        full = ParallelReasoner(backend, policy=FullSampling(), sampling=sampling)
        result = await full.solve("How many days?", n=4)
        assert [trace.outcome for trace in result.traces] == ["finished"] * 4
        assert result.answer is not None

        bounded = Composed(FullSampling(), TokenBudget(run=20))
        stopped = ParallelReasoner(backend, policy=bounded, sampling=sampling)
        result = await stopped.solve("How many days?", n=4)
        assert result.ended_because != "complete"
    server.wait_until_left()


async def test_a_certificate_that_nobody_signed_is_one_error(server: Simulator) -> None:
    server.reset(replay(DEFAULT))
    backend = OpenAIBackend(
        "m", server=Server(base_url=server.url, api_key="none", transport=transport())
    )
    reasoner = ParallelReasoner(
        backend, requests=Requests(retries=Retries(initial=0.01, maximum=0.02, patience=0.1))
    )
    with pytest.raises(UnavailableError) as caught:
        # One trace: a handshake that is cancelled half-way leaves its socket to the collector.
        await reasoner.solve("How many days?", n=1)
    assert f"the certificate of {server.url} is not trusted" in str(caught.value)
    assert "SSL_CERT_FILE" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not server.calls
