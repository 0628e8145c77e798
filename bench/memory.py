"""Memory of a run whose traces are long, in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.lowlevel import checkpoint
from figures import Figure, Sizes
from rendering import tokens

from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk import FullSampling, Limits, ParallelReasoner
from deepprune_sdk.data import Chunk, TraceRequest, Usage

__all__ = ["measure_memory"]

N, LENGTH, READ = 512, 32_000, 32


def measure_memory(sizes: Sizes) -> Iterator[Figure]:
    """Most resident memory of a process that solves with 512 traces of 32,000 tokens."""
    length = sizes.of(LENGTH, least=READ)
    for keep_text in (True, False):
        yield Figure(
            group="memory",
            name=f"{N} traces of {length} tokens" + ("" if keep_text else ", keep_text=False"),
            unit="MB",
            values=[_peak(length, keep_text)],
            limit=400,
        )
    yield Figure(
        group="memory", name="the process before the run", unit="MB", values=[_peak(0, True)]
    )


def _peak(length: int, keep_text: bool) -> float:
    asked = json.dumps({"length": length, "keep_text": keep_text})
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), asked], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


class Tokens:
    """A backend whose n traces all grow at once, each token a `str` of its own as from a server."""

    model = "tokens"
    concurrency = None

    def __init__(self, length: int) -> None:
        self._length = length
        self._texts = [tokens(seed, 8 * READ) for seed in range(16)]

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        yield self._chunks(request.trace)

    async def _chunks(self, trace: int) -> AsyncGenerator[Chunk]:
        text = self._texts[trace % len(self._texts)]
        for begin in range(0, self._length, READ):
            await checkpoint()
            read = [text[(begin + offset) % len(text)] for offset in range(READ)]
            pieces = tuple(bytes(piece, "utf-8").decode() for piece in read)
            yield Chunk(pieces=pieces, usage=Usage(generated=begin + READ))
        yield Chunk(pieces=("\\boxed{", "36", "}"), finish="stop")


def main(length: int, keep_text: bool) -> None:
    OpenAIBackend("bench", base_url="http://127.0.0.1/v1")  # what a user has loaded too
    if length:
        reasoner = ParallelReasoner(
            Tokens(length),
            policy=FullSampling(),
            # The text repeats itself, so that making it costs nothing.
            limits=Limits(loops=False, keep_text=keep_text),
        )
        result = anyio.run(reasoner.solve, "How many pencils are in 3 boxes?", N)
        if result.answer != "36" or sum(trace.tokens for trace in result.traces) < N * length:
            raise RuntimeError(f"the run went wrong: {result.answer}, {result.usage}")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
