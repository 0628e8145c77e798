"""Tool calls as answers."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from deepprune_sdk.answers import ToolAnswers

ANY = ToolAnswers()
WEATHER = {"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}


def block(call: object) -> str:
    return f"<tool_call>\n{json.dumps(call)}\n</tool_call>"


def read(text: str, answers: ToolAnswers = ANY, *, complete: bool = True) -> Any:
    answer = answers.extract(text, complete=complete)
    return None if answer is None else json.loads(answer)


@pytest.mark.parametrize(
    "text",
    [
        block(WEATHER),
        f"I will look it up.\n{block(WEATHER)}\n",
        f"<think>{block({'name': 'other', 'arguments': {}})}</think>{block(WEATHER)}",
        block({"arguments": {"days": 3.0, "city": "Paris"}, "name": "get_weather"}),
        block(WEATHER).removesuffix("\n</tool_call>"),  # the model ended it so
        json.dumps(WEATHER),
        f"```json\n{json.dumps(WEATHER)}\n```",
        f"[TOOL_CALLS] {json.dumps([WEATHER])}",
        '{"name": "get_weather", "parameters": {"city": "Paris", "days": 3}}',
        block({"name": "get_weather", "arguments": '{"city": "Paris", "days": 3}'}),
        json.dumps({"type": "function", "function": WEATHER}),
        json.dumps({"tool_calls": [{"id": "1", "function": WEATHER}]}),
        json.dumps({"function": "get_weather", "arguments": WEATHER["arguments"]}),
    ],
)
def test_a_call_is_one_answer_however_it_is_written(text: str) -> None:
    assert read(text) == [WEATHER]
    assert ANY.equivalent(text, json.dumps(WEATHER))


def test_calls_are_compared_whatever_their_order() -> None:
    first, second = block({"name": "a", "arguments": {}}), block({"name": "b", "arguments": {}})
    answers = [ANY.extract(text, complete=True) for text in (first + second, second + "\n" + first)]
    assert answers[0] == answers[1]
    assert read(first + first) != read(first)  # twice is not once


@pytest.mark.parametrize(
    "other",
    [
        {"name": "get_weather", "arguments": {"city": "Paris", "days": "3"}},
        {"name": "get_weather", "arguments": {"city": "Paris"}},
        {"name": "get_forecast", "arguments": {"city": "Paris", "days": 3}},
        {"name": "get_weather", "arguments": "Paris for 3 days"},
    ],
)
def test_other_calls_are_other_answers(other: object) -> None:
    assert not ANY.equivalent(block(WEATHER), block(other))


def test_some_arguments_do_not_count() -> None:
    answers = ToolAnswers(ignore=["days"])
    assert read(block(WEATHER), answers) == [
        {"name": "get_weather", "arguments": {"city": "Paris"}}
    ]
    assert answers.equivalent(block(WEATHER), block({**WEATHER, "arguments": {"city": "Paris"}}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I need no tool for that.",
        '{"city": "Paris"}',
        '{"name": "Paris"}',
        '{"name": 1, "arguments": {}}',
        "<tool_call>\nget_weather(Paris)\n</tool_call>",
        "<tool_call>",
    ],
)
def test_what_is_not_a_call_is_not_an_answer(text: str) -> None:
    assert read(text) is None


def test_an_unfinished_text_has_the_calls_that_are_closed() -> None:
    assert read(block(WEATHER), complete=False) == [WEATHER]
    assert read(block(WEATHER) + "\n<tool_call>\n{", complete=False) is None
    assert read(block(WEATHER).removesuffix("</tool_call>"), complete=False) is None
    assert read(f"<think>{block(WEATHER)}", complete=False) is None


def test_a_call_without_arguments_has_none() -> None:
    assert read(block({"name": "now", "arguments": None})) == [{"name": "now", "arguments": {}}]


def test_it_is_a_value() -> None:
    made = ToolAnswers(ignore=["days"])
    assert made == ToolAnswers("days")
    assert hash(made) == hash(ToolAnswers("days"))
    assert pickle.loads(pickle.dumps(made)) == made


DIALECTS = {
    "llama": '<function=convert>{"amount": 50, "to": "EUR"}</function>',
    "qwen3-coder": "<tool_call>\n<function=convert>\n<parameter=amount>\n50\n</parameter>\n"
    "<parameter=to>\nEUR\n</parameter>\n</function>\n</tool_call>",
    "minimax": '<invoke name="convert"><parameter name="amount">50</parameter>'
    '<parameter name="to">EUR</parameter></invoke>',
    "glm": "<tool_call>convert\n<arg_key>amount</arg_key>\n<arg_value>50</arg_value>\n"
    "<arg_key>to</arg_key>\n<arg_value>EUR</arg_value>\n</tool_call>",
    "deepseek": "<\uff5ctool\u2581call\u2581begin\uff5c>function<\uff5ctool\u2581sep\uff5c>"
    "convert\n"
    '```json\n{"amount": 50, "to": "EUR"}\n```<\uff5ctool\u2581call\u2581end\uff5c>',
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_call_in_any_dialect_is_the_same_call(dialect: str) -> None:
    plain = '<tool_call>{"name": "convert", "arguments": {"amount": 50, "to": "EUR"}}</tool_call>'
    kind = ToolAnswers()
    assert kind.extract(DIALECTS[dialect], complete=True) == kind.extract(plain, complete=True)
    assert kind.extract(DIALECTS[dialect].replace("50", "5"), complete=True) != kind.extract(
        plain, complete=True
    )
    assert kind.extract(DIALECTS[dialect][:-8], complete=False) is None
    # A second one that breaks off is not left out.
    assert kind.extract(DIALECTS[dialect] + DIALECTS[dialect][:-40], complete=True) is None
