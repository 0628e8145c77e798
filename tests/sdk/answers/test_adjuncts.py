"""What a sentence adds to its value is not read as its value."""

import pytest

from deepprune_sdk.answers import Answers, NumberAnswers
from deepprune_sdk.answers.adjuncts import without_adjunct
from deepprune_sdk.answers.no_answer import is_refusal
from deepprune_sdk.answers.quantities import last_number
from deepprune_sdk.answers.spelled_numbers import spelled_value


@pytest.mark.parametrize(
    ("sentence", "left"),
    [
        ("It costs $80 after the 20% discount.", "It costs $80"),
        ("He works 14 hours to earn $210.", "He works 14 hours"),
        ("She bakes 54 rolls in 3 days.", "She bakes 54 rolls"),
        ("There are 6 of them below 100.", "There are 6 of them"),
        ("The maximum value is 25 when x = 5.", "The maximum value is 25"),
        ("Il paie 23 € sur ses 50 €.", "Il paie 23 €"),
        ("还需要 8 天才能读完 40 页。", "还需要 8 天"),
        ("\\[ v = 12 \\]\nafter 3 seconds.", "\\[ v = 12 \\]\n"),
    ],
)
def test_what_is_added_is_taken_off(sentence: str, left: str) -> None:
    assert without_adjunct(sentence, last_number) == left


@pytest.mark.parametrize(
    "sentence",
    [
        "The 5 workers finish in 6 days.",
        "We multiply 6 by 7 to get 42.",
        "We add 30 days to 12 weeks, which results in 42 days.",
        "Adding 30 days to 12 weeks, resulting in 42 days.",
        "She adds 30 to 12, making 42.",
        "20% of the 150 seats gives 30.",
        "After 2 days she has 5 left.",
        "It reaches 0 after 13 steps.",
        "The two plans cost $55 when n = 11.",
        "The price rises from 3 to 5.",
        "He has to pay 20.",
        "He buys 3 sandwiches for $12.",
        "The time that it took to exceed 58 is 14 minutes.",
    ],
)
def test_what_says_a_value_of_its_own_stays(sentence: str) -> None:
    assert without_adjunct(sentence, last_number) == sentence


def test_a_long_sentence_is_read_in_linear_time() -> None:
    sentence = "so 5 for the 3 " * 200_000
    assert sentence.startswith(without_adjunct(sentence, last_number))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Tom gives 3 apples to Ann.", None),
        ("So Tom gives 3 apples to Ann.", "3"),
        ("Subtracting 9 from 30 gives 21.", "21"),
        ("We need to consider the case n = 4.", None),
        ("It is neither 3 nor 5.", None),
        ("There are 24 apples! Great!", "24"),
        ("We arrange them in 6! ways. Answer: 6!", "720"),
        ("You did it! Answer: 15!", "15"),
        ("It measures 3 m by 4 m.", "3 m by 4 m"),
        ("So x = 3 or x = -7.", "3, -7"),
        ("\\boxed{x = 2},\\qquad \\boxed{y = -5}", "x = 2, y = -5"),
        ("Answer: 8√2 ≈ 11.31", "8\\sqrt{2}"),
    ],
)
def test_the_value_in_which_a_text_ends(text: str, answer: str | None) -> None:
    found = Answers().extract(text, complete=True)
    assert (found is None) == (answer is None)
    assert answer is None or Answers().equivalent(found or "", answer)


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("It has 31 cows. Would you like to try another problem?", False),
        ("It has 31 cows. Would you like me to redo step 2?", True),
        ("Do you want me to count the 2 spare tyres as well?", True),
        ("The total is 5. Sorry, that should be 6.", False),
        ("Sorry, I have none.", True),
        ("Sorry, that is beyond what I can say about 2021.", True),
        ("Sorry, no data for 2023.", True),
        ("The text does not say how many of the 60 came.", True),
        ("It does not say how many came. So the number is 60.", False),
    ],
)
def test_offers_and_corrections_refuse_nothing(text: str, refuses: bool) -> None:
    assert is_refusal(text) is refuses


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("two thirds", "2/3"),
        ("three hundred and twenty", "320"),
        ("minus eighteen", "-18"),
        ("einundzwanzig", "21"),
        ("dix-sept", "17"),
        ("doce", "12"),
        ("二十四", "24"),
        ("four boxes", "4"),
        ("one half", "0.5"),
        ("4th", "4"),
    ],
)
def test_a_number_in_words_is_a_number(text: str, value: str) -> None:
    found = NumberAnswers().extract(f"Answer: {text}", complete=True)
    assert found is not None
    assert NumberAnswers().equivalent(found, value)


def test_a_word_that_counts_nothing_is_no_number() -> None:
    assert NumberAnswers().extract("Taking the bus is one way.", complete=True) is None


@pytest.mark.parametrize("text", ["", "und", "百", "minus", "two plus two", "二百三"])
def test_other_words_are_no_number(text: str) -> None:
    assert spelled_value(text) is None
