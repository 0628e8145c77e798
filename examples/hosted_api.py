"""Solve a question against any OpenAI-compatible API, first looking, then trusting.

    OPENAI_BASE_URL=https://... OPENAI_API_KEY=... MODEL=... python examples/hosted_api.py

The first run is in shadow mode: it takes every decision and closes nothing, and then says what
would have been saved and whether the answer would have been another one.
"""

import os

import anyio

from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk import DeepPruneError, ParallelReasoner, Sampling

PROMPT = [
    {"role": "system", "content": "You are a careful mathematician."},
    {"role": "user", "content": "How many primes are below 20?"},
]


async def main() -> None:
    sampling = Sampling(temperature=0.7, max_tokens=int(os.environ.get("MAX_TOKENS", "2048")))
    n = int(os.environ.get("N", "16"))
    # Address and key come from OPENAI_BASE_URL and OPENAI_API_KEY.
    async with OpenAIBackend(model=os.environ["MODEL"]) as backend:
        reasoner = ParallelReasoner(backend, answers="math", sampling=sampling, shadow=True)
        look = await reasoner.solve(PROMPT, n=n)
        if look.shadow is not None:
            print(f"would have saved {look.shadow.saved} of {look.usage.generated} tokens")
            print(f"{look.shadow.right} closings right, {look.shadow.wrong} wrong")
            print(f"another answer: {look.shadow.answer_differs}")
        try:
            result = await reasoner.replace(shadow=False).solve(PROMPT, n=n)
        except DeepPruneError as error:
            raise SystemExit(f"no answer: {error}") from error
    print(result.answer, result.usage)


if __name__ == "__main__":
    anyio.run(main)
