"""Record full traces once, then try methods on them without the model.

    python examples/record_and_compare.py OUT.jsonl.gz

Run it again and it continues where it stopped; with everything recorded it only compares. Small,
so that it takes half a minute: raise N and MAX_TOKENS for figures that mean something.
"""

import os
import sys
from pathlib import Path

import anyio

from deepprune_adapters.llama import LlamaBackend
from deepprune_sdk import LearnedJudge, Sampling, method
from deepprune_sdk.evaluation.bench import run_bench
from deepprune_sdk.evaluation.leaderboard import summarize_bench
from deepprune_sdk.methods import DEFAULT_METHOD
from deepprune_sdk.recorder import Problem, RecordingSession
from deepprune_sdk.recording import TraceReader, TraceWriter, group_by_problem

N = int(os.environ.get("N", "4"))
MAX_TOKENS = int(os.environ.get("MAX_TOKENS", "40"))
PROBLEMS = [
    Problem(problem="pencils", question="How many pencils are in 3 boxes of 12?", gold="36"),
    Problem(problem="week", question="How many days are there in 2 weeks?", gold="14"),
]


async def record(path: Path) -> None:
    sampling = Sampling(temperature=0.6, max_tokens=MAX_TOKENS, seed=0)
    async with LlamaBackend(slots=N, context=512) as backend:
        with TraceWriter(path) as writer:
            session = RecordingSession(backend, writer, n=N, sampling=sampling)
            for problem in PROBLEMS:
                if session.missing(problem):
                    async with session.run(problem) as run:
                        await run.wait()


def compare(path: Path) -> None:
    groups = group_by_problem(TraceReader(path))
    problems = {f"{model}/{problem}": traces for (model, problem), traces in groups.items()}
    methods = {name: method(name) for name in (f"{DEFAULT_METHOD}:checkpoints=16", "esc:window=2")}
    draws = run_bench(problems, methods, LearnedJudge, n=N - 1, repeats=5, seed=0, workers=1)
    report = summarize_bench(draws, n=N - 1, repeats=5, seed=0, judge="learned", all_drawn=False)
    for name, row in report.methods.items():
        print(f"{name:34} agrees {row.agreement_with_full:4.0%}  tokens {row.tokens:6.1f}")


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "traces.jsonl.gz")
    anyio.run(record, out)
    compare(out)
