"""Every fault of the simulated provider: what survives, what is billed, what is said."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from simulator.faults import FAULTS, HIT, Fault
from simulator.server import Simulator, simulator
from simulator.trial import attempt, closed_by_policy, sent_texts

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
async def test_a_fault_is_survived_or_said(fault: Fault, server: Simulator) -> None:
    trial = await attempt(fault, server, N)
    if fault.raises is not None:
        assert type(trial.error) is fault.raises
        assert fault.error in str(trial.error)
        return
    assert trial.error is None
    assert trial.result is not None
    hit = HIT & set(range(N)) if fault.hits else set[int]()
    closed = closed_by_policy(fault, N)
    assert closed
    outcomes = {trace.trace: trace.outcome for trace in trial.result.traces}
    expected = dict.fromkeys(range(N), "finished")
    expected |= dict.fromkeys(closed, "pruned") | dict.fromkeys(hit, "failed")
    assert outcomes == expected, trial.failed
    assert all(fault.error in error for error in trial.failed)
    assert trial.result.answer == trial.expected
    for sent, received, whole in sent_texts(fault, trial.result):
        assert received == sent if whole else sent.startswith(received)
    billed, reported = trial.finished
    if fault.usage == "server":
        assert billed == reported
    else:
        assert trial.result.usage.estimated
        assert abs(billed - reported) <= fault.slack * billed
    billed, reported = trial.closed
    if fault.closes and fault.usage == "server":
        assert 0 <= billed - reported <= trial.in_flight
    for body in server.bodies[-2:]:
        assert not body.keys() & set(fault.sends)
        assert "n" not in body
