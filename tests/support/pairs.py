"""Pairs to judge, and what a served judge answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import anyio

from deepprune_sdk.data.trace import Pair, TracePrefix
from deepprune_sdk.data.types import NO_USAGE, Usage, Verdict
from deepprune_sdk.judges import JudgeWrapper
from deepprune_sdk.judges.wrapper import Score
from deepprune_sdk.protocols import Judge
from deepprune_sdk.testing import ScriptedJudge
from support.chat_server import DONE, Reply, finish, text

QUESTION = "A box holds 12 pencils. How many pencils are in 3 boxes?"


def prefix(text: str, trace: int = 0, *, finished: bool = False) -> TracePrefix:
    return TracePrefix(
        trace=trace, checkpoint=0, text=text, tokens=len(text.split()), finished=finished
    )


def pair(left: str = "12 * 3 =", right: str = "12 + 12 + 12 =", question: str = QUESTION) -> Pair:
    return Pair(question=question, left=prefix(left), right=prefix(right, 1))


def completion(
    text: str,
    *positions: Mapping[str, float],
    usage: tuple[int, int] | None = (100, 2),
    **message: object,
) -> Reply:
    """A chat completion; each position gives the candidates, the generated token first."""
    entries = [
        {
            "token": next(iter(candidates)),
            "logprob": next(iter(candidates.values())),
            "top_logprobs": [
                {"token": token, "logprob": logprob} for token, logprob in candidates.items()
            ],
        }
        for candidates in positions
    ]
    body: dict[str, object] = {
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text, **message},
                "logprobs": {"content": entries} if entries else None,
            }
        ],
    }
    if usage is not None:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return as_json(body)


def embedded(vectors: Sequence[Sequence[float]], *, tokens: int | None = None) -> Reply:
    """An answer of `/v1/embeddings`, in the reverse order: the index says which is which."""
    data = [
        {"object": "embedding", "index": index, "embedding": list(vector)}
        for index, vector in enumerate(vectors)
    ]
    body: dict[str, object] = {"object": "list", "data": data[::-1]}
    if tokens is not None:
        body["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
    return as_json(body)


def as_json(body: object) -> Reply:
    return Reply(parts=[json.dumps(body).encode()], content_type="application/json")


def answering(body: Mapping[str, Any]) -> Reply:
    """What a server answers whoever asks it: for vectors, for a trace, or for a label."""
    if "input" in body:
        return embedded([[1.0, float(at)] for at, _ in enumerate(body["input"])])
    if body.get("stream"):
        return Reply(parts=[*text("a"), finish(), DONE])
    return completion("identical", {"ident": -0.1, "not": -2.0})


class Watched(JudgeWrapper):
    """A judge whose first answer, or failure, can be waited for."""

    def __init__(self, judge: Judge) -> None:
        super().__init__(judge)
        self.answered = anyio.Event()

    async def compare(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        try:
            return await self.judge.compare(pairs)
        finally:
            self.answered.set()

    def score_with(self, score: Score, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        try:
            return score(pairs)
        finally:
            self.answered.set()


class Able(ScriptedJudge):
    """A judge with every optional power: it scores inline, can be entered and be closed.

    Attributes:
        inline: Every batch that it was asked inline, in order.
        entered: How often it was entered and not left yet.
        closed: How often it was closed.
    """

    def __init__(
        self, probability: Callable[[Pair], float | None], *, usage: Usage = NO_USAGE
    ) -> None:
        super().__init__(probability, usage=usage)
        self._says = probability
        self._costs = usage
        self.inline: list[list[Pair]] = []
        self.entered = 0
        self.closed = 0

    def score(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        self.inline.append(list(pairs))
        return [Verdict(probability=self._says(pair), usage=self._costs) for pair in pairs]

    async def __aenter__(self) -> Self:
        self.entered += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self.entered -= 1

    async def aclose(self) -> None:
        self.closed += 1
