"""Recorded tokens a second through the replay, with the default policy and judge."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence

import anyio
from figures import Figure, Sizes, ratios
from rendering import tokens

from deepprune_sdk import LearnedJudge, ParallelReasoner
from deepprune_sdk.evaluation.replay import replay
from deepprune_sdk.recording import RecordedTrace
from deepprune_sdk.testing import ScriptedBackend

__all__ = ["measure_replaying"]

LENGTH = 32_000
"""Tokens a trace."""
ANSWERS = ("36", "36", "36", "15", "36", "24", "36", "15")
"""Final answers of the traces, in turn."""


def measure_replaying(sizes: Sizes) -> Iterator[Figure]:
    """Tokens a second, and whether twice the traces take twice the time."""
    length = sizes.of(LENGTH, least=600)
    rates: dict[int, list[float]] = {}
    counts = [sizes.of(64 * more, least=4 * more) for more in (1, 2, 4)]
    traces = {n: [_trace(number, length) for number in range(n)] for n in counts}
    for _ in range(sizes.repeats):
        for n in counts:
            rates.setdefault(n, []).append(_rate(traces[n]))
    for n, values in rates.items():
        yield Figure(
            group="replay",
            name=f"{n} traces of {length} tokens",
            unit="tokens/s",
            values=values,
            limit=2e6,
            at_least=True,
        )
    few, _, most = rates.values()
    yield Figure(
        group="replay",
        name="time a trace, 4 times the traces / once",
        unit="x",
        values=ratios(few, most),
        limit=1.3,
    )


def _rate(traces: Sequence[RecordedTrace]) -> float:
    policy = ParallelReasoner(ScriptedBackend(["."])).policy
    gc.collect()
    begun = time.process_time()
    anyio.run(replay, traces, policy, LearnedJudge())
    return sum(len(trace.pieces) for trace in traces) / (time.process_time() - begun)


def _trace(number: int, length: int) -> RecordedTrace:
    end = ["\n\nThe answer is ", f"\\boxed{{{ANSWERS[number % len(ANSWERS)]}}}", "."]
    return RecordedTrace(
        problem="pencils",
        question="A box holds 12 pencils. How many pencils are in 3 boxes?",
        model="recorded",
        trace=number,
        pieces=tuple(tokens(number, length - len(end), problem="pencils") + end),
        finish="stop",
    )
