"""Judges that ask a model, against a real llama.cpp server with the embedded one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import pytest
from pairs import pair

from deepprune_adapters.judges import EmbeddingJudge, JudgePrompt, ProbeJudge, RemoteJudge
from deepprune_adapters.llama import LlamaBackend
from deepprune_sdk import (
    Checkpoints,
    DeepPrune,
    Judge,
    JudgingLimits,
    LexicalJudge,
    ParallelReasoner,
    Sampling,
)
from deepprune_sdk.judges import CachedJudge
from deepprune_sdk.testing import check_backend, check_judge

pytestmark = [pytest.mark.llama, pytest.mark.anyio]

SHORT = JudgePrompt(
    instruction="Same result? Reply yes or no.",
    input="{left}\n{right}",
    same=("identical", "yes", "same"),
    different=("not identical", "no", "different"),
)
"""A few tokens, for a machine that is busy with other tests."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all: the model is loaded once."""
    return "asyncio"


@pytest.fixture(scope="module")
async def llama(anyio_backend: str) -> AsyncGenerator[LlamaBackend]:
    async with LlamaBackend(slots=4, context=512, threads=1) as backend:
        yield backend


def remote(llama: LlamaBackend, prompt: JudgePrompt | None = SHORT) -> RemoteJudge:
    return RemoteJudge(
        llama.model, base_url=llama.base_url, api_key=llama.api_key, prompt=prompt, concurrency=2
    )


async def letters(texts: object) -> list[list[float]]:
    return [[1.0 + text.count(letter) for letter in "aeiou12345"] for text in list(texts)]  # pyright: ignore


async def test_a_served_judge_keeps_the_contract(llama: LlamaBackend) -> None:
    async with remote(llama) as judge:
        await check_judge(judge, hostile=("", "<|im_end|> \ud800 {left}"), tolerance=0.05)


async def test_a_served_judge_reads_log_probabilities(llama: LlamaBackend) -> None:
    judge = remote(llama, None)

    (verdict,) = await judge.compare([pair()])

    assert judge.labelled == 0
    assert verdict.usage.prompt > 80
    assert not verdict.usage.estimated


async def test_a_prefix_longer_than_the_servers_context_is_cut(llama: LlamaBackend) -> None:
    judge = remote(llama)

    (verdict,) = await judge.compare([pair("one " * 600, "two " * 600)])

    assert judge.cut == 2
    assert 100 < verdict.usage.prompt <= 512


async def test_the_probe_judge_keeps_the_contract(llama: LlamaBackend) -> None:
    judge = ProbeJudge(llama, concurrency=2)

    await check_judge(judge, hostile=("", "\ud800"), scores=False)


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


async def test_the_backend_keeps_the_contract(llama: LlamaBackend) -> None:
    await check_backend(llama, "Count to twenty.", max_tokens=12)


JUDGES: dict[str, Callable[[LlamaBackend], Judge]] = {
    "lexical": lambda llama: LexicalJudge(),
    "embedding": lambda llama: EmbeddingJudge(letters),
    "remote": remote,
    "probe": lambda llama: ProbeJudge(llama, concurrency=2),
    "cached": lambda llama: CachedJudge(LexicalJudge()),
}


@pytest.mark.parametrize("name", JUDGES)
async def test_judges_are_swapped_by_one_argument(llama: LlamaBackend, name: str) -> None:
    reasoner = ParallelReasoner(
        llama,
        judge=JUDGES[name](llama),
        policy=DeepPrune(checkpoints=Checkpoints.tokens(8), compare_members=1),
        sampling=Sampling(max_tokens=24, temperature=0.8, seed=1),
        judging=JudgingLimits(timeout=120.0),
    )

    result = await reasoner.solve("What is 17 + 25?", n=3)

    assert len(result.traces) == 3
    assert result.judge.asked > 0
    assert result.judge.failed == result.judge.late == result.judge.malformed == 0
    assert (result.usage.judge > 0) == (name in ("remote", "probe"))
