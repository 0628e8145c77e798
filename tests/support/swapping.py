"""A run on the embedded model whose traces wait for the judge: any judge can be put in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import anyio

from deepprune_adapters.llama import LlamaBackend
from deepprune_sdk import Checkpoints, DeepPrune, JudgingLimits, Limits, ParallelReasoner, Sampling
from deepprune_sdk.data import Chunk, TraceRequest
from deepprune_sdk.protocols import Judge
from support.pairs import Watched


class Patient:
    """The backend, whose traces end when the judge has answered, however slow the machine is."""

    def __init__(self, backend: LlamaBackend, answered: anyio.Event) -> None:
        self.model = backend.model
        self.concurrency = backend.concurrency
        self._backend = backend
        self._answered = answered

    @property
    def continues_prefix(self) -> bool:
        return self._backend.continues_prefix

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        async with (
            self._backend.stream(request) as chunks,
            aclosing(self._waiting(chunks)) as waiting,
        ):
            yield waiting

    async def _waiting(self, chunks: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk]:
        async for chunk in chunks:
            if chunk.finish is not None:
                await self._answered.wait()
            yield chunk


async def judged_run(llama: LlamaBackend, judge: Judge) -> None:
    """Solve with two traces, and check that the judge was asked about them and answered."""
    watched = Watched(judge)
    reasoner = ParallelReasoner(
        Patient(llama, watched.answered),
        judge=watched,
        policy=DeepPrune(checkpoints=Checkpoints.tokens(6)),
        sampling=Sampling(max_tokens=10, temperature=0.8, seed=1, extra={"ignore_eos": True}),
        limits=Limits(judging=JudgingLimits(timeout=300.0)),
    )

    result = await reasoner.solve("What is 17 + 25?", n=2)

    assert result.judge.asked == 1
    assert result.judge.failed == result.judge.late == result.judge.malformed == 0
    assert (result.usage.judge > 0) == judge.costs_tokens
