"""A judge of your own: any object with these three members will do.

    python examples/custom_judge.py

This one compares the last number that each unfinished trace has written down. The scripted backend
of `deepprune_sdk.testing` stands in for a server, so the example needs nothing else. What a run
expects of a judge, and how to check it, is in docs/write-a-judge.md.
"""

import re
from collections.abc import Sequence

import anyio

from deepprune_sdk import Checkpoints, DeepPrune, ParallelReasoner
from deepprune_sdk.data import Pair, TracePrefix, Verdict
from deepprune_sdk.testing import ScriptedBackend


class LastNumberJudge:
    name = "last number"
    costs_tokens = False  # every pair may be asked, needed or not

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return [Verdict(probability=self._probability(pair)) for pair in pairs]

    def _probability(self, pair: Pair) -> float | None:
        left, right = self._last_number(pair.left), self._last_number(pair.right)
        if left is None or right is None:
            return None  # cannot say: the trace is kept
        return 0.9 if left == right else 0.2

    def _last_number(self, prefix: TracePrefix) -> str | None:
        numbers = re.findall(r"\d+", prefix.text)
        return numbers[-1] if numbers else None


async def main() -> None:
    closing_words = "so putting it all together the final answer is"
    backend = ScriptedBackend(
        [
            f"3 boxes of 12 pencils make 36 pencils, {closing_words} \\boxed{{36}}",
            f"there are 12 + 12 + 12 = 36 of them, {closing_words} \\boxed{{36}}",
            f"12 and 3 are together 15 pencils, {closing_words} \\boxed{{15}}",
        ]
    )
    policy = DeepPrune(checkpoints=Checkpoints.tokens(10))
    reasoner = ParallelReasoner(backend, judge=LastNumberJudge(), policy=policy)
    result = await reasoner.solve("A box holds 12 pencils. How many are in 3 boxes?", n=3)
    for trace in result.traces:
        print(f"trace {trace.trace}: {trace.outcome}, {trace.tokens} tokens, votes {trace.answer}")
    print(f"answer {result.answer}, {result.judge.scored} pairs judged")


if __name__ == "__main__":
    anyio.run(main)
