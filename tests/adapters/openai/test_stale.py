"""Connections that the server closes while they are kept: nobody is given up for that."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from support import backend_calls
from support.backend_calls import transport
from support.chat_server import DONE, finish, text

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server
from deepprune_sdk import FullSampling, ParallelReasoner, Requests, Retries

pytestmark = pytest.mark.anyio

anyio_backend = backend_calls.anyio_backend

EVENTS = b"".join(part for part in (*text("\\boxed{5}"), finish(), DONE) if isinstance(part, bytes))
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n"


class Forgetful:
    """Serves one request of each connection, and closes it when it brings another.

    Attributes:
        url: Its address.
        connections: Connections so far.
        left_unanswered: Requests that met a closing connection.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        self.connections = 0
        self.left_unanswered = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=[connection], daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection:
            if self._reads_request(connection):
                connection.sendall(HEAD % len(EVENTS) + EVENTS)
                self.left_unanswered += self._reads_request(connection)

    def _reads_request(self, connection: socket.socket) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            read = connection.recv(65536)
            if not read:
                return False
            head += read
        fields, _, body = head.partition(b"\r\n\r\n")
        named = next(line for line in fields.lower().split(b"\r\n") if b"content-length" in line)
        size = int(named.split(b":")[1])
        while len(body) < size:
            body += connection.recv(65536)
        return True


@contextmanager
def forgetful() -> Generator[Forgetful]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = Forgetful(listener)
    thread = threading.Thread(target=server.serve, args=[listener], daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


async def test_a_kept_connection_that_was_closed_costs_no_attempt() -> None:
    with forgetful() as server:
        reached = Server(base_url=server.url, transport=transport())
        retries = Retries(attempts=2, initial=1e-3)
        async with OpenAIBackend("m", server=reached) as backend:
            reasoner = ParallelReasoner(
                backend, policy=FullSampling(), requests=Requests(retries=retries)
            )
            for _ in range(3):
                result = await reasoner.solve("?", n=4)
                assert [trace.outcome for trace in result.traces] == ["finished"] * 4
    assert server.left_unanswered > 0
