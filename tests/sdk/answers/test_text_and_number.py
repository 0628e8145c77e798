"""Short texts and numbers as answers."""

from __future__ import annotations

import pytest

from deepprune_sdk.answers import NumberAnswers, TextAnswers

TEXT, NUMBER = TextAnswers(), NumberAnswers()


@pytest.mark.parametrize(
    "text",
    [
        "Paris",
        "paris.",
        "**Paris**",
        "\\boxed{Paris}",
        "Answer: Paris",
        "**Answer:** Paris.",
        '"Paris"',
        "\\(\\text{Paris}\\)",
        "The capital of France is Paris.",
        "The capital of France is **Paris**.",
        "The capital of France is **Paris**, on the Seine.",
        "The capital of France is Paris, not Lyon.",
        "La capitale de la France est Paris.",
        "Die Hauptstadt Frankreichs ist Paris.",
        "\u6cd5\u56fd\u7684\u9996\u90fd\u662fParis\u3002",
        "\u30d5\u30e9\u30f3\u30b9\u306e\u9996\u90fd\u306fParis\u3067\u3059\u3002",
        "\ud504\ub791\uc2a4\uc758 \uc218\ub3c4\ub294 Paris\uc785\ub2c8\ub2e4.",
        "It lies on the Seine, and has two million people.\n\nParis",
        "<think>Lyon?</think>Paris",
        "# Paris",
        "- Paris",
    ],
)
def test_a_city_is_one_answer_however_it_is_given(text: str) -> None:
    answer = TEXT.extract(text, complete=True)
    assert answer is not None
    assert TEXT.equivalent(answer, "Paris")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Paris", "Lyon"),
        ("The Hague", "Hague"),
        ("resume", "r\u00e9sum\u00e9"),
        ("C", "C++"),
        ("New York", "New-York"),
        ("+", "-"),
        ("5 days", "5 weeks"),
    ],
)
def test_different_texts_stay_apart(left: str, right: str) -> None:
    assert not TEXT.equivalent(left, right)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "**",
        "I'm sorry, I can't help with that.",
        "I don't know.",
        "Unfortunately, I cannot tell.",
        "The city has grown a lot over the years, and it is hard to say what it is best known for, "
        "but many would name its river, its bridges and its museums before all else.",
    ],
)
def test_a_text_without_an_answer_has_none(text: str) -> None:
    assert TEXT.extract(text, complete=True) is None


def test_an_unfinished_text_has_the_answer_that_it_states() -> None:
    assert TEXT.extract("Par", complete=False) is None
    assert TEXT.extract("So the final answer is \\boxed{Paris}", complete=False) == "Paris"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("\\boxed{1{,}000}", "1000"),
        ("The answer is 12 km.", "12"),
        ("So there are 7 of them.", "7"),
        ("\\boxed{\\frac{1}{2}}", "0.5"),
        ("\\boxed{2\\sqrt{3}}", "2\\sqrt3"),
        ("\\boxed{\\pi}", "\\pi"),
        ("The answer is C.", None),
        ("\\boxed{(1, 2)}", None),
        ("The answer is Paris.", None),
        ("\\boxed{x + 1}", None),
    ],
)
def test_an_answer_that_is_not_a_number_is_not_one_here(text: str, number: str | None) -> None:
    answer = NUMBER.extract(text, complete=True)
    if number is None:
        assert answer is None
    else:
        assert answer is not None
        assert NUMBER.equivalent(answer, number)


def test_an_unfinished_text_has_no_last_number() -> None:
    assert NUMBER.extract("First 5, then 7", complete=False) is None
    assert NUMBER.extract("The answer is 7. And", complete=False) == "7"


def test_a_box_is_waited_for() -> None:
    watch = NUMBER.watch()
    assert not watch.read("so \\boxed{4")
    assert watch.read("2}")
