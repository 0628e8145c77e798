"""`auto`: what the traces of a run show decides how all of them are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepprune_sdk.answers import AutoAnswers, ExtractorPowers
from deepprune_sdk.answers.auto import ENOUGH

OPTIONS = "Which gas?\nA) oxygen\nB) carbon dioxide\n(C) nitrogen\nD. helium"


def kind(*texts: str, question: str = "?") -> str:
    reading = AutoAnswers().for_run(question)
    for text in texts:
        reading.learn(text)
    return reading.kind


def answers(*texts: str, question: str = "?") -> list[str | None]:
    reading = AutoAnswers().for_run(question)
    for text in texts:
        reading.learn(text)
    return [reading.extract(text, complete=True) for text in texts]


CALL = '<tool_call>\n{"name": "f", "arguments": {"x": 1}}\n</tool_call>'


@pytest.mark.parametrize(
    ("taken", "texts", "question"),
    [
        ("undecided", [], "?"),
        ("math", ["so \\boxed{4}", "The answer is 4.", "hm, 7 perhaps"], "?"),
        ("text", ["Paris", "paris.", "**Paris**", "\\boxed{Lyon}"], "?"),
        ("text", ["Paris", "The answer is Paris.", "I went to see it. " * 20], "?"),
        ("json", ['{"a": 1}', '```json\n{"a": 1}\n```', "so \\boxed{4}"], "?"),
        ("choice:ABCD", ["B", "(B) carbon dioxide", "The answer is B."], OPTIONS),
        ("math", ["so \\boxed{4}", "\\boxed{4} it is"], OPTIONS),
        ("tool", [CALL, f"I call it.\n{CALL}", "Paris"], "?"),
        ("unread", ["It took 27 days in 1945. " * 9, "No one knows for sure. " * 9, "Paris"], "?"),
        ("text", ["<think>\\boxed{3}</think>Paris", "<think>well</think>\nParis"], "?"),
    ],
)
def test_what_most_traces_show_is_taken(taken: str, texts: list[str], question: str) -> None:
    assert kind(*texts, question=question) == taken


def test_seven_of_paris_and_a_box_of_lyon() -> None:
    read = answers("\\boxed{Lyon}", *["Paris"] * 7)
    assert read == ["Lyon", *["Paris"] * 7]
    assert answers("**Paris**", '"Paris".') == ["Paris", "Paris"]


def test_a_number_in_prose_is_read_only_beside_stated_numbers() -> None:
    prose = "We add them up, one after another, and get to 12 apples in the end, all told."
    assert answers(prose, "\\boxed{12}", "The answer is 12.")[0] == "12"
    assert answers(prose, "\\boxed{x+1}", "The answer is x+1.")[0] is None
    assert answers(prose, prose, "\\boxed{12}") == [None, None, "12"]
    assert answers(prose) == [None]


@pytest.mark.parametrize(
    "refusal", ["I cannot answer. My data ends in 2021.", "I'm sorry, but I can't help with that."]
)
def test_a_refusal_is_not_a_short_answer(refusal: str) -> None:
    assert answers("Paris", "Paris", refusal)[2] is None
    assert AutoAnswers().extract(refusal, complete=True) is None


def test_it_stands_after_enough_traces() -> None:
    reading = AutoAnswers().for_run("?")
    changes = [reading.learn("Paris") for _ in range(ENOUGH)]
    assert changes == [True, *[False] * (ENOUGH - 1)]
    assert reading.settled
    assert not reading.learn("\\boxed{4}")
    assert reading.kind == "text"


def test_outside_of_a_run_each_text_speaks_for_itself() -> None:
    auto = AutoAnswers()
    assert auto.equivalent(auto.extract("**Paris.**", complete=True) or "", "Paris")
    assert auto.extract("so \\boxed{4}", complete=False) == "4"
    assert auto.extract("Paris", complete=False) is None
    assert auto.extract("We add it up and get 12 apples in the end. " * 5, complete=True) is None
    left, right = '{"a": 1, "b": "x"}', '{"b": "x", "a": 1.0}'
    assert auto.equivalent(auto.extract(left, complete=True) or "", right)
    assert not auto.equivalent('{"a": 1}', '{"a": "1"}')
    assert auto.equivalent("0.5", "\\frac{1}{2}")
    assert auto.equivalent("Paris", "PARIS")
    assert not auto.equivalent("Paris", "Lyon")


def test_two_objects_that_end_in_the_same_number_are_two() -> None:
    one, other = '{"a": 1, "year": 1945}', '{"a": 2, "year": 1945}'
    reading = AutoAnswers().for_run("?")
    reading.learn(one)
    first, second = (reading.extract(text, complete=True) for text in (one, other))
    assert first is not None
    assert second is not None
    assert not reading.equivalent(first, second)


def test_its_powers() -> None:
    powers = ExtractorPowers.of(AutoAnswers())
    assert (powers.spec, powers.reads_incomplete, powers.instruction) == ("auto", True, None)
    assert powers.probe


SPOKEN = st.sampled_from(
    ["4", "4.0", "\\boxed{4}", "Paris", "paris.", "**Paris**", "The answer is 4.", "B", "(B) 4",
     '{"a": 1}', '{"a": 1.0}', "[1]", CALL, "x = 4", "0.5", "1/2", "yes", "Yes."]
)  # fmt: skip


@given(st.lists(SPOKEN, min_size=1, max_size=20), st.sampled_from(["?", OPTIONS]))
def test_same_is_an_equivalence_whatever_was_taken(texts: list[str], question: str) -> None:
    reading = AutoAnswers().for_run(question)
    for text in texts:
        reading.learn(text)
    found = [answer for text in texts if (answer := reading.extract(text, complete=True))]
    for one in found:
        assert reading.equivalent(one, one)
        for other in found:
            assert reading.equivalent(one, other) == reading.equivalent(other, one)
            for third in found:
                if reading.equivalent(one, other) and reading.equivalent(other, third):
                    assert reading.equivalent(one, third)


@given(st.lists(st.text(max_size=120), max_size=20), st.text(max_size=200), st.booleans())
def test_nothing_raises(texts: list[str], question: str, complete: bool) -> None:
    reading = AutoAnswers().for_run(question)
    for text in texts:
        reading.learn(text)
        answer = reading.extract(text, complete=complete)
        assert answer is None or answer.strip()
