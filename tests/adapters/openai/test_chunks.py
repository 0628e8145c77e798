"""The short way through an event comes to what the long way comes to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepprune_adapters.openai.chunks import ChunkReader
from deepprune_adapters.server.connection import Endpoint
from deepprune_adapters.server.errors import ServerErrors
from deepprune_adapters.tokens import default_counter
from deepprune_sdk.data import Chunk

ERRORS = ServerErrors(
    Endpoint(
        url="http://localhost/v1", model="m", idle_timeout=1, total_timeout=1, connect_timeout=1
    )
)
TEXTS = st.sampled_from(
    ["a", " b", "7", "<think>", "</think>", "</thi", "nk>", "x > y", ">", "", " two tokens", "\n"]
)


@st.composite
def events(draw: st.DrawFn) -> list[bytes]:
    """A stream as servers send it, with all that may be odd about it."""
    generated, sent, silent = 0, list[bytes](), draw(st.booleans())
    for _ in range(draw(st.integers(1, 12))):
        delta: dict[str, Any] = {"content": draw(TEXTS)}
        odd = draw(st.integers(0, 12))
        silent = silent if draw(st.integers(0, 9)) else not silent
        if odd == 0:
            delta["reasoning_content"] = draw(TEXTS)
        generated += draw(st.sampled_from([1, 1, 1, 1, 1, 0, 2, -1, 90]))
        choice: dict[str, Any] = {"index": int(odd == 1), "delta": delta, "finish_reason": None}
        if odd == 2:
            entry: dict[str, Any] = {"token": delta["content"], "logprob": -0.5, "top_logprobs": []}
            choice["logprobs"] = {"content": [entry]}
        usage: dict[str, Any] = {"prompt_tokens": 9, "completion_tokens": generated}
        if odd == 3:
            usage["prompt_tokens_details"] = {"cached_tokens": 4}
        if odd == 4:
            usage["completion_tokens_details"] = {"reasoning_tokens": 2}
        event: dict[str, Any] = {"choices": [choice], "usage": usage}
        if silent or odd == 5:
            del event["usage"]
        if odd == 11:
            event["timings"] = {"prompt_n": 9, "predicted_n": generated}
        if odd == 6:
            event["choices"] = []
        if odd == 7:
            event["choices"] = draw(st.sampled_from([{"a": 1}, 5, [choice, choice], [{}]]))
        if odd == 8:
            choice["finish_reason"] = "stop"
        if odd == 9:
            usage["completion_tokens"] = draw(st.sampled_from([None, "3", 2.0, True]))
        if odd == 12:
            function = {"name": "f", "arguments": draw(st.sampled_from(["", "{}", '{"a"', ": 1}"]))}
            delta["tool_calls"] = [{"index": 0, "function": function}]
        if odd == 10 and draw(st.booleans()):
            event["error"] = {"message": "no"}
        sent.append(json.dumps(event).encode())
    return sent


def never_plain(event: object) -> None:
    del event


def read(sent: Sequence[bytes], cuts: Sequence[int], prefix: str) -> tuple[list[Chunk], object]:
    reader = ChunkReader(ERRORS, default_counter(), prefix=prefix)
    chunks: list[Chunk] = []
    for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        chunks += reader.read(sent[begin:end])
    failure = None if reader.failure is None else str(reader.failure)
    account = reader.account
    state = (account.tokens, account.reported, account.running_usage, account.reasoning)
    return chunks, (*state, reader.finish, failure)


@given(
    sent=events(),
    cuts=st.lists(st.integers(0, 12), max_size=4),
    prefix=st.sampled_from(["", "<think>hm", "so"]),
)
def test_the_short_way_comes_to_the_same(sent: list[bytes], cuts: list[int], prefix: str) -> None:
    at = sorted(min(cut, len(sent)) for cut in cuts)
    short = read(sent, at, prefix)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deepprune_adapters.openai.chunks.plain_event", never_plain)
        assert short == read(sent, at, prefix)


@pytest.mark.parametrize("usage", [True, False])
def test_most_events_take_the_short_way(usage: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    long: list[object] = []
    choose = ChunkReader._choice  # pyright: ignore[reportPrivateUsage]

    def count(self: ChunkReader, *given: Any) -> None:
        long.append(given)
        choose(self, *given)

    monkeypatch.setattr(ChunkReader, "_choice", count)
    sent = [
        json.dumps(
            {
                "choices": [{"index": 0, "delta": {"content": " w"}, "finish_reason": None}],
            }
            | ({"usage": {"prompt_tokens": 5, "completion_tokens": number}} if usage else {})
        ).encode()
        for number in range(1, 101)
    ]
    chunks, _ = read(sent, [50], "so")
    assert sum(len(chunk.pieces) for chunk in chunks) == 100
    assert len(long) < 5
