"""Tool calls that servers send apart become text of the answer, with every token in its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import backend_calls
from support.backend_calls import at, streamed
from support.chat_server import DONE, ChatServer, Part, data, event, finish, text, usage

from deepprune_adapters.openai.tool_calls import ToolCalls
from deepprune_sdk.answers import ToolAnswers
from deepprune_sdk.data.types import Usage

anyio_backend = backend_calls.anyio_backend

ARGUMENTS = '{"word": "a \\"}\\\\", "deep": {"n": [1, {}]}}'


def part(index: int | None, name: str | None = None, arguments: object = None, **more: Any) -> Any:
    """One entry of `delta.tool_calls`."""
    function = {"name": name, "arguments": arguments}
    entry = {key: value for key, value in function.items() if value is not None}
    return {**({} if index is None else {"index": index}), "function": entry, **more}


def written(name: str, arguments: str) -> str:
    return f'<tool_call>\n{{"name": "{name}", "arguments": {arguments}}}\n</tool_call>'


def read(deltas: Sequence[dict[str, Any]], *, ended: bool = True) -> str:
    calls = ToolCalls()
    out = "".join(calls.read(delta, ended=False) for delta in deltas)
    return out + calls.read({}, ended=True) if ended else out


# --- the text -------------------------------------------------------------------------------------


DELTAS: list[tuple[list[dict[str, Any]], str]] = [
    # A whole call at once; and by fragments, as most servers send it.
    ([{"tool_calls": [part(0, "f", '{"a": 1}', id="x")]}], written("f", '{"a": 1}')),
    (
        [{"tool_calls": [part(0, "f", "", id="x")]}]
        + [{"tool_calls": [part(0, None, piece)]} for piece in ARGUMENTS],
        written("f", ARGUMENTS),
    ),
    # Two calls: one after the other, in one delta, and with an index that is always 0.
    (
        [{"tool_calls": [part(0, "f", "{}")]}, {"tool_calls": [part(1, "g", "{}")]}],
        written("f", "{}") + "\n" + written("g", "{}"),
    ),
    (
        [{"tool_calls": [part(0, "f", "{}"), part(1, "g", "{}")]}],
        written("f", "{}") + "\n" + written("g", "{}"),
    ),
    (
        [
            {"tool_calls": [part(0, "f", '{"a": ', id="x")]},
            {"tool_calls": [part(0, None, "1}", id="x")]},
            {"tool_calls": [part(0, "f", '{"a": 2}', id="y")]},
        ],
        written("f", '{"a": 1}') + "\n" + written("f", '{"a": 2}'),
    ),
    (
        [{"tool_calls": [part(None, "f", "{}")]}, {"tool_calls": [part(None, "g", "{}")]}],
        written("f", "{}") + "\n" + written("g", "{}"),
    ),
    # Fragments that alternate.
    (
        [
            {"tool_calls": [part(0, "f", '{"a"'), part(1, "g", '{"b"')]},
            {"tool_calls": [part(1, None, ": 2}"), part(0, None, ": 1}")]},
        ],
        written("f", '{"a": 1}') + "\n" + written("g", '{"b": 2}'),
    ),
    # No arguments, in each of the ways to send none.
    ([{"tool_calls": [part(0, "f")]}], written("f", "{}")),
    ([{"tool_calls": [part(0, "f", "")]}], written("f", "{}")),
    (
        [{"tool_calls": [part(0, "f", "")]}, {"tool_calls": [part(1, "g", "{}")]}],
        written("f", "{}") + "\n" + written("g", "{}"),
    ),
    # The field of old, arguments as an object, a name that comes late, one that is repeated.
    (
        [{"function_call": {"name": "f"}}, {"function_call": {"arguments": '{"a": 1}'}}],
        written("f", '{"a": 1}'),
    ),
    ([{"tool_calls": [part(0, "f", {"a": 1})]}], written("f", '{"a": 1}')),
    (
        [{"tool_calls": [part(0, None, '{"a"')]}, {"tool_calls": [part(0, "f", ": 1}")]}],
        written("f", '{"a": 1}'),
    ),
    (
        [{"tool_calls": [part(0, "f", '{"a"')]}, {"tool_calls": [part(0, "f", ": 1}")]}],
        written("f", '{"a": 1}'),
    ),
    # What follows the end of the arguments is dropped, what is no call is left alone.
    ([{"tool_calls": [part(0, "f", "{} {}")]}], written("f", "{}")),
    ([{"tool_calls": [None, "f", {}]}, {"tool_calls": 5}, {"function_call": "f"}], ""),
    ([{"tool_calls": []}, {"content": "x"}, {}], ""),
]


@pytest.mark.parametrize(("deltas", "expected"), DELTAS)
def test_calls_become_text(deltas: list[dict[str, Any]], expected: str) -> None:
    assert read(deltas) == expected


def test_a_call_is_closed_as_soon_as_its_arguments_are() -> None:
    deltas = [{"tool_calls": [part(0, "f", '{"a": {}')]}, {"tool_calls": [part(0, None, "}")]}]
    assert read(deltas[:1], ended=False) == written("f", '{"a": {}').removesuffix("}\n</tool_call>")
    assert read(deltas, ended=False) == written("f", '{"a": {}}')


def test_arguments_that_the_model_left_open_stay_open_and_are_not_a_call() -> None:
    text = read([{"tool_calls": [part(0, "pay", '{"to": "Ann"')]}])
    assert text == '<tool_call>\n{"name": "pay", "arguments": {"to": "Ann"'
    assert ToolAnswers().extract(text, complete=True) is None
    assert ToolAnswers().extract(text, complete=False) is None


def test_a_name_begins_a_call_where_a_server_gives_neither_index_nor_id() -> None:
    delta = {"tool_calls": [{"function": {"name": "f"}}, {"function": {"name": "g"}}]}
    assert read([delta]) == written("f", "{}") + "\n" + written("g", "{}")


def test_arguments_may_be_a_list() -> None:
    deltas = [
        {"tool_calls": [part(0, "f", '[{"a": 1}, ')]},
        {"tool_calls": [part(0, None, '{"b": 2}]')]},
    ]
    assert read(deltas, ended=False) == written("f", '[{"a": 1}, {"b": 2}]')


def test_beside_a_call_that_is_broken_the_others_are_not_the_answer() -> None:
    text = written("f", "{}") + "\n" + written("g", '{"a" 1}')
    assert ToolAnswers().extract(text, complete=True) is None


@given(
    st.dictionaries(st.text(max_size=4), st.text(max_size=6) | st.integers(), max_size=3),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_the_cuts_between_fragments_change_nothing(arguments: Any, cuts: list[int]) -> None:
    whole = json.dumps(arguments)
    places = sorted({min(cut, len(whole)) for cut in cuts} | {0, len(whole)})
    pieces = [whole[a:b] for a, b in pairwise(places)]
    deltas = [{"tool_calls": [part(0, "f")]}]
    deltas += [{"tool_calls": [part(0, None, piece)]} for piece in pieces]
    assert read(deltas, ended=False) == written("f", whole)
    answer = ToolAnswers().extract(read(deltas), complete=True)
    assert answer is not None
    assert json.loads(answer) == [{"name": "f", "arguments": arguments}]


# --- in a stream ----------------------------------------------------------------------------------


def calling(*fragments: str, counted: int | None = None) -> list[Part]:
    """A call in fragments, and what the server says that it has generated by then."""
    parts: list[Part] = []
    for number, fragment in enumerate(fragments):
        entry = part(0, None if number else "f", fragment)
        fields = {} if counted is None else {"usage": usage(9, counted + number + 1)}
        parts.append(event({"tool_calls": [entry]}, **fields))
    return parts


@pytest.mark.anyio
@pytest.mark.parametrize("reason", ["tool_calls", "function_call", "stop", None])
async def test_a_call_is_part_of_the_answer(server: ChatServer, reason: str | None) -> None:
    ending = [] if reason is None else [finish(reason)]
    thought = event({"reasoning_content": "so"})
    server.says([thought, *text("I ", "look.\n"), *calling('{"a"', ": 1}")], *ending, DONE)
    trace = await streamed(at(server))
    assert trace.reasoning_text == "so"
    assert trace.answer_text == f"I look.\n{written('f', json.dumps({'a': 1}))}"
    assert trace.finish == "stop"


@pytest.mark.anyio
async def test_a_call_follows_thinking_that_was_left_in_the_text(server: ChatServer) -> None:
    server.says(
        text("<think>", "so", "</think>"),
        event({"content": "look", "tool_calls": [part(0, "f", '{"a": "<think>"}')]}),
        finish("tool_calls"),
        DONE,
    )
    trace = await streamed(at(server))
    assert trace.reasoning_text == "<think>so</think>"
    assert trace.answer_text == "look" + written("f", '{"a": "<think>"}')


@pytest.mark.anyio
async def test_a_call_that_the_limit_cut_off_stays_open(server: ChatServer) -> None:
    server.says(calling('{"a"', ": "), finish("length"), DONE)
    trace = await streamed(at(server))
    assert trace.answer_text == '<tool_call>\n{"name": "f", "arguments": {"a": '
    assert trace.finish == "length"
    assert ToolAnswers().extract(trace.answer_text, complete=False) is None


@pytest.mark.anyio
async def test_as_many_tokens_are_counted_as_the_server_says(server: ChatServer) -> None:
    server.says(
        [event({"content": "So "}, usage=usage(9, 1))],
        calling("", '{"a"', ": 1}", counted=1),
        event({}, usage=usage(9, 6)),  # the closing mark, which the server holds back
        event(finish_reason="tool_calls", usage=usage(9, 6)),
        data({"choices": [], "usage": usage(9, 6)}),
        DONE,
    )
    trace = await streamed(at(server))
    assert trace.answer_text == "So " + written("f", '{"a": 1}')
    assert trace.cost == Usage(prompt=9, generated=6)
    assert trace.tokens == 6


@pytest.mark.anyio
async def test_tokens_that_nobody_reports_are_counted_by_the_text(server: ChatServer) -> None:
    server.says(calling('{"a"', ": 1}"), finish("tool_calls"), DONE)
    trace = await streamed(at(server))
    assert trace.cost.estimated
    assert 6 < trace.tokens < 30
