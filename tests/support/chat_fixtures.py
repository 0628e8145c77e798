"""Fixtures of what talks to a scripted server: the server, and an environment that names none."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from support.chat_server import ChatServer, chat_server

__all__ = ["KEY", "no_environment", "running", "server"]

KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def running() -> Generator[ChatServer]:
    with chat_server() as server:
        yield server


@pytest.fixture
def server(running: ChatServer) -> ChatServer:
    """The server of the module, as if nobody had asked it yet."""
    running.wait_until(lambda: not running.open)
    running.bodies.clear()
    running.headers.clear()
    running.paths.clear()
    running.queries.clear()
    running.left = running.most = 0
    return running


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_MODEL", raising=False)
