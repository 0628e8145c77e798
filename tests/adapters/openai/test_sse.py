"""Bytes to events, think tags and pieces: pure parts of the backend, whatever the cuts."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepprune_adapters.openai import sse
from deepprune_adapters.openai.chunks import ChunkReader
from deepprune_adapters.openai.sse import EventSplitter, EventTooLongError
from deepprune_adapters.openai.thinking import ThinkTags
from deepprune_adapters.server.connection import Endpoint
from deepprune_adapters.server.errors import ServerErrors
from deepprune_adapters.tokens import HeuristicCounter
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.types import Chunk

ERRORS = ServerErrors(
    Endpoint(
        url="http://server/v1", model="m", idle_timeout=1, total_timeout=None, connect_timeout=1
    )
)


class Characters:
    """Counts characters, so that what is cut where shows."""

    exact = False

    def split(self, text: str) -> list[str]:
        return list(text)


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(raw) + 1) for place in places}), len(raw)]
    return [raw[begin:end] for begin, end in itertools.pairwise(edges)]


def events_of(reads: list[bytes]) -> list[bytes]:
    splitter = EventSplitter()
    return [event for read in reads for event in splitter.feed(read)] + splitter.close()


def trace_of(chunks: list[Chunk]) -> Trace:
    trace = Trace(0)
    for chunk in chunks:
        trace.append(chunk, 0, len(chunk.pieces))
    return trace


lines = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=8)
ends = st.sampled_from(["\n", "\r", "\r\n"])


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A stream and the data of its events, by the letter of the specification."""
    body, expected = draw(st.sampled_from(["", "\ufeff"])), list[bytes]()
    end = draw(ends)
    for values in draw(st.lists(st.lists(lines, min_size=1, max_size=3), max_size=5)):
        for noise in draw(st.lists(st.sampled_from([": alive", ":", "event: x", "id: 7"]))):
            body += noise + end
        for value in values:
            body += f"data: {value}{end}"
        body += end
        expected.append("\n".join(values).encode())
    return body.encode(), expected


@given(bodies(), st.lists(st.integers(0, 10_000)))
def test_events_are_the_same_however_the_bytes_are_cut(
    body: tuple[bytes, list[bytes]], places: list[int]
) -> None:
    raw, expected = body
    assert events_of(cut(raw, places)) == expected
    assert events_of([raw[i : i + 1] for i in range(len(raw))]) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"data: a\n\ndata: b", [b"a", b"b"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data\n\n", [b""]),
        (b": comment\n\n: another\n\n", []),
        (b"\n\n\n", []),
        (b"", []),
    ],
)
def test_events(raw: bytes, expected: list[bytes]) -> None:
    assert events_of([raw]) == expected


@pytest.mark.parametrize("line", [b"x" * 1000, b"data: " + b"x" * 500 + b"\n"])
def test_an_event_without_end_is_given_up(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 10_000)
    with pytest.raises(EventTooLongError):
        events_of([line] * 100)


# --- think tags -----------------------------------------------------------------------------------

snippets = st.lists(
    st.sampled_from(["<think>", "</think>", "<", "think", ">", "/", " ", "\n", "so", "<thin", "k>"])
).map("".join)


def reasoning_of(texts: list[str]) -> str:
    tags, whole, until = ThinkTags(), "", 0
    for text in texts:
        thought = tags.reasoning_until(text)
        if thought:
            until = len(whole) + thought
        whole += text
    return whole[:until]


def reference(text: str) -> str:
    """The same rule on a whole text."""
    if text.lstrip().startswith("<think>"):
        end = text.find("</think>")
        return text if end < 0 else text[: end + 8]
    literal, at = 0, 0
    while at < len(text):
        if text.startswith("<think>", at):
            literal += 1
        elif text.startswith("</think>", at):
            if not literal:
                return text[: at + 8]
            literal -= 1
        at += 1
    return ""


@given(snippets, st.lists(st.integers(0, 1000)))
def test_reasoning_is_the_same_however_the_text_is_cut(text: str, places: list[int]) -> None:
    edges = [0, *sorted({place % (len(text) + 1) for place in places}), len(text)]
    parts = [text[begin:end] for begin, end in itertools.pairwise(edges)]
    assert reasoning_of(parts) == reasoning_of(list(text)) == reference(text)


@given(snippets, snippets)
def test_a_continued_prefix_is_read_as_if_it_had_been_streamed(prefix: str, text: str) -> None:
    whole = ThinkTags()
    whole.reasoning_until(prefix)
    assert ThinkTags(prefix).reasoning_until(text) == whole.reasoning_until(text)


# --- both together --------------------------------------------------------------------------------

fields = st.sampled_from([("content",), ("reasoning",), ("reasoning", "reasoning_content")])
deltas = st.tuples(fields, snippets).map(lambda part: dict.fromkeys(*part))


@given(st.lists(deltas), st.lists(st.integers(0, 10_000)), st.booleans())
def test_a_trace_is_the_same_however_its_stream_is_cut(
    parts: list[dict[str, str]], places: list[int], counted: bool
) -> None:
    raw, so_far = b"", 0
    for delta in parts:
        so_far += 2
        event: dict[str, Any] = {"choices": [{"index": 0, "delta": delta}]}
        if counted:
            event["usage"] = {"prompt_tokens": 1, "completion_tokens": so_far}
        raw += b"data: " + json.dumps(event).encode() + b"\n\n"
    raw += b"data: [DONE]\n\n"

    def read(reads: list[bytes]) -> Trace:
        splitter, reader = EventSplitter(), ChunkReader(ERRORS, Characters())
        chunks = [chunk for part in reads for chunk in reader.read(splitter.feed(part))]
        chunks += reader.end()
        assert reader.failure is None
        assert chunks[-1].finish == "stop"
        assert sum(len(chunk.pieces) for chunk in chunks) == reader.account.tokens
        return trace_of(chunks)

    one, other = read([raw]), read(cut(raw, places))
    assert one.pieces == other.pieces
    assert one.reasoning_pieces == other.reasoning_pieces
    texts = [delta.get("reasoning") or delta.get("content") or "" for delta in parts]
    assert one.text == "".join(texts)


def read_all(events: list[dict[str, Any]]) -> tuple[list[Chunk], ChunkReader]:
    reader = ChunkReader(ERRORS, HeuristicCounter())
    return reader.read(json.dumps(event).encode() for event in events), reader


def content(text: str, **fields: Any) -> dict[str, Any]:
    logprobs = fields.pop("logprobs", None)
    return {"choices": [{"index": 0, "delta": {"content": text}, "logprobs": logprobs}], **fields}


def tokens(*named: tuple[str, float], top: int = 2) -> dict[str, Any]:
    return {
        "content": [
            {
                "token": token,
                "bytes": list(token.encode()),
                "logprob": logprob,
                "top_logprobs": [{"token": "x", "logprob": -3.0}] * top,
            }
            for token, logprob in named
        ]
    }


def test_the_events_of_one_read_are_one_chunk() -> None:
    chunks, _ = read_all([content("a"), content("b"), content("c")])
    assert [chunk.pieces for chunk in chunks] == [("a", "b", "c")]


def test_log_probabilities_give_the_tokens() -> None:
    chunks, _ = read_all([content("Hello", logprobs=tokens(("Hel", -0.5), ("lo", -0.25)))])
    assert chunks == [
        Chunk(pieces=("Hel", "lo"), confidences=(3.0, 3.0), logprobs=(-0.5, -0.25), exact=True)
    ]


@pytest.mark.parametrize("impossible", [None, -9999.0, float("-inf")])
def test_what_cannot_happen_has_a_least_log_probability(impossible: float | None) -> None:
    scores = tokens(("a", 0.0))
    scores["content"][0] |= {"logprob": impossible, "top_logprobs": [{"logprob": impossible}]}
    chunks, _ = read_all([content("a", logprobs=scores)])
    assert chunks[0].logprobs == (-100.0,)
    assert chunks[0].confidences == (100.0,)


def test_log_probabilities_without_candidates_give_no_confidence() -> None:
    chunks, _ = read_all([content("a", logprobs=tokens(("a", -0.5), top=0))])
    assert (chunks[0].confidences, chunks[0].logprobs) == (None, (-0.5,))


def test_tokens_that_cut_a_character_keep_the_text_and_the_count() -> None:
    raw = "né".encode()
    scores = {
        "content": [
            {"token": "n\\xc3", "bytes": list(raw[:2]), "logprob": -1.0},
            {"token": "\\xa9", "bytes": list(raw[2:]), "logprob": -1.0},
        ]
    }
    chunks, _ = read_all([content("né", logprobs=scores)])
    assert chunks[0].pieces == ("n", "é")
    assert chunks[0].exact


def test_a_character_held_back_by_the_server_keeps_the_count() -> None:
    half = {"content": [{"token": "\ufffd", "bytes": [195], "logprob": -1.0}]}
    rest = {"content": [{"token": "\ufffd", "bytes": [169], "logprob": -1.0}]}
    chunks, _ = read_all([content("", logprobs=half), content("é", logprobs=rest)])
    assert chunks[0].pieces == ("", "é")


@given(st.text(), st.integers(1, 30))
def test_running_usage_gives_the_number_of_pieces(text: str, count: int) -> None:
    text = text.encode("utf-8", "replace").decode()
    chunks, reader = read_all(
        [content(text, usage={"prompt_tokens": 5, "completion_tokens": count})]
    )
    assert sum(len(chunk.pieces) for chunk in chunks) == reader.account.tokens
    assert "".join(piece for chunk in chunks for piece in chunk.pieces) == text
    if "think>" not in text:
        assert reader.account.tokens == count
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.generated == count


def test_running_usage_that_lags_is_made_up_for() -> None:
    running = [("a", 1), ("b", 1), ("c", 3), ("", 4)]
    chunks, reader = read_all(
        [
            content(text, usage={"prompt_tokens": 1, "completion_tokens": count})
            for text, count in running
        ]
    )
    assert "".join(piece for chunk in chunks for piece in chunk.pieces) == "abc"
    assert reader.account.tokens == 4


@pytest.mark.parametrize("usage", [10**9, -5, 0])
def test_usage_that_cannot_be_is_not_believed(usage: int) -> None:
    _, reader = read_all([content("ab", usage={"prompt_tokens": 1, "completion_tokens": usage})])
    assert reader.account.tokens == 1


def test_usage_that_begins_late_counts_from_there() -> None:
    chunks, reader = read_all(
        [
            content("some words first"),
            content(" then", usage={"prompt_tokens": 1, "completion_tokens": 40}),
            content(" more", usage={"prompt_tokens": 1, "completion_tokens": 41}),
        ]
    )
    assert reader.account.tokens == 5
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.generated == 41


def test_surrogates_are_mended() -> None:
    reader = ChunkReader(ERRORS, HeuristicCounter())
    raw = rb'{"choices": [{"index": 0, "delta": {"content": "\ud83d!"}}]}'
    (chunk,) = reader.read([raw])
    assert "".join(chunk.pieces).encode() == b"?!"


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"<html>",
        b'{"choices": 3}',
        b'{"choices": ["x"]}',
        b'{"choices": [{"delta": "text"}]}',
        b'{"choices": [{"delta": {"content": 3}}]}',
    ],
)
def test_what_no_such_server_sends(raw: bytes) -> None:
    reader = ChunkReader(ERRORS, HeuristicCounter())
    assert reader.read([raw]) == []
    assert "not an OpenAI-compatible server at http://server/v1" in str(reader.failure)


@pytest.mark.parametrize("raw", [b"[]", b"null", b"3", b'"text"', b"", b"pong", b": PROCESSING"])
def test_what_carries_nothing_is_no_fault_until_nothing_else_has_come(raw: bytes) -> None:
    chunks, _ = read_all([content("a")])
    reader = ChunkReader(ERRORS, HeuristicCounter())
    one = json.dumps(content("a")).encode()
    assert reader.read([raw, one, raw, raw]) == chunks
    assert reader.failure is None
    reader = ChunkReader(ERRORS, HeuristicCounter())
    assert reader.read([raw]) == []
    reader.end()
    assert "not an OpenAI-compatible server at http://server/v1" in str(reader.failure)


@given(st.binary(max_size=60))
def test_no_bytes_raise(raw: bytes) -> None:
    splitter, reader = EventSplitter(), ChunkReader(ERRORS, HeuristicCounter())
    reader.read(splitter.feed(b"data: " + raw) + splitter.close())
    reader.end()
