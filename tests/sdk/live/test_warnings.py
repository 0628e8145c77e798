"""What a run should tell its user, once: in the events and in the result."""

import re

import pytest
from support.simulator.replies import Dialect
from support.simulator.server import replay, simulator

from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk import DeepConf, FullSampling, ParallelReasoner
from deepprune_sdk.data import RunWarning
from deepprune_sdk.policies import Policy

pytestmark = pytest.mark.anyio

HIDDEN = (
    "the provider hides the reasoning: there is no text for a judge to compare, and the run can "
    "only settle on answers"
)
FEW = (
    "the server sends 5 candidates a token where 20 were asked for: confidences are coarser than "
    "the method's"
)


@pytest.mark.parametrize(
    ("dialect", "policy", "expected"),
    [
        (Dialect(), DeepConf.low(warmup=2), []),
        (Dialect(reasoning="hidden"), FullSampling(), [HIDDEN]),
        (Dialect(logprobs=5), FullSampling(), []),  # nobody asked for any
        (Dialect(logprobs=5), DeepConf.low(warmup=2), [FEW]),
    ],
)
async def test_a_warning_is_said_once(
    dialect: Dialect, policy: Policy, expected: list[str]
) -> None:
    with simulator() as server:
        server.reset(replay(dialect))
        async with (
            OpenAIBackend("m", base_url=server.url) as backend,
            ParallelReasoner(backend, policy=policy).run("How many?", n=4) as run,
        ):
            events = [event async for event in run]
    assert [event.message for event in events if isinstance(event, RunWarning)] == expected
    # Besides, a result says what became of its traces; of the server it says what the events said.
    of_traces = re.compile(r"[0-9] traces |ballots|leading answers")
    assert [said for said in run.result.warnings if not of_traces.search(said)] == expected
