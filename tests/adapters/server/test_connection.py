"""How a server is reached: one value, whoever asks the server."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest
from support.backend_calls import failing, streamed
from support.chat_fixtures import KEY
from support.chat_server import ChatServer, Reply, refusal
from support.pairs import answering, pair

from deepprune_adapters.judges import EmbeddingJudge, RemoteJudge
from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server
from deepprune_adapters.server.clients import Clients
from deepprune_sdk import Retries
from deepprune_sdk.errors import BackendTimeoutError, ConfigurationError, DeepPruneError

PASSWORD = "hunter22-and-more"
ONCE = Retries(attempts=1)
PATHS = {"trace": "/chat/completions", "label": "/chat/completions", "vector": "/embeddings"}


def asking(who: str, **options: Any) -> Callable[[], Awaitable[object]]:
    """Ask a server for a trace, a label or a vector."""
    if who == "trace":
        backend = OpenAIBackend("m", **options)
        return lambda: streamed(backend)
    if who == "label":
        return lambda: RemoteJudge("m", retries=ONCE, **options).compare([pair()])
    return lambda: EmbeddingJudge.openai("m", retries=ONCE, **options).compare([pair()])


everybody = pytest.mark.parametrize("who", PATHS)


@everybody
@pytest.mark.anyio
async def test_everybody_is_told_the_same_way(server: ChatServer, who: str) -> None:
    server.script = answering
    reached = Server(
        base_url=server.url,
        api_key=KEY,
        headers={"X-Team": "pruners"},
        extra_body={"provider": {"order": ["one"]}},
    )

    await asking(who, server=reached)()
    await asking(who, base_url=server.url, api_key=KEY)()

    assert server.paths == [f"/v1{PATHS[who]}"] * 2
    assert [sent["authorization"] for sent in server.headers] == [f"Bearer {KEY}"] * 2
    assert [sent.get("x-team") for sent in server.headers] == ["pruners", None]
    assert [body.get("provider") for body in server.bodies] == [{"order": ["one"]}, None]


@everybody
@pytest.mark.anyio
async def test_a_client_of_ones_own_is_used_and_left_open(server: ChatServer, who: str) -> None:
    server.script = answering
    async with openai.AsyncAzureOpenAI(
        api_key=KEY, api_version="v", azure_endpoint=server.url.removesuffix("/v1"), max_retries=5
    ) as client:
        await asking(who, server=Server(client=client, headers={"X-Team": "pruners"}))()

        assert not client.is_closed()
    assert server.paths == [f"/openai/deployments/m{PATHS[who]}"]
    assert server.headers[0]["api-key"] == KEY
    assert server.headers[0]["x-team"] == "pruners"


@everybody
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_aiohttp_carries_every_request_and_leaves_nothing_open(
    server: ChatServer, who: str, anyio_backend: str
) -> None:
    del anyio_backend
    server.script = answering

    await asking(who, server=Server(base_url=server.url, transport="aiohttp"))()

    gc.collect()  # a session that was not closed warns, and warnings are errors here
    assert server.paths == [f"/v1{PATHS[who]}"]


@everybody
@pytest.mark.anyio
async def test_the_total_timeout_bounds_a_request(server: ChatServer, who: str) -> None:
    server.script = lambda body: Reply(parts=["hang"], content_type="application/json")
    ask = asking(who, server=Server(base_url=server.url, total_timeout=0.2))

    with pytest.raises(DeepPruneError, match=r"took more than 0\.2 s in total: raise total_tim"):
        await ask()


@everybody
@pytest.mark.anyio
async def test_server_and_address_are_one_or_the_other(who: str) -> None:
    with pytest.raises(ConfigurationError, match=r"give server=, or base_url= and api_key="):
        await asking(who, server=Server(), api_key="k")()


@pytest.mark.anyio
async def test_a_total_timeout_is_a_timeout(server: ChatServer) -> None:
    server.script = lambda body: Reply(parts=["hang"])
    error, _ = await failing(
        OpenAIBackend("m", server=Server(base_url=server.url, total_timeout=0.2))
    )
    assert type(error) is BackendTimeoutError


def test_a_limit_that_is_left_open_is_that_of_who_asks() -> None:
    address: dict[str, Any] = {"base_url": None, "api_key": None, "idle_timeout": 30.0}
    for given, seconds in ((None, 30.0), (5.0, 5.0)):
        clients = Clients(
            "Judge", "m", server=Server(base_url="http://s/v1", idle_timeout=given), **address
        )
        assert (clients.endpoint.idle_timeout, clients.timeout.read) == (seconds, seconds)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"idle_timeout": 0}, r"Server\(idle_timeout=0\): give seconds above 0"),
        ({"total_timeout": -1}, r"total_timeout=-1"),
        ({"connect_timeout": float("nan")}, r"connect_timeout=nan"),
        ({"transport": "http3"}, r"transport='http3'\): give 'httpx2' or 'aiohttp'"),
    ],
)
def test_what_cannot_work_is_said_at_once(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Server(**settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"base_url": "http://s/v1"}, "give client=, or base_url= and api_key="),
        ({"api_key": "k"}, "give client=, or base_url= and api_key="),
        ({"transport": "aiohttp"}, "DefaultAioHttpClient"),
    ],
)
def test_a_client_has_its_own_address_and_transport(settings: dict[str, Any], says: str) -> None:
    client = openai.AsyncOpenAI(api_key=KEY, base_url="http://s/v1")
    with pytest.raises(ConfigurationError, match=says):
        Server(client=client, **settings)


# --- secrets --------------------------------------------------------------------------------------


def test_what_is_shown_of_a_server() -> None:
    assert repr(Server()) == "Server()"
    full = Server(
        base_url=f"http://joe:{PASSWORD}@s:8000/v1?key={KEY}",
        api_key=KEY,
        headers={"X-Api-Key": KEY, "X-Team": KEY},
        extra_body={"token": KEY},
        idle_timeout=300,
        transport="httpx2",
    )
    assert repr(full) == (
        "Server(base_url='http://s:8000/v1', api_key='...', headers=['X-Api-Key', 'X-Team'], "
        "extra_body=['token'], idle_timeout=300)"
    )


def test_equal_settings_are_equal_and_can_be_in_a_set() -> None:
    one, other = Server(headers={"a": "b"}), Server(headers={"a": "b"})
    assert {one} == {other}
    assert one != Server(headers={"a": "c"})


@pytest.mark.anyio
async def test_the_value_of_a_secret_header_is_in_no_error(server: ChatServer) -> None:
    said = {"error": {"message": f"no access with {PASSWORD} for team blue"}}
    server.script = lambda body: refusal(403, said)
    reached = Server(base_url=server.url, headers={"X-Auth-Token": PASSWORD, "X-Team": "team blue"})

    error, _ = await failing(OpenAIBackend("m", server=reached))

    assert PASSWORD not in str(error)
    assert "no access with [key] for team blue" in str(error)
    assert PASSWORD not in repr(error.__cause__)
