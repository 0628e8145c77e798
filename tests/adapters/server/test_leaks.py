"""What must not get out: keys in any form, and the prompt, in errors, logs and to other hosts."""

from __future__ import annotations

import base64
import json
import logging
import traceback
import zlib
from functools import cache
from typing import Any

import openai
import pytest
from support import backend_calls
from support.backend_calls import asked, at, failing, streamed, transport
from support.chat_fixtures import KEY
from support.chat_server import DONE, ChatServer, Reply, finish, refusal, text
from support.pairs import pair

from deepprune_adapters.judges import RemoteJudge
from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server
from deepprune_adapters.server.quoting import Quoting
from deepprune_sdk import JudgeError, Retries
from deepprune_sdk.data.messages import to_messages
from deepprune_sdk.data.types import TraceRequest
from deepprune_sdk.errors import BadRequestError, ProtocolError

pytestmark = pytest.mark.anyio

anyio_backend = backend_calls.anyio_backend

USER, PASSWORD = "joe", "p@ss/word-42"
PROMPT = 'My name is Jane Doe, and my "secret" number is 4711.\nHow tall is the \u00c4tna?'


def shown(error: BaseException) -> str:
    """All that a program shows of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(error)


async def test_credentials_of_an_address_are_in_no_form_in_an_error(server: ChatServer) -> None:
    coded = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    url = server.url.replace("http://", f"http://{USER}:p%40ss%2Fword-42@")

    def echo(body: dict[str, Any]) -> Reply:
        return refusal(500, f"<pre>{server.headers[-1]} {coded} {PASSWORD} p%40ss%2Fword-42</pre>")

    server.script = echo
    error, _ = await failing(OpenAIBackend("m", server=Server(base_url=url, transport=transport())))
    assert server.headers[0]["authorization"] == f"Basic {coded}"
    for secret in (coded, PASSWORD, "p%40ss%2Fword-42"):
        assert secret not in shown(error)


async def test_a_key_in_the_query_goes_with_every_request_and_into_no_log(
    server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"{server.url}?api-key={KEY}&api-version=7"
    backend = OpenAIBackend("m", server=Server(base_url=url, transport=transport()))
    server.says(text("a"), finish(), DONE)
    with caplog.at_level(logging.DEBUG):
        assert (await streamed(backend)).text == "a"
        server.script = lambda body: refusal(500, f"no luck with {url}")
        error, _ = await failing(backend)
    assert server.paths == ["/v1/chat/completions"] * 2
    assert server.queries == [f"api-key={KEY}&api-version=7"] * 2
    ours = [record.getMessage() for record in caplog.records if "uvicorn" not in record.name]
    assert any("HTTP Request" in line for line in ours)
    assert KEY not in "".join(ours) + shown(error) + repr(backend) + backend.base_url


@pytest.mark.parametrize("status", [307, 308])
async def test_another_host_is_not_sent_the_prompt(server: ChatServer, status: int) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    server.script = lambda body: refusal(status, "", location=f"{elsewhere}/x?{KEY}")
    error, _ = await failing(at(server, api_key=KEY))
    assert type(error) is ProtocolError
    assert f"redirects to {elsewhere}/x: nothing was sent there" in str(error)
    assert KEY not in shown(error)
    judge = RemoteJudge("m", server=Server(base_url=server.url, transport=transport()))
    with pytest.raises(JudgeError, match="redirects to"):
        await judge.compare([pair()])
    assert len(server.bodies) == 2


async def test_a_client_of_ones_own_sends_the_prompt_nowhere_else(server: ChatServer) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    server.script = lambda body: refusal(307, "", location=f"{elsewhere}/x")
    async with openai.AsyncOpenAI(api_key=KEY, base_url=server.url) as client:
        error, _ = await failing(OpenAIBackend("m", server=Server(client=client)))
    assert "redirects to" in str(error)
    assert len(server.bodies) == 1


async def test_a_redirect_on_the_same_host_is_followed(server: ChatServer) -> None:
    def script(body: dict[str, Any]) -> Reply:
        if len(server.bodies) == 1:
            return refusal(308, "", location="/v1/there")
        return Reply(parts=[*text("a"), finish(), DONE])

    server.script = script
    assert (await streamed(at(server, api_key=KEY))).text == "a"
    assert server.paths == ["/v1/chat/completions", "/v1/there"]
    assert [sent["authorization"] for sent in server.headers] == [f"Bearer {KEY}"] * 2
    assert server.bodies[0] == server.bodies[1]
    server.bodies.clear()
    server.script = lambda body: refusal(307, "", location="/v1/round")
    error, _ = await failing(at(server))
    assert type(error) is ProtocolError
    assert len(server.bodies) < 10


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize("how", ["json", "page", "details", "text"])
async def test_an_error_that_echoes_the_request_does_not_quote_the_prompt(
    server: ChatServer, status: int, how: str
) -> None:
    def echo(body: dict[str, Any]) -> Reply:
        said: dict[str, object] = {
            "json": {"error": {"message": f"bad request: {json.dumps(body)}"}},
            "page": f"<html><body>{json.dumps(body)}",
            "details": {"detail": [{"loc": ["body"], "msg": "odd", "input": body}]},
            "text": {"message": f"cannot read {PROMPT}"},
        }
        return refusal(status, said[how])

    server.script = echo
    request = TraceRequest(trace=0, messages=to_messages(PROMPT), sampling=asked().sampling)
    error, _ = await failing(at(server), request)
    for word in ("Jane", "4711", "tall", "tna?"):
        assert word not in shown(error)


async def test_no_escape_reaches_a_traceback(server: ChatServer) -> None:
    server.script = lambda body: refusal(400, {"error": {"message": "a\x1b[31mb\x9bc"}})
    error, _ = await failing(at(server))
    assert type(error) is BadRequestError
    assert "\x1b" not in shown(error)
    assert "\x9b" not in shown(error)


@pytest.mark.parametrize("name", ["api_key", "Authorization"])
async def test_a_key_among_the_fields_is_in_no_error(server: ChatServer, name: str) -> None:
    server.script = lambda body: refusal(500, {"error": {"message": f"no luck with {body[name]}"}})
    error, _ = await failing(at(server, extra_body={name: PASSWORD}))
    assert PASSWORD not in shown(error)


async def test_a_key_of_the_clients_own_headers_is_in_no_error(server: ChatServer) -> None:
    server.script = lambda body: refusal(500, f"no luck with {PASSWORD} of {KEY}")
    headers = {"X-Api-Key": PASSWORD}
    async with openai.AsyncOpenAI(
        api_key=KEY, base_url=server.url, default_headers=headers
    ) as client:
        error, _ = await failing(OpenAIBackend("m", server=Server(client=client)))
    assert PASSWORD not in shown(error)
    assert KEY not in shown(error)


def test_a_piece_of_the_prompt_is_not_quoted_and_other_words_are() -> None:
    quoting = Quoting(["hunter22"], [PROMPT, "short text"])
    assert quoting.line("hunter22 said hello") == "[key] said hello"
    assert quoting.line("you said short text.") == "you said [prompt]."
    assert quoting.line(f"you said {PROMPT[3:40]}!") == "you said[prompt]!"
    assert quoting.line("the prompt is too long") == "the prompt is too long"
    assert quoting.line(json.dumps({"m": PROMPT})) == '{"m": "[prompt]"}'


# --- within bounds --------------------------------------------------------------------------------


@cache
def bomb(size: int) -> bytes:

    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    packed = [packer.compress(b" " * 1_000_000) for _ in range(size)]
    return b"".join(packed) + packer.flush()


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("kind", ["text/event-stream", "application/json", "text/plain"])
async def test_a_bomb_is_not_unpacked(server: ChatServer, status: int, kind: str) -> None:
    server.script = lambda body: Reply(
        parts=[bomb(100)], status=status, content_type=kind, headers={"content-encoding": "gzip"}
    )
    error, _ = await failing(at(server))
    assert len(str(error)) < 500
    judge = RemoteJudge(
        "m",
        server=Server(base_url=server.url, transport=transport()),
        retries=Retries(attempts=1),
    )
    if status != 200 or "event" not in kind:
        with pytest.raises(JudgeError) as raised:
            await judge.compare([pair()])
        assert len(str(raised.value)) < 500


@pytest.mark.parametrize("body", [b"no gzip at all", b""])
async def test_an_answer_that_cannot_be_unpacked_is_said_so(
    server: ChatServer, body: bytes
) -> None:
    server.script = lambda sent: Reply(
        parts=[body], content_type="application/json", headers={"content-encoding": "gzip"}
    )
    judge = RemoteJudge("m", server=Server(base_url=server.url, transport=transport()))
    with pytest.raises(JudgeError, match="not an OpenAI-compatible server"):
        await judge.compare([pair()])
