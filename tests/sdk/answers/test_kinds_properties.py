"""Laws that every kind of answer keeps, on generated texts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepprune_sdk.answers import (
    ChoiceAnswers,
    CodeAnswers,
    JsonAnswers,
    NumberAnswers,
    RegexAnswers,
    TextAnswers,
    ToolAnswers,
)
from deepprune_sdk.answers.json_text import canonical, json_values, read_json
from deepprune_sdk.answers.labels import label_form
from deepprune_sdk.answers.plain import plain

Kind = (
    ChoiceAnswers
    | CodeAnswers
    | JsonAnswers
    | NumberAnswers
    | RegexAnswers
    | TextAnswers
    | ToolAnswers
)
KINDS: dict[str, Kind] = {
    "letters": ChoiceAnswers(),
    "words": ChoiceAnswers(("positive", "not positive", "\u6b63\u9762")),
    "number": NumberAnswers(),
    "text": TextAnswers(),
    "json": JsonAnswers(),
    "schema": JsonAnswers({"type": "object", "required": ["a"]}, ignore=("b",)),
    "tool": ToolAnswers(ignore=("a",)),
    "code": CodeAnswers(),
    "regex": RegexAnswers(r"a(\w*)"),
}
FRAGMENTS = [
    "{", "}", "[", "]", '"', "'", ":", ",", "\\", "\n", " ", ".", "-", "1", "0", "1.0", "1e2",
    "true", "null", '"a"', '{"a": 1}', '{"b": [1, 2.0]}', "[1]", "```", "```json\n", "~~~",
    "<tool_call>", "</tool_call>", '{"name": "f", "arguments": {"a": 1}}', "\\boxed{", "\\text{",
    "A", "(B)", "Option ", "the answer is ", "Answer: ", "positive", "Not positive",
    "\u6b63\u9762", "is ", "**", "`", "_", "#", "> ", "<think>", "</think>", "\ud800", "\u0130",
    "\ufb01", "\u200b", "\u201c", "\u00bd", "a",
]  # fmt: skip

texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=st.characters(), max_size=20),
    st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@given(text=texts, complete=st.booleans())
def test_nothing_raises_and_an_answer_says_something(kind: str, text: str, complete: bool) -> None:
    answer = KINDS[kind].extract(text, complete=complete)
    assert answer is None or answer.strip()


@pytest.mark.parametrize("kind", KINDS)
@given(first=texts, second=texts, third=texts)
def test_equivalence_is_an_equivalence(kind: str, first: str, second: str, third: str) -> None:
    same = KINDS[kind].equivalent
    assert same(first, first)
    assert same(first, second) == same(second, first)
    if same(first, second) and same(second, third):
        assert same(first, third)


@pytest.mark.parametrize("kind", ["letters", "words", "json", "schema", "tool"])
@given(text=texts)
def test_normalising_twice_is_once(kind: str, text: str) -> None:
    answers = KINDS[kind]
    assert isinstance(answers, ChoiceAnswers | JsonAnswers | ToolAnswers)
    once = answers.normalize(text)
    assert answers.normalize(once) == once


@given(texts)
def test_forms_are_their_own_forms(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert label_form(label_form(text)) == label_form(text)


@pytest.mark.parametrize("kind", KINDS)
@given(text=texts, complete=st.booleans())
def test_what_is_read_is_its_own_equal(kind: str, text: str, complete: bool) -> None:
    answers = KINDS[kind]
    answer = answers.extract(text, complete=complete)
    if answer is not None and not isinstance(answers, RegexAnswers | CodeAnswers | NumberAnswers):
        again = answers.extract(answer, complete=True)
        assert again is not None
        assert answers.equivalent(answer, again)


@given(values, st.sampled_from([None, 2]), st.booleans())
def test_every_value_is_read_as_it_was_written(value: Any, indent: int | None, plain: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=plain)
    try:
        expected = canonical(json.loads(text))
    except UnicodeError:
        return
    (found,) = json_values(text, complete=True)
    assert canonical(found.value) == expected.encode("utf-16", "surrogatepass").decode(
        "utf-16", "replace"
    )
    assert canonical(read_json(canonical(found.value))) == canonical(found.value)


@given(st.dictionaries(st.text(max_size=4), values, min_size=1, max_size=3), texts)
def test_an_object_is_found_amid_prose(value: Any, before: str) -> None:
    prose = re.sub(r"[{}\[\]<>\"']", "", before)
    answer = JsonAnswers().extract(f"{prose}\n{json.dumps(value)}\nThat is it.", complete=True)
    assert answer is not None
    assert JsonAnswers().equivalent(answer, json.dumps(value))
