"""What starting one trace first does on a server with a prefix cache.

    python bench/warm_start.py http://localhost:8000/v1 MODEL

Each run has a prompt of its own, which the server cannot know; runs with and without warm start
take turns. Measured are the seconds until every trace has a token and until the run is over, and,
where the server has vLLM's metrics, the share of the prompts' tokens that came from its cache.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import anyio
import httpx2
from metrics import counter

from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk import FullSampling, ParallelReasoner, Requests, Sampling
from deepprune_sdk.data import TraceProgress

WORDS = ["river", "stone", "glass", "wheel", "paper", "cloud", "table", "green", "north", "seven"]
QUERIES, HITS = "vllm:prefix_cache_queries_total", "vllm:prefix_cache_hits_total"


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        first: Seconds until every trace had a token.
        total: Seconds until the run was over.
        cached: Share of the prompts' tokens from the cache, or None where the server does not say.
    """

    first: float
    total: float
    cached: float | None


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("base_url")
    parser.add_argument("model")
    parser.add_argument("-n", type=int, default=16, help="traces a run")
    parser.add_argument("--words", type=int, default=800, help="words of the prompt")
    parser.add_argument("--max-tokens", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    backend = OpenAIBackend(options.model, base_url=options.base_url)
    runs: dict[bool, list[Measured]] = {False: [], True: []}
    draw = random.Random(0)
    async with httpx2.AsyncClient() as metrics:
        for repeat in range(options.repeats + 1):
            for warm in (False, True):
                prompt = " ".join(draw.choices(WORDS, k=options.words)) + ". Which word came first?"
                reasoner = ParallelReasoner(
                    backend,
                    policy=FullSampling(),
                    sampling=Sampling(max_tokens=options.max_tokens, send_seed=False),
                    requests=Requests(warm_start=warm),
                )
                before = await _cache(metrics, options.base_url)
                first, total = await _times(reasoner, prompt, options.n)
                after = await _cache(metrics, options.base_url)
                share = None
                if before and after:
                    share = (after[1] - before[1]) / max(1.0, after[0] - before[0])
                if repeat:  # the first runs warm the server itself up
                    runs[warm].append(Measured(first, total, share))
    for warm, measured in runs.items():
        shares = [run.cached for run in measured if run.cached is not None]
        print(
            f"{'warm start' if warm else 'all at once'}: all traces have a token after "
            f"{_spread([run.first for run in measured])} s, over after "
            f"{_spread([run.total for run in measured])} s"
            + (f", from the cache {_spread(shares)} of the prompts" if shares else "")
        )


async def _times(reasoner: ParallelReasoner, prompt: str, n: int) -> tuple[float, float]:
    begun, first = anyio.current_time(), 0.0
    async with reasoner.run(prompt, n) as run:
        spoke: set[int] = set()
        async for event in run:
            if isinstance(event, TraceProgress) and event.trace not in spoke:
                spoke.add(event.trace)
                first = anyio.current_time() - begun
    return first, anyio.current_time() - begun


async def _cache(client: httpx2.AsyncClient, base_url: str) -> tuple[float, float] | None:
    """Tokens looked up in the prefix cache and found there, so far."""
    queries = await counter(client, base_url, QUERIES)
    hits = await counter(client, base_url, HITS)
    return None if queries is None or hits is None else (queries, hits)


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    anyio.run(main)
