"""Recorded tokens a second through the replay, with the default policy and judge."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence

import anyio
from figures import Figure, Sizes, ratios
from rendering import tokens

from deepprune_sdk import DeepPrune, FullSampling, LearnedJudge, ParallelReasoner
from deepprune_sdk.evaluation.replay import replay
from deepprune_sdk.policies import Policy
from deepprune_sdk.recording import RecordedTrace
from deepprune_sdk.testing import ScriptedBackend

__all__ = ["measure_replaying"]

LENGTH = 32_000
"""Tokens a trace."""
ANSWERS = ("36", "36", "36", "15", "36", "24", "36", "15")
"""Final answers of the traces, in turn."""


POLICIES: dict[str, Callable[[], Policy]] = {
    "default policy": lambda: ParallelReasoner(ScriptedBackend(["."])).policy,
    "all to their ends (cons@n)": FullSampling,
    "all compared at 7 checkpoints, all to their ends": lambda: DeepPrune(tau=1.0),
}
"""The default ends most runs early; the last one never finds two traces alike, the worst case."""


def measure_replaying(sizes: Sizes) -> Iterator[Figure]:
    """Recorded tokens a second, and whether twice the traces take twice the time."""
    length = sizes.of(LENGTH, least=600)
    counts = [sizes.of(32 * more, least=4 * more) for more in (1, 2, 4)]
    traces = [_trace(number, length) for number in range(counts[-1])]
    for name, policy in POLICIES.items():
        rates: dict[int, list[float]] = {n: [] for n in counts}
        for _ in range(sizes.repeats):
            for n in counts:
                rates[n].append(_rate(traces[:n], policy()))
        for n, values in rates.items():
            yield Figure(
                group="replay",
                name=f"{name}: {n} traces of {length} tokens",
                unit="tokens/s",
                values=values,
                limit=2e6,
                at_least=True,
            )
        for more in (2, 4):
            yield Figure(
                group="replay",
                name=f"{name}: time a trace, {more} times the traces / once",
                unit="x",
                values=ratios(rates[counts[0]], rates[counts[more // 2]]),
                limit=1.3,
            )


def _rate(traces: Sequence[RecordedTrace], policy: Policy) -> float:
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
