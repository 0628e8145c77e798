"""Every fault of the simulated provider: what survives, what is billed, what is said."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from support.simulator.faults import FAULTS, Fault
from support.simulator.server import Simulator, simulator
from support.simulator.trial import attempt, holds

from deepprune_adapters.server import Transport

N = 4


@pytest.fixture(scope="module")
def server() -> Generator[Simulator]:
    with simulator() as running:
        yield running


@pytest.fixture
def anyio_backend() -> str:
    """One event loop: the other tests of the backend run on both."""
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in FAULTS])
@pytest.mark.parametrize("transport", ["httpx2", "aiohttp"])
async def test_a_fault_is_survived_or_said(
    fault: Fault, server: Simulator, transport: Transport
) -> None:
    holds(await attempt(fault, server, N, transport=transport), server)
