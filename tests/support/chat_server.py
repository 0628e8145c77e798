"""A real HTTP server on the loopback interface that sends the bytes a test scripts."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from support.loopback import listening, serving

DONE = b"data: [DONE]\n\n"

Part = bytes | float | str
"""Bytes to send, seconds to wait, "break" the connection, or "hang": hold it in silence."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    parts: Sequence[Part] = ()
    status: int = 200
    content_type: str | None = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def refusal(status: int, body: object, **headers: str) -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(parts=[text.encode()], status=status, content_type=kind, headers=named)


def event(delta: Mapping[str, object] | None = None, **fields: object) -> bytes:
    """One chunk of a chat completion; `finish_reason` and `logprobs` go into its choice."""
    choice: dict[str, object] = {"index": 0, "delta": delta or {}, "finish_reason": None}
    for name in ("finish_reason", "logprobs", "index"):
        if name in fields:
            choice[name] = fields.pop(name)
    return data({"object": "chat.completion.chunk", "choices": [choice], **fields})


def data(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def text(*contents: str) -> list[Part]:
    return [event({"content": content}) for content in contents]


def finish(reason: str | None = "stop") -> bytes:
    return event(finish_reason=reason)


def usage(prompt: int, generated: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": generated}


class ChatServer:
    """What the server was sent, and what it answers.

    Attributes:
        script: Makes the reply to a request body.
        bodies: Request bodies so far.
        headers: Their headers.
        paths: Their paths.
        queries: What follows the paths.
        left: Requests whose client went away while the reply was still going on.
        open: Requests that are being answered.
        most: Most of them at once.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.script: Callable[[dict[str, Any]], Reply] = lambda body: Reply()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.queries: list[str] = []
        self.left = 0
        self.open = 0
        self.most = 0

    def says(self, *parts: Part | Sequence[Part], **kwargs: Any) -> None:
        """Answer every request with these parts."""
        flat: list[Part] = []
        for part in parts:
            if isinstance(part, bytes | float | int | str):
                flat.append(part)
            else:
                flat.extend(part)
        reply = Reply(parts=flat, **kwargs)
        self.script = lambda body: reply

    def wait_until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the server saw nothing of the kind"
            time.sleep(0.005)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raw = b""
        more = True
        while more:
            message = await receive()
            raw += message.get("body", b"")
            more = message.get("more_body", False)
        body: dict[str, Any] = json.loads(raw or b"{}")
        self.bodies.append(body)
        self.headers.append({k.decode(): v.decode() for k, v in scope["headers"]})
        self.paths.append(scope["path"])
        self.queries.append(scope["query_string"].decode())
        reply = self.script(body)
        headers = [(k.encode(), v.encode()) for k, v in reply.headers.items()]
        if reply.content_type is not None:
            headers.append((b"content-type", reply.content_type.encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        self.open += 1
        self.most = max(self.most, self.open)
        gone = asyncio.create_task(receive())
        try:
            for part in reply.parts:
                if part == "break":
                    raise ConnectionAbortedError("as the script says")
                if part == "hang":
                    await gone
                elif isinstance(part, float):
                    await asyncio.wait([gone], timeout=part)
                elif isinstance(part, bytes):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                if gone.done():
                    self.left += 1
                    return
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self.open -= 1


@contextmanager
def chat_server() -> Generator[ChatServer]:
    """Run a server in a thread until the block is left."""
    listener = listening(1024)
    chat = ChatServer(listener.getsockname()[1])
    config = uvicorn.Config(
        chat, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1
    )
    with serving(config, listener, chat.wait_until):
        yield chat


@contextmanager
def hanging_up() -> Generator[str]:
    """A port that takes connections and closes them without a word."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(65536)
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
