"""Every method live, on a few questions, with the small embedded model.

All runs of a question have the same seeds, so trace i of one method begins as trace i of another;
what a server batches together still changes the last digits of its sums, so they may part later.

    python bench/live_methods.py -n 16
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from statistics import fmean
from time import perf_counter

import anyio

from deepprune_adapters.llama import LlamaBackend
from deepprune_sdk import Answers, ParallelReasoner, Result, Sampling, method
from deepprune_sdk.methods import DEFAULT_METHOD

INSTRUCTION = "Explain briefly, then put the final answer within \\boxed{}."
QUESTIONS = (
    "What is 7 + 5?",
    "What is the sum of the angles of a triangle in degrees?",
    "A box holds 12 pencils. How many pencils are in 3 boxes?",
    "Tom has 20 apples and eats 6. How many apples are left?",
    "How many days are in two weeks?",
)
METHODS = (
    "cons",
    DEFAULT_METHOD,
    "deepprune-paper:checkpoints=64",
    "deepconf-low:warmup=8",
    "deepconf-high:warmup=8",
    "adaptive-consistency",
    "adaptive-consistency:width=4",
    "esc",
    "parallel-probe:every=32,stable=3,warmup=1,drop_after=2",
)
"""Those whose published settings are for long traces are scaled to short ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One method on one question, with what cons@n answered."""

    result: Result
    seconds: float
    full: str | None

    @property
    def agrees(self) -> bool:
        """Whether it is the full vote's answer."""
        answer = self.result.answer
        if answer is None or self.full is None:
            return answer is self.full
        return Answers().equivalent(answer, self.full)

    @property
    def tokens(self) -> int:
        """Generated, and read and written by judges and probes."""
        return self.result.usage.generated + self.result.usage.judge


async def run(n: int, max_tokens: int, seed: int) -> dict[str, list[Row]]:
    """Ask every question with every method, cons first."""
    rows: dict[str, list[Row]] = {name: [] for name in METHODS}
    sampling = Sampling(max_tokens=max_tokens, seed=seed)
    async with LlamaBackend(slots=n, context=max_tokens + 256) as backend:
        for question in QUESTIONS:
            full: str | None = None
            for name in METHODS:
                reasoner = ParallelReasoner(backend, policy=method(name), sampling=sampling)
                begun = perf_counter()
                result = await reasoner.solve(f"{question}\n{INSTRUCTION}", n=n)
                seconds = perf_counter() - begun
                if name == "cons":
                    full = result.answer
                row = Row(result=result, seconds=seconds, full=full)
                rows[name].append(row)
                print(
                    f"{question[:24]:24}  {name:24.24}  {result.answer!s:12.12} {row.tokens:6} "
                    f"{seconds:6.1f} s  {len(result.traces):3} traces  {result.ended_because}",
                    flush=True,
                )
    return rows


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-n", type=int, default=16, help="traces a run at most")
    parser.add_argument("--max-tokens", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rows = anyio.run(run, given.n, given.max_tokens, given.seed)
    print(f"\n{'agrees':>6} {'tokens':>7} {'seconds':>8} {'started':>8}  method")
    for name, found in rows.items():
        print(
            f"{sum(row.agrees for row in found):4}/{len(found)} "
            f"{fmean(row.tokens for row in found):7.0f} "
            f"{fmean(row.seconds for row in found):8.1f} "
            f"{fmean(len(row.result.traces) for row in found):8.1f}  {name}"
        )


if __name__ == "__main__":
    main()
