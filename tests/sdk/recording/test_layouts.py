"""Recordings in other layouts, read through a mapping."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.recordings import record, save

from deepprune_sdk import ConfigurationError, RecordingError
from deepprune_sdk.recording import TraceReader, read_traces
from deepprune_sdk.recording.naming import problem_name


class Words:
    """A token counter: one token a word."""

    exact = False

    def split(self, text: str) -> list[str]:
        return re.findall(r"\s*\S+|\s+$", text)


THEIRS: dict[str, Any] = {
    "meta": {"id": 7},
    "prompt": {"text": "What is 2 + 3?"},
    "responses": ["I say 5", "it is 6"],
    "finals": ["5", 6],
    "truth": 5,
}
MAP = {
    "problem": "meta.id",
    "question": "prompt.text",
    "traces": "responses",
    "answers": "finals",
    "gold": "truth",
}


def test_one_record_a_problem_becomes_one_trace_a_text(tmp_path: Path) -> None:
    path = save(tmp_path / "a.gz", [THEIRS])

    first, second = read_traces(path, mapping=MAP, counter=Words())

    assert first.pieces == ("I", " say", " 5")
    assert (first.problem, first.question, first.gold) == ("7", "What is 2 + 3?", "5")
    assert (first.trace, second.trace) == (0, 1)
    assert (first.answer, second.answer) == ("5", "6")
    assert (first.model, first.finish, first.confidence) == ("unknown", "stop", None)


def test_an_answer_that_is_null_was_not_given(tmp_path: Path) -> None:
    theirs = {**THEIRS, "finals": ["5", None]}
    path = save(tmp_path / "a", [theirs])
    first, second = read_traces(path, mapping=MAP, counter=Words())
    assert (first.answer, second.answer) == ("5", "")

    path = save(tmp_path / "b", [{"question": "q", "output": "a", "answer": None}])
    (only,) = read_traces(path, mapping={"text": "output"}, counter=Words())
    assert only.answer == ""


def test_a_null_for_all_traces_of_a_record_says_nothing(tmp_path: Path) -> None:
    path = save(tmp_path / "a", [{**THEIRS, "finals": None, "answer": None}])

    assert [each.answer for each in read_traces(path, mapping=MAP, counter=Words())] == [None, None]


def test_fields_of_each_element_of_a_list(tmp_path: Path) -> None:
    theirs = {
        "question": "q",
        "model": "m",
        "samples": [
            {"out": {"text": "a b"}, "why": "length", "n": 4},
            {"out": {"text": "c"}, "why": "stop", "n": 2},
        ],
    }
    mapping = {"text": "samples[].out.text", "finish": "samples[].why", "trace": "samples[].n"}

    read = list(read_traces(save(tmp_path / "a", [theirs]), mapping=mapping, counter=Words()))

    assert [(each.trace, each.text, each.finish, each.model) for each in read] == [
        (4, "a b", "length", "m"),
        (2, "c", "stop", "m"),
    ]
    assert {each.problem for each in read} == {problem_name("q")}


def test_one_record_a_trace_is_numbered_by_problem(tmp_path: Path) -> None:
    lines = [
        {"question": "q", "output": "a"},
        {"question": "r", "output": "b"},
        {"question": "q", "output": "c"},
    ]

    read = list(
        read_traces(save(tmp_path / "a", lines), mapping={"text": "output"}, counter=Words())
    )

    assert [(each.question, each.trace, each.text) for each in read] == [
        ("q", 0, "a"),
        ("r", 0, "b"),
        ("q", 1, "c"),
    ]


def test_tokens_need_no_counter(tmp_path: Path) -> None:
    mine = record()
    mine["tokens"] = mine.pop("pieces")

    (read,) = read_traces(save(tmp_path / "a", [mine]), mapping={"pieces": "tokens"})

    assert read.text == "2 + 3 = \\boxed{5}"


def test_a_bad_text_costs_its_own_trace_alone(tmp_path: Path) -> None:
    theirs = {**THEIRS, "responses": ["a", "", None, "d"], "finals": ["1", "2", "3", "4"]}
    path = save(tmp_path / "a", [theirs, THEIRS])

    with pytest.raises(RecordingError, match=r"a:1: responses\[1\]: '' is no text; map text to"):
        list(read_traces(path, mapping=MAP, counter=Words()))
    reader = TraceReader(path, mapping=MAP, counter=Words(), skip_bad=True)
    assert [each.text for each in reader] == ["a", "d", "I say 5", "it is 6"]
    assert reader.skipped == 2


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"prompt": {"text": "q"}}, "responses: missing; map text to where the traces are"),
        ([1], "responses: missing"),
        ({**THEIRS, "prompt": "q"}, "question: missing"),
        ({**THEIRS, "finals": ["5"]}, "finals: 1 values for 2 traces; map answer to a list"),
        ({"responses": ["a"]}, r"responses\[0\]: .*|problem: missing"),
        ({**THEIRS, "truth": {"a": 1}}, r"gold: {'a': 1}: Input should be a valid string"),
    ],
)
def test_a_record_that_does_not_fit_is_named(record: Any, message: str, tmp_path: Path) -> None:
    path = save(tmp_path / "a", [record])

    with pytest.raises(RecordingError, match=f"a:1: ({message})"):
        list(read_traces(path, mapping=MAP, counter=Words()))


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"texts": "a"}, "'texts' is no field of a trace; known: problem, question"),
        ({"text": "a..b"}, r"text='a..b' is no path: write a.b, or a\[\].b"),
        ({"text": "a[].b[]"}, "is no path"),
        ({"text": ""}, "is no path"),
    ],
)
def test_a_mapping_that_cannot_work_is_wrong_use(mapping: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TraceReader("a", mapping=mapping, counter=Words())


def test_texts_need_a_counter() -> None:
    with pytest.raises(ConfigurationError, match="give a token counter"):
        TraceReader("a", mapping={"text": "a"})
