"""Judges that ask a model, against a real llama.cpp server with the embedded one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import anyio
import pytest
from support.pairs import pair
from support.swapping import judged_run

from deepprune_adapters.judges import JudgePrompt, ProbeJudge, RemoteJudge
from deepprune_adapters.llama import LlamaBackend
from deepprune_sdk import LearnedJudge, Message, Sampling
from deepprune_sdk.data import TraceRequest
from deepprune_sdk.protocols import Judge
from deepprune_sdk.testing import check_backend, check_judge

pytestmark = [pytest.mark.llama, pytest.mark.anyio]

SHORT = JudgePrompt(
    instruction="Read two solutions.",
    input="{left}\n---\n{right}\n---\nDo both lead to the same final answer? Answer Yes or No.",
    same=("yes",),
    different=("no",),
)
"""A few tokens, for a machine that is busy with other tests."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all: the model is loaded once."""
    return "asyncio"


@pytest.fixture(scope="module")
async def llama(anyio_backend: str) -> AsyncGenerator[LlamaBackend]:
    async with LlamaBackend(slots=2, context=256, threads=1) as backend:
        yield backend


def remote(llama: LlamaBackend, prompt: JudgePrompt | None = SHORT) -> RemoteJudge:
    return RemoteJudge(
        llama.model, base_url=llama.base_url, api_key=llama.api_key, prompt=prompt, concurrency=2
    )


async def test_the_probe_judge_keeps_the_contract(llama: LlamaBackend) -> None:
    await check_judge(ProbeJudge(llama, concurrency=2), hostile=("\ud800",), scores=False)


async def test_a_served_judge_reads_log_probabilities(llama: LlamaBackend) -> None:
    judge = remote(llama, None)

    (verdict,) = await judge.compare([pair()])

    assert judge.labelled == 0
    assert verdict.probability is not None
    assert verdict.usage.prompt > 80
    assert not verdict.usage.estimated


async def test_a_prefix_longer_than_the_servers_context_is_cut(llama: LlamaBackend) -> None:
    judge = remote(llama)

    (verdict,) = await judge.compare([pair("one " * 300, "two " * 300)])

    assert judge.cut == 2
    assert 100 < verdict.usage.prompt <= 256


async def test_probed_answers_are_compared(llama: LlamaBackend) -> None:
    judge = ProbeJudge(llama)
    texts = ("5 + 4 = 9, so the final answer is 9.", "We add 4 to 5 and get 9.", "No: it is 17.")

    same, different = await judge.compare(
        [pair(texts[0], texts[1], "What is 5 + 4?"), pair(texts[0], texts[2], "What is 5 + 4?")]
    )

    assert same.probability is not None
    assert different.probability is not None
    assert same.probability > different.probability
    assert same.usage.generated > 0
    assert same.usage.prompt > different.usage.prompt > 0


async def test_a_probe_does_not_wait_for_the_traces(llama: LlamaBackend) -> None:
    asked = (Message(role="user", content="Count to a thousand."),)
    sampling = Sampling(max_tokens=200, extra={"ignore_eos": True})

    async def generate(trace: int) -> None:
        request = TraceRequest(trace=trace, messages=asked, sampling=sampling, seed=trace)
        async with llama.stream(request) as chunks:
            async for _ in chunks:
                pass

    async with anyio.create_task_group() as group:
        for trace in range(llama.concurrency):
            group.start_soon(generate, trace)
        while await llama.slots_busy() < llama.concurrency:
            await anyio.lowlevel.checkpoint()
        (verdict,) = await ProbeJudge(llama, concurrency=1).compare([pair()])

        assert verdict.usage.generated > 0
        assert await llama.slots_busy() == llama.concurrency
        group.cancel_scope.cancel()


async def test_the_backend_keeps_the_contract(llama: LlamaBackend) -> None:
    await check_backend(llama, "Count to twenty.", max_tokens=12)


JUDGES: dict[str, Callable[[LlamaBackend], Judge]] = {
    "learned": lambda llama: LearnedJudge(),
    "remote": remote,
    "probe": lambda llama: ProbeJudge(llama, concurrency=2),
}


@pytest.mark.parametrize("name", JUDGES)
async def test_judges_are_swapped_by_one_argument(llama: LlamaBackend, name: str) -> None:
    await judged_run(llama, JUDGES[name](llama))
