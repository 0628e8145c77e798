"""The simulator of a module, as it was at the start in every test."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from support.simulator.server import Simulator, simulator


@pytest.fixture(scope="module")
def running() -> Generator[Simulator]:
    with simulator() as server:
        yield server


@pytest.fixture
def server(running: Simulator) -> Simulator:
    running.reset()
    return running
