"""Fields of another shape: what can be read of them is read, and nothing fails over the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deepprune_adapters.openai.chunks import ChunkReader
from deepprune_adapters.server.connection import Endpoint
from deepprune_adapters.server.errors import ServerErrors
from deepprune_adapters.tokens import HeuristicCounter
from deepprune_sdk.answers import Answers
from deepprune_sdk.data import Trace
from deepprune_sdk.recording import RecordedTrace

ERRORS = ServerErrors(
    Endpoint(url="http://s/v1", model="m", idle_timeout=1, total_timeout=1, connect_timeout=1)
)
STOP: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def read(*events: object) -> tuple[Trace, ChunkReader]:
    """The trace that these events make; an event is its JSON, its bytes, or a delta."""
    reader, trace = ChunkReader(ERRORS, HeuristicCounter()), Trace(0)
    raw = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in events]
    for data in raw:
        for chunk in reader.read([data]):
            trace.append(chunk, 0, len(chunk.pieces))
            trace.finish = chunk.finish or trace.finish
            if chunk.usage is not None:
                trace.report(chunk.usage)
    return trace, reader


def choice(delta: object = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, **fields}]}


THOUGHT: list[dict[str, Any]] = [
    {"reasoning_content": "hm"},
    {"reasoning_content": {"text": "hm"}},
    {"reasoning_content": [{"type": "text", "text": "h"}, "m"]},
    {"reasoning": {"content": [{"text": "hm"}], "id": 3}},
    {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
    {"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}, {"data": "xx"}]},
    {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
    {"content": [{"type": "reasoning", "text": "hm"}]},
    {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
    {"content": {"type": "reasoning_text", "reasoning": "hm"}},
]


@pytest.mark.parametrize("delta", THOUGHT, ids=repr)
def test_reasoning_in_any_shape_is_reasoning(delta: dict[str, Any]) -> None:
    trace, reader = read(choice(delta), choice({"content": "5"}), STOP)
    assert reader.failure is None
    assert (trace.reasoning_text, trace.answer_text) == ("hm", "5")


@pytest.mark.parametrize("shape", [3, True, None, {"id": 4}, [3, None], [[]], -0.5])
@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "reasoning_details"])
def test_what_has_no_text_has_none(field: str, shape: object) -> None:
    trace, reader = read(choice({field: shape, "content": "5"}), STOP)
    assert reader.failure is None
    assert (trace.reasoning_text, trace.answer_text) == ("", "5")


@pytest.mark.parametrize(
    "shape",
    [
        *(-0.5, [-0.5], "no", True),
        *({"content": part} for part in (3, [3], [{"token": 3}])),
        {"tokens": ["5"], "token_logprobs": [-0.5]},
    ],
    ids=repr,
)
def test_log_probabilities_that_cannot_be_read_are_none(shape: object) -> None:
    trace, reader = read(choice({"content": "5"}, logprobs=shape), STOP)
    assert reader.failure is None
    assert (trace.text, len(trace.logprobs)) == ("5", 0)


@pytest.mark.parametrize("value", [None, "x", True, 10**400, 5.0, [1]])
def test_a_log_probability_that_is_none_is_the_least(value: object) -> None:
    top = [{"token": "5", "logprob": value}]
    entry = {"token": "5", "logprob": value, "bytes": [999], "top_logprobs": top}
    trace, reader = read(choice({"content": "5"}, logprobs={"content": [entry]}), STOP)
    assert reader.failure is None
    assert (list(trace.logprobs), list(trace.confidences)) == ([-100.0], [100.0])


def message(content: str, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"content": content}, **fields}]}


def test_a_whole_message_is_read_once() -> None:
    assert read(message("so 5", finish_reason="stop"))[0].text == "so 5"
    assert read(message("so"), message("so 5"), message("so 5"), STOP)[0].text == "so 5"
    assert read(message("so"), message(" 5"), STOP)[0].text == "so 5"
    deltas = choice({"content": "so"}), choice({"content": " 5"})
    assert read(*deltas, message("so 5", finish_reason="stop"))[0].text == "so 5"


@pytest.mark.parametrize("index", [None, "0", "", -1, 10**400, 1e308, [], True])
def test_a_number_that_no_choice_has_is_ours(index: object) -> None:
    event = {"choices": [{"index": index, "delta": {"content": "5"}}]}
    assert read(event, STOP)[0].text == "5"


def test_halves_of_a_surrogate_pair_are_joined() -> None:
    assert read(choice({"content": "a \ud83d"}), choice({"content": "\ude00 b"}), STOP)[0].text == (
        "a \U0001f600 b"
    )
    assert read(choice({"content": "\ud83d"}), choice({"content": "b"}), STOP)[0].text == "?b"
    trace, _ = read(choice({"reasoning": "\ud83d"}), choice({"content": "x"}), STOP)
    assert trace.text == "x"
    trace, _ = read(choice({"content": "b\ud83d"}), STOP)
    assert trace.text == "b?"


def test_nothing_is_too_deep_or_too_long_to_be_passed_over() -> None:
    deep = b'{"choices": [], "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    _, reader = read(choice({"content": "5"}), deep)
    assert "not an OpenAI-compatible server" in str(reader.failure)
    digits = b'{"choices": [{"delta": {"content": "5"}}], "usage": {"prompt_tokens": 1, '
    digits += b'"completion_tokens": ' + b"9" * 6000 + b"}}"
    trace, reader = read(digits, STOP)
    assert reader.failure is None
    assert (trace.text, trace.cost.estimated) == ("5", True)


def test_what_is_said_beside_the_events_is_in_the_error() -> None:
    _, reader = read(choice({"content": "5"}), b"the engine\x1b[31m died")
    reader.end()
    assert "broke the stream off after 1 tokens (the engine [31m died)" in str(reader.failure)


def test_all_text_in_the_reasoning_field_has_the_answer_in_it() -> None:
    trace, _ = read(choice({"reasoning_content": "so \\boxed{5}"}), STOP)
    trace.outcome = "finished"
    assert trace.answer_text == "so \\boxed{5}"
    trace.finish = "length"
    assert trace.answer_text == ""
    recorded = RecordedTrace(
        problem="p",
        question="?",
        model="m",
        trace=0,
        pieces=("so \\boxed{5}",),
        reasoning=1,
        finish="stop",
    )
    assert recorded.final_answer(Answers()) == "5"
