"""Processor time of the judges that need no model."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from itertools import combinations

from figures import Figure, Sizes
from rendering import tokens

from deepprune_sdk import LearnedJudge
from deepprune_sdk.data import Pair, TracePrefix

__all__ = ["measure_judging"]

LIMIT = 0.2


def measure_judging(sizes: Sizes) -> Iterator[Figure]:
    """Milliseconds a pair on one core: all pairs of a checkpoint, each prefix read for once."""
    for length in (64, 256, 1024):
        prefixes = [
            TracePrefix(
                trace=trace, checkpoint=0, text="".join(tokens(trace, length)), tokens=length
            )
            for trace in range(sizes.of(32, least=3))
        ]
        pairs = [
            Pair(question="A box holds 12 pencils. How many are in 3?", left=left, right=right)
            for left, right in combinations(prefixes, 2)
        ]
        spent: list[float] = []
        for _ in range(sizes.repeats):
            judge = LearnedJudge()
            gc.collect()
            begun = time.process_time()
            judge.score(pairs)
            spent.append((time.process_time() - begun) / len(pairs) * 1e3)
        yield Figure(
            group="judging",
            name=f"LearnedJudge, all pairs of {len(prefixes)} prefixes of {length} tokens",
            unit="ms/pair",
            values=spent,
            limit=LIMIT,
        )
