"""A web service that answers questions by many traces, within bounds of money and time.

    OPENAI_BASE_URL=https://... OPENAI_API_KEY=... MODEL=... python examples/web_service.py

asks itself one question and ends; `--serve` serves on port 8080 until it is interrupted:

    curl --json '{"question": "What is 12 + 30?"}' localhost:8080/solve

A client that leaves stops paying: its run is cancelled, and every stream of it closed.
"""

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx2
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk import (
    DeepPruneError,
    Limits,
    ParallelReasoner,
    Price,
    Result,
    RunTimeoutError,
    Sampling,
)

PRICE = Price(input=0.15, cached_input=0.075, output=0.60)  # per million tokens: your provider's
LIMITS = Limits(money=0.05)
SECONDS = 120.0


class Question(BaseModel):
    question: str = Field(min_length=1, max_length=20_000)
    n: int = Field(default=8, ge=1, le=64)


class Answer(BaseModel):
    answer: str | None
    agreement: float
    complete: bool
    cost: float | None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """One reasoner for all requests: it shares connections, and what the provider allows."""
    async with OpenAIBackend(model=os.environ["MODEL"]) as backend:
        app.state.reasoner = ParallelReasoner(
            backend,
            answers="math",
            sampling=Sampling(max_tokens=4096),
            price=PRICE,
            limits=LIMITS,
        )
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/solve")
async def solve(asked: Question, request: Request) -> Answer:
    """Answer a question, unless the client leaves before."""
    outcome: Answer | HTTPException = HTTPException(499, "the client has left")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch, request, tasks.cancel_scope)
        outcome = await answer(request.app.state.reasoner, asked)
        tasks.cancel_scope.cancel()
    if isinstance(outcome, HTTPException):
        raise outcome
    return outcome


async def watch(request: Request, scope: anyio.CancelScope) -> None:
    """Cancel the run when its client has left, which closes every stream of it."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def answer(reasoner: ParallelReasoner, asked: Question) -> Answer | HTTPException:
    """Solve within bounds; what was found when the time was over is an answer too."""
    try:
        return to_answer(await reasoner.solve(asked.question, n=asked.n, timeout=SECONDS))
    except RunTimeoutError as error:
        if error.partial is None or error.partial.answer is None:
            return HTTPException(504, str(error))
        return to_answer(error.partial)
    except DeepPruneError as error:
        return HTTPException(502, str(error))


def to_answer(result: Result) -> Answer:
    return Answer(
        answer=result.answer,
        agreement=result.agreement,
        complete=result.ended_because in {"complete", "settled"},
        cost=result.usage.cost,
    )


async def ask_itself() -> None:
    """Send one request through the whole service, without a socket."""
    async with lifespan(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
            question = {"question": "What is 12 + 30?"}
            response = await client.post("/solve", json=question, timeout=SECONDS)
            print(response.status_code, response.json())


if __name__ == "__main__":
    if "--serve" in sys.argv:
        uvicorn.run(app, port=8080)
    else:
        anyio.run(ask_itself)
