"""What the bench server sends: recorded tokens as the bytes of a streamed HTTP response."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Literal

from deepprune_sdk.recording import RecordedTrace, read_traces

__all__ = ["HEAD", "TAIL", "Style", "recorded", "render", "tokens"]

RECORDING = Path(__file__).parents[1] / "tests" / "recordings" / "smollm2-n16.jsonl.gz"

Style = Literal["usage", "plain", "logprobs"]
"""usage: running usage in every event, as vLLM and SGLang send it to who asks; plain: text alone;
logprobs: running usage and the log-probabilities of 20 candidates a token."""

HEAD = (
    b"HTTP/1.1 200 OK\r\nserver: bench\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)


@cache
def recorded() -> list[RecordedTrace]:
    """The traces of the small recording that the tests use too."""
    return list(read_traces(RECORDING))


def tokens(seed: int, number: int, *, problem: str | None = None) -> list[str]:
    """`number` recorded tokens: traces, of one problem or all, in an order drawn for `seed`."""
    traces = [trace for trace in recorded() if problem in (None, trace.problem)]
    Random(seed).shuffle(traces)
    endless: Iterator[str] = cycle([piece for trace in traces for piece in trace.pieces])
    return list(islice(endless, number))


def render(pieces: Sequence[str], style: Style, *, prompt: int = 80) -> list[bytes]:
    """One HTTP chunk a token, as a server that streams token by token frames them."""
    return [
        _framed(_event({"content": piece}, number, style, prompt))
        for number, piece in enumerate(pieces, start=1)
    ]


def _event(delta: dict[str, str], number: int, style: Style, prompt: int) -> dict[str, object]:
    choice: dict[str, object] = {"index": 0, "delta": delta, "logprobs": None}
    if style == "logprobs":
        top = [_candidate(f"{delta['content']}{rank}", rank) for rank in range(20)]
        choice["logprobs"] = {"content": [_candidate(delta["content"], 0) | {"top_logprobs": top}]}
    choice["finish_reason"] = None
    event: dict[str, object] = {
        "id": "chatcmpl-6f1c0a4b7c5e4a13b1a0d6a2f8f6c9d1",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "bench",
        "choices": [choice],
    }
    if style != "plain":
        event["usage"] = {
            "prompt_tokens": prompt,
            "total_tokens": prompt + number,
            "completion_tokens": number,
        }
    return event


def _candidate(token: str, rank: int) -> dict[str, object]:
    logprob = -0.011372 - 0.9137 * rank
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _framed(event: dict[str, object]) -> bytes:
    data = b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


def _tail() -> bytes:
    event = _event({}, 0, "plain", 0)
    event["choices"] = [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]
    return _framed(event) + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


TAIL = _tail()
"""The end of every stream: a finish reason, [DONE], and the last HTTP chunk."""
