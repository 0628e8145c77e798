"""Hand-made recordings for replays."""

from collections.abc import Mapping, Sequence
from typing import Literal

from deepprune_sdk.data import Pair, Verdict
from deepprune_sdk.recording import RecordedTrace


def recorded(
    trace: int,
    answer: str | None,
    length: int = 20,
    *,
    confidence: Sequence[float] | None = None,
    problem: str = "p",
    gold: str | None = "1",
    probes: Mapping[int, str] | None = None,
    finish: Literal["stop", "length", "pruned"] = "stop",
) -> RecordedTrace:
    """A trace of `length` tokens, the last of which states its answer; its words name it."""
    last = " done" if answer is None else f" \\boxed{{{answer}}}"
    words = [f" w{trace}x{answer}" for _ in range(length - 1)]
    return RecordedTrace(
        problem=problem,
        question="q?",
        gold=gold,
        model="m",
        trace=trace,
        pieces=(*words, last),
        confidence=None if confidence is None else tuple(confidence),
        finish=finish,
        probes=dict(probes or {}),
    )


class Oracle:
    """Knows the answers that the words of `recorded` traces name."""

    name = "oracle"
    costs_tokens = False

    def score(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return [
            Verdict(probability=0.95 if self._end(p.left.text) == self._end(p.right.text) else 0.05)
            for p in pairs
        ]

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return self.score(pairs)

    @staticmethod
    def _end(text: str) -> str:
        return text.split(maxsplit=1)[0].partition("x")[2]
