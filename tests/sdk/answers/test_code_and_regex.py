"""Code, and patterns of the user's own, as answers."""

from __future__ import annotations

import pickle

import pytest

from deepprune_sdk.answers import CodeAnswers, RegexAnswers
from deepprune_sdk.errors import ConfigurationError

CODE = CodeAnswers()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\nx = 1\n```", "x = 1"),
        ("First:\n```\ny = 2\n```\nBetter:\n```py\nx = 1  \n\n```\nDone.", "x = 1"),
        ("~~~\nx = 1\n~~~", "x = 1"),
        ("````md\n```\nx = 1\n```\n````", "```\nx = 1\n```"),
        ("- a list:\n  ```python\n  if x:\n      y()\n  ```", "if x:\n    y()"),
        ("```python\nx = 1", "x = 1"),  # the model ended it so
        ("```python\nx = 1\n```\n```\n\n```", "x = 1"),
        ("<think>\n```\ny\n```\n</think>\n```\nx\n```", "x"),
        ("Use ```x``` here.", None),
        ("x = 1", None),
        ("```\n```", None),
        ("", None),
    ],
)
def test_the_last_block_is_read(text: str, code: str | None) -> None:
    assert CODE.extract(text, complete=True) == code


def test_an_unfinished_text_has_the_block_that_is_closed() -> None:
    assert CODE.extract("```\nx\n```\nAnd", complete=False) == "x"
    assert CODE.extract("```\nx\n```\n```\ny", complete=False) is None


def test_code_is_compared_by_its_text() -> None:
    assert CODE.equivalent("x = 1\n\ny = 2", "x = 1  \ny = 2\n")
    assert not CODE.equivalent("x = 1", "x = 1  # one")
    assert not CODE.equivalent("if x:\n  y", "if x:\n    y")


def shorter(left: str, right: str) -> bool:
    return len(left) == len(right)


def test_code_is_compared_by_a_function_where_texts_differ() -> None:
    answers = CodeAnswers(shorter)
    assert answers.equivalent("ab", "cd")
    assert answers.equivalent("x  ", "x")
    assert not answers.equivalent("ab", "c")
    assert answers == CodeAnswers(shorter) != CODE
    assert hash(answers) == hash(CodeAnswers(shorter))
    assert pickle.loads(pickle.dumps(answers)) == answers


@pytest.mark.parametrize(
    ("pattern", "text", "complete", "answer"),
    [
        (r"LABEL: (\w+)", "LABEL: a\nLABEL: b", True, "b"),
        (r"LABEL: (\w+)", "LABEL: a\nLABEL: b", False, "a"),
        (r"LABEL: (\w+)", "LABEL: a\nLABEL: b\n", False, "b"),
        (r"(\w+) = (?P<answer>\w+)", "x = 5", True, "5"),
        (r"\d+", "5 and 7", True, "7"),
        (r"LABEL:(.*)", "LABEL: a\nLABEL: ", True, "a"),
        (r"a|(b)", "b a", True, "b"),
        (r"LABEL: (\w+)", "<think>LABEL: a</think>", True, None),
        (r"LABEL: (\w+)", "none", True, None),
        (r"(?i)label: (\w+)", "Label: a", True, "a"),
    ],
)
def test_the_last_match_is_read(
    pattern: str, text: str, complete: bool, answer: str | None
) -> None:
    assert RegexAnswers(pattern).extract(text, complete=complete) == answer


def test_matches_are_compared_by_their_words() -> None:
    answers = RegexAnswers("x")
    assert answers.equivalent("Paris", "**paris**.")
    assert not answers.equivalent("3.10", "3.1")
    assert not answers.equivalent("02134", "2134")


@pytest.mark.parametrize("pattern", ["(", "(?P<answer", "[a", "a{9999999999999}"])
def test_what_is_not_a_pattern_is_refused_at_once(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a regular expression"):
        RegexAnswers(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        r"(\w+\s*)*!",
        "(?:a*)*b",
        "((a+)?)+c",
        "(?:x(?:a+)+)y",
        "(?:(?:a+|b))+$",
        "(?:a{2,})+b",
        "(?P<answer>(?:[a-z]+)+)\\.",
        "((?:a+?)+?)$",
    ],
)
def test_a_pattern_that_explodes_is_refused(pattern: str) -> None:
    """In some texts it would take years, with the interpreter's lock held."""
    with pytest.raises(ConfigurationError, match="repeats a repetition"):
        RegexAnswers(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"LABEL: (\w+)",
        r"(?m)^Verdict: (?P<answer>.+)$",
        r"(\d+(?:,\d+)*)\b",
        r"(?:\w+, )+end",
        r"(?:\d+,?)+",
        r"(a++)+$",
        r"(?>a+)+$",
        r"(?:[A-Z]\w*\s)+$",
        r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}",
        r"answer(?: is|:)+ *(.*?) *$",
        r"(?<=x)(?:a{1,3}b)+$",
    ],
)
def test_a_pattern_with_one_way_to_match_is_taken(pattern: str) -> None:
    assert RegexAnswers(pattern).pattern == pattern
