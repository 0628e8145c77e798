"""The example of a web service, as its clients meet it."""

from __future__ import annotations

import json
import runpy
import socket
import threading
from collections.abc import Generator
from typing import Any

import httpx2
import pytest
import uvicorn
from support.places import ROOT
from support.simulator.replies import Dialect, error, refusal
from support.simulator.server import Simulator, replay, simulator

EXAMPLE = ROOT / "examples" / "web_service.py"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Generator[Simulator]:
    with simulator() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "canary")
        monkeypatch.setenv("MODEL", "m")
        yield server


@pytest.fixture
def service(provider: Simulator) -> Generator[tuple[str, dict[str, Any]]]:
    """The service in a thread: its address, and the names of its module."""
    names = runpy.run_path(str(EXAMPLE))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(names["app"], log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        provider.wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", names
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


def test_it_answers_and_says_what_that_cost(service: tuple[str, dict[str, Any]]) -> None:
    url, _ = service
    response = httpx2.post(f"{url}/solve", json={"question": "How many days?"}, timeout=60)
    assert response.status_code == 200
    told = response.json()
    assert set(told) == {"answer", "agreement", "complete", "cost"}
    assert told["answer"]
    assert told["cost"] > 0


def test_a_client_that_leaves_stops_the_generation(
    service: tuple[str, dict[str, Any]], provider: Simulator
) -> None:
    url, _ = service
    provider.reset(replay(Dialect(pause=0.5)))
    address = httpx2.URL(url)
    with socket.create_connection((address.host, address.port)) as client:
        body = json.dumps({"question": "How many days?"})
        head = f"Host: service\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        client.sendall(f"POST /solve HTTP/1.1\r\n{head}\r\n\r\n{body}".encode())
        provider.wait_until(lambda: provider.open)
    provider.wait_until(lambda: not provider.open)
    assert any(call.left for call in provider.calls)


@pytest.mark.parametrize("n", [0, 65])
def test_what_it_does_not_take_is_said(service: tuple[str, dict[str, Any]], n: int) -> None:
    url, _ = service
    response = httpx2.post(f"{url}/solve", json={"question": "?", "n": n}, timeout=60)
    assert response.status_code == 422


def test_an_error_of_the_provider_is_a_502_without_the_key(
    service: tuple[str, dict[str, Any]], provider: Simulator
) -> None:
    url, _ = service
    provider.reset(lambda call: refusal(401, error("Incorrect API key provided: canary")))
    response = httpx2.post(f"{url}/solve", json={"question": "?"}, timeout=60)
    assert response.status_code == 502
    assert "canary" not in response.text


def test_time_is_bounded(service: tuple[str, dict[str, Any]], provider: Simulator) -> None:
    url, names = service
    names["answer"].__globals__["SECONDS"] = 0.3
    provider.reset(replay(Dialect(pause=5.0)))
    response = httpx2.post(f"{url}/solve", json={"question": "?"}, timeout=60)
    assert response.status_code == 504
    assert "no answer within 0.3 s" in response.text
