"""Labels of choices: letters, and words of a question's own."""

import pytest

from deepprune_sdk.answers.choices import Choices
from deepprune_sdk.answers.statements import last_statement

LETTERS = Choices("ABCDEFGHIJ")
MOODS = Choices(("positive", "negative", "neutral"))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Sentiment: **Positive**.", "positive"),
        ("The answer is negative.", "negative"),
        ("Answer: NEUTRAL", "neutral"),
        ("\\boxed{Negative}", "negative"),
        ("\\boxed{\\text{Negative}}", "negative"),
        ("It is well made.\n\npositive", "positive"),
        ("It is well made.\n\n**Positive**", "positive"),
        ("It is well made.\n\n(positive)", "positive"),
        ("<answer>Neutral</answer>", "neutral"),
        ('{"answer": "positive"}', "positive"),
        ("答案是 positive。", "positive"),
        ("## Final Answer\n\nThe option **neutral** fits.", "neutral"),
        ("I choose negative.", "negative"),
        # A label that merely occurs states nothing.
        ("This is a positive example of a negative review.", None),
        ("The answer is not positive.", None),
        ("Positive words are rare here", None),
    ],
)
def test_labels_in_words(text: str, label: str | None) -> None:
    assert last_statement(text, complete=True, choices=MOODS) == label


def test_labels_come_back_as_they_were_given() -> None:
    choices = Choices(("Spam", "HAM"))
    assert last_statement("Label: spam", complete=True, choices=choices) == "Spam"
    assert last_statement("Answer: ham", complete=True, choices=choices) == "HAM"


def test_the_longer_of_two_labels_is_meant() -> None:
    choices = Choices(("partly true", "true", "false"))
    assert last_statement("Answer: Partly true", complete=True, choices=choices) == "partly true"
    assert last_statement("Answer: true", complete=True, choices=choices) == "true"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("so we go with option B.", "B"),
        ("so we do not go with option B.", None),
        ("rather than option B", None),
        ("Option B is correct", "B"),
        ("Option B is incorrect", None),
        ("(B) is right, and (C) is wrong", "B"),
        ("Conclusion B is the best", None),
        ("Neither A nor B is right", None),
        ("选择B", "B"),
        ("不选B", None),
        ("Cが正解です", "C"),
        ("I think a is right", None),
    ],
)
def test_labels_chosen_in_a_sentence(text: str, label: str | None) -> None:
    chosen = LETTERS.chosen(text)
    assert (chosen and chosen.label) == label
    if chosen is not None:
        assert text[chosen.start] == label


def test_a_label_at_the_end_of_an_unfinished_text_may_go_on() -> None:
    assert LETTERS.chosen("we choose B", complete=False) is None
    assert LETTERS.chosen("we choose B.", complete=False) is not None


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("D", "D"), ("(D)", "D"), ("**D**", "D"), ("d)", "D"), ("Option D", "D"), ("D.", "D"),
        ("**D. 1789**", "D"), ("(D) 12 m", "D"), ("Conclusion: D", "D"), ("QED ==> D", "D"),
        ("$\\text{D}$", "D"), ("d", None), ("Dog", None), ("D is for dogs", None), ("", None),
        ("(A) 1\n(B) 2", None), ("A. 1\nB. 2\nC. 3", None), ("D" * 400, None),
    ],
)  # fmt: skip
def test_a_last_line_that_is_a_label(text: str, label: str | None) -> None:
    assert LETTERS.line(f"Some work with 5.\n\n{text}") == label


def test_a_list_of_options_at_the_end() -> None:
    assert LETTERS.ends_in_list("Which one?\n(A) 1\n(B) 2\n")
    assert not LETTERS.ends_in_list("Which one?\n(A) 1\nIt is 2")
    assert not LETTERS.ends_in_list("(A) 1")


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("E: a risk score", "E"), ("Option E", "E"), ("(E) 12", "E"), ("E) 12", "E"),
        ("\\text{E}", "E"), ("\\textbf{(E)}~12", "E"), ("\\text{Option E: 12}", "E"),
        ("E. 12", "E"), ("E - 12", "E"),
        ("(e)", "E"), ("E", "E"), ("A: 5, B: 3", "A: 5, B: 3"), ("12", "12"), ("E=mc^2", "E=mc^2"),
        ("Elephant", "Elephant"), ("A, C", "A, C"),
    ],
)  # fmt: skip
def test_an_answer_reduced_to_its_label(answer: str, label: str) -> None:
    assert LETTERS.labelled(answer) == label
