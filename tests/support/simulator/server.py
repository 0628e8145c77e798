"""The simulated provider: a real HTTP server that keeps the books a real one would."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from support.loopback import listening, serving
from support.simulator.replies import PROMPT_TOKENS, Deed, Dialect, Reply, Say, recorded, stream

Transports = dict[int, asyncio.Transport]

UNREAD = 8
"""Most bytes at the end of an event without which it can be read: of a line's end, or of what a
compressor flushes with."""


@dataclass(kw_only=True)
class Call:
    """One request, and what it costs.

    Attributes:
        number: Position in the order of arrival, from 0.
        body: What was asked.
        headers: As they came.
        again: How many requests with the same seed came before.
        status: Of the answer.
        prompt: Tokens billed for reading.
        generated: Tokens billed for writing, whether they reached the client or not.
        sent: After each thing said: bytes of the body so far, and tokens so far.
        left: Whether the client went away before the end.
        over: Whether the server is done with it.
    """

    number: int
    body: dict[str, Any]
    headers: dict[str, str]
    again: int = 0
    status: int = 0
    prompt: int = 0
    generated: int = 0
    sent: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    left: bool = False
    over: bool = False

    @property
    def seed(self) -> int:
        """Which trace is asked for: by its seed, by its user, or in the order of arrival."""
        seed = self.body.get("seed", self.body.get("user"))
        return self.number if seed is None else int(seed)

    def tokens_within(self, size: int) -> int:
        """Tokens of the events that can be read from the first `size` bytes of the body."""
        return max((tokens for end, tokens in self.sent if end - UNREAD <= size), default=0)


Script = Callable[[Call], Reply]


def replay(dialect: Dialect | None = None, problem: str = "week") -> Script:
    """Answer each request with the recorded trace that its seed names."""
    spoken, traces = dialect or Dialect(), recorded(problem)
    return lambda call: Reply(steps=stream(traces[call.seed % len(traces)], spoken, call.body))


class Simulator:
    """What the server was asked and what it answers.

    Attributes:
        url: Address up to `/v1`.
        script: Makes the reply to a call.
        calls: Every call so far.
        connections: Open connections.
        most: Most streams that were open at once.
        accept_after: Seconds before a new connection is read from.
        owner: What `/v1/models` says of the model's owner.
    """

    def __init__(self, port: int, scheme: str) -> None:
        self.url = f"{scheme}://127.0.0.1:{port}/v1"
        self.most = self.open = 0
        self.connections = 0
        self.transports: Transports = {}
        self.reset()
        self.app = Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", _Endpoint(self), methods=["POST"]),
            ]
        )

    def reset(self, script: Script | None = None) -> None:
        """Begin a new ledger, and answer by `script`."""
        self.script: Script = script or replay()
        self.calls: list[Call] = []
        self.accept_after = 0.0
        self.owner = "nobody"
        self.most = 0

    @property
    def billed(self) -> int:
        """Generated tokens, all calls together."""
        return sum(call.generated for call in self.calls)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [call.body for call in self.calls]

    def wait_until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Wait for something that the server must see; fail if it does not."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the server saw nothing of the kind"
            time.sleep(0.002)

    def wait_until_left(self, seconds: float = 20.0) -> None:
        """Wait until no client is connected any more."""
        self.wait_until(lambda: not self.open and not self.connections, seconds)

    async def _models(self, request: Request) -> JSONResponse:
        del request
        model = {"id": "m", "object": "model", "owned_by": self.owner}
        return JSONResponse({"object": "list", "data": [model]})


class _Endpoint:
    """`/v1/chat/completions`, as ASGI: only so does it see at once that a client has left."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        simulator = self._simulator
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return
        call = Call(
            number=len(simulator.calls),
            body=json.loads(body),
            headers={name.decode(): value.decode() for name, value in scope["headers"]},
        )
        call.again = sum(earlier.seed == call.seed for earlier in simulator.calls)
        simulator.calls.append(call)
        reply = simulator.script(call)
        call.status = reply.status
        if reply.status == 200:
            call.prompt = PROMPT_TOKENS
        simulator.open += 1
        simulator.most = max(simulator.most, simulator.open)
        transport = simulator.transports[scope["client"][1]]
        gone = asyncio.create_task(receive())
        try:
            await self._send(reply, call, transport, gone, send)
        finally:
            gone.cancel()
            simulator.open -= 1
            call.over = True

    async def _send(
        self,
        reply: Reply,
        call: Call,
        transport: asyncio.Transport,
        gone: asyncio.Task[Any],
        send: Any,
    ) -> None:
        headers = [(b"x-call", str(call.number).encode())]
        headers += [(name.encode(), value.encode()) for name, value in reply.headers.items()]
        if reply.content_type is not None:
            headers.append((b"content-type", reply.content_type.encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        size = 0
        for position, step in enumerate(reply.steps):
            if gone.done():
                call.left = True
                if reply.deaf:
                    rest = reply.steps[position:]
                    call.generated += sum(s.tokens for s in rest if isinstance(s, Say))
                return
            if isinstance(step, Say):
                call.generated += step.tokens
                if not step.data:
                    continue
                size += len(step.data)
                call.sent.append((size, call.generated))
                await send({"type": "http.response.body", "body": step.data, "more_body": True})
            elif isinstance(step, float | int):
                await asyncio.wait([gone], timeout=step)
            else:
                await _do(step, transport, gone)
                call.left = step == "hang"
                return
        await send({"type": "http.response.body", "body": b""})


async def _do(deed: Deed, transport: asyncio.Transport, gone: asyncio.Task[Any]) -> None:
    match deed:
        case "hang":
            pass
        case "half-close" if transport.can_write_eof():
            transport.write_eof()
        case "reset":
            await asyncio.sleep(0.05)  # what was sent before is to be read before
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        case _:
            transport.close()
    await gone


def _protocol(simulator: Simulator) -> type[asyncio.Protocol]:
    class Protocol(H11Protocol):
        """Lets the replies at their connection, and counts connections."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            super().connection_made(transport)
            simulator.connections += 1
            assert self.client is not None
            simulator.transports[self.client[1]] = transport
            if simulator.accept_after:
                transport.pause_reading()
                self.loop.call_later(simulator.accept_after, transport.resume_reading)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            simulator.connections -= 1
            assert self.client is not None
            simulator.transports.pop(self.client[1], None)

    return Protocol


@contextmanager
def simulator(tls: ssl.SSLContext | None = None) -> Generator[Simulator]:
    """Serve in a thread until the block is left."""
    listener = listening(2048)
    served = Simulator(listener.getsockname()[1], "http" if tls is None else "https")
    config = uvicorn.Config(
        served.app,
        http=_protocol(served),
        log_config=None,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    config.load()
    config.ssl = tls
    with serving(config, listener, served.wait_until):
        yield served
