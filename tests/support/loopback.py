"""Running an ASGI application on a socket of the loopback interface."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn


def listening(backlog: int) -> socket.socket:
    """A listener on a free port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(backlog)
    return listener


@contextmanager
def serving(
    config: uvicorn.Config,
    listener: socket.socket,
    wait_until: Callable[[Callable[[], bool]], object],
) -> Generator[None]:
    """Serve in a thread until the block is left."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        assert not thread.is_alive()
