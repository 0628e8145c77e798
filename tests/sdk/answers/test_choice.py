"""A choice among labels: read where a reply gives one, and nowhere else."""

from __future__ import annotations

import pickle

import pytest

from deepprune_sdk.answers import ChoiceAnswers
from deepprune_sdk.errors import ConfigurationError

LETTERS = ChoiceAnswers()
SENTIMENT = ChoiceAnswers(("positive", "negative", "neutral"))
YES_NO = ChoiceAnswers(("yes", "no"))
SPAM = ChoiceAnswers(("spam", "not spam"))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("C", "C"),
        ("**C**", "C"),
        ("(C)", "C"),
        ("c.", "C"),
        ("(C) 12 m", "C"),
        ("**(C) 12 m**", "C"),
        ("C) 12 m", "C"),
        ("**D. 1789**", "D"),
        ("So both hold.\n\nA. True, True", "A"),
        ("This matches statement H.", "H"),
        ("La respuesta correcta es la opci\u00f3n D) 250 metros.", "D"),
        ("La risposta corretta \u00e8 la C, perch\u00e9 la pressione resta costante.", "C"),
        ("\u0412\u0435\u0440\u043d\u043e \u2014 B.", "B"),
        ("\u30a2\u306f\u8aa4\u308a\u3002\u6b63\u89e3\u306f D \u3067\u3059\u3002", "D"),
        ("Adding both sides gives 12 m.\n\n(C) 12 m", "C"),
        ("Option E", "E"),
        ("\\boxed{E: a risk score}", "E"),
        ("\\boxed{\\text{Option E}}", "E"),
        ("\\boxed{\\textbf{(B)}\\ 12}", "B"),
        ("The answer is (C).", "C"),
        ("The correct answer is D, because iron rusts.", "D"),
        ("Answer: **B**", "B"),
        ("**Answer: D**", "D"),
        ("Correct option: A", "A"),
        ("So we choose option C, which is 12.", "C"),
        ("A is too small and B too large, so option C is correct.", "C"),
        ("Therefore (B).", "B"),
        ("It cannot be A. So the right choice must be (B).", "B"),
        ("We are left with two; I would go with D.", "D"),
        ("\u6240\u4ee5\u6b63\u786e\u7b54\u6848\u662f C\u3002", "C"),
        ("\uc815\ub2f5\uc740 C\uc785\ub2c8\ub2e4.", "C"),
        ("The working gives \\boxed{12}.\n\nAnswer: C", "C"),
        ('{"answer": "C", "confidence": 0.9}', "C"),
        ("<answer>C</answer>", "C"),
        ("Option B: 12 m", "B"),
        ("**(C)** 12 m", "C"),
        ("Hence, (b) is the correct option.", "B"),
        ("C is the correct answer.", "C"),
        ("\u6240\u4ee5\u9009C\u3002", "C"),
        ("Answer - D", "D"),
        ("D\n\nExplanation: it is the only odd one.", "D"),
        ("$$\\boxed{\\text{C}}$$", "C"),
        # Not a letter that answers.
        ("Both A and C are right.", None),
        ("So C is not the answer.", None),
        ("A dog barked at the door.", None),
        ("I think it depends.", None),
        ("Option C is wrong.", None),
        ("So it is not B.", None),
        ("We can rule out option C.", None),
        ("The answer is A, B and D.", None),
        ("Answer: A or B", None),
        ("A. 12 m\nB. 13 m\nC. 14 m", None),
        ("The answer is 12.", None),
        ("Vitamin C", None),
        ("A. Smith wrote it.\nB. Jones did not.\nNobody else did.", None),
        ("", None),
    ],
)
def test_letters(text: str, label: str | None) -> None:
    assert LETTERS.extract(text, complete=True) == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Positive", "positive"),
        ("positive.", "positive"),
        ("**Positive**", "positive"),
        ("Label: positive", "positive"),
        ("Sentiment: **Positive**.", "positive"),
        ("**Sentiment:** Negative", "negative"),
        ("\\boxed{neutral}", "neutral"),
        ("\\boxed{\\text{Neutral}}", "neutral"),
        ("The answer is negative.", "negative"),
        ("The reviewer liked the food but hated the wait.\n\nnegative", "negative"),
        ("The sentiment of this review is positive.", "positive"),
        ("The sentiment is positive. The customer praises the fast delivery.", "positive"),
        ("I would classify this review as **negative**.", "negative"),
        ("Although the food is fine, the overall tone is negative.", "negative"),
        ("Positive - the customer would come back.", "positive"),
        ("Positive\n\nThe customer would come back and praises the staff.", "positive"),
        ("Sentiment: Positive (with a few complaints)", "positive"),
        ('```json\n{"sentiment": "positive", "score": 0.9}\n```', "positive"),
        ("<label>neutral</label>", "neutral"),
        ("\u60c5\u611f\u503e\u5411\uff1apositive\u3002", "positive"),
        ("The first half is neutral. The second is angry.\nSentiment: negative", "negative"),
        ("It's positive.", "positive"),
        ("**Negative** \u2013 the customer is annoyed.", "negative"),
        ("Not positive, so the label is neutral.", "neutral"),
        ("not positive -> negative", "negative"),
        ("Positive (confidence: 0.92)", "positive"),
        ("I would call this review negative.", "negative"),
        ("This review falls into the category of negative reviews.", None),
        ("It belongs to the class 'neutral'.", "neutral"),
        ("The review has a mostly positive tone.", "positive"),
        ("{'label': 'neutral'}", "neutral"),
        ("Final label = `neutral`", "neutral"),
        # A label that occurs, and does not answer.
        ("The reviewer mentions positive aspects and negative ones.", None),
        ("The sentiment is not positive.", None),
        ("It isn't negative.", None),
        ("Not positive", None),
        ("I am not sure whether the review is positive.", None),
        ("Sentiment: positive/negative/neutral", None),
        ("Sentiment: positive, negative or neutral", None),
        ("Positive reviews tend to be short.", None),
        ("I cannot tell.", None),
        ("The answer is 5.", None),
    ],
)
def test_words(text: str, label: str | None) -> None:
    assert SENTIMENT.extract(text, complete=True) == label


@pytest.mark.parametrize(
    ("answers", "text", "label"),
    [
        (YES_NO, "Yes.", "yes"),
        (YES_NO, "Yes, because 7 has no divisor but 1 and itself.", "yes"),
        (YES_NO, "7 has no divisor but 1 and itself.\n\nAnswer: Yes", "yes"),
        (YES_NO, "So no, it does not follow.", "no"),
        (YES_NO, "There is no such number, and no proof.", None),
        (SPAM, "not spam", "not spam"),
        (SPAM, "Label: NOT_SPAM", "not spam"),
        (SPAM, "This message is not spam.", "not spam"),
        (SPAM, "This message is spam.", "spam"),
        (SPAM, "Non-spam", None),
        (
            ChoiceAnswers(("\u6b63\u9762", "\u8d1f\u9762")),
            "\u60c5\u611f\uff1a\u6b63\u9762",
            "\u6b63\u9762",
        ),
        (
            ChoiceAnswers(("\u6b63\u9762", "\u8d1f\u9762")),
            "\u8fd9\u6761\u8bc4\u8bba\u7684\u60c5\u611f\u662f\u8d1f\u9762\u7684\u3002",
            "\u8d1f\u9762",
        ),
        (
            ChoiceAnswers(("\u6b63\u9762", "\u8d1f\u9762")),
            "\u8fd9\u662f\u4e00\u6761\u6b63\u9762\u8bc4\u8bba\u3002",
            "\u6b63\u9762",
        ),
        (ChoiceAnswers(("bug", "feature")), "This is a feature request.", "feature"),
        (ChoiceAnswers(("urgent", "normal")), "I would label it urgent.", "urgent"),
        (ChoiceAnswers(("positiv", "negativ")), "Die Stimmung ist negativ.", "negativ"),
        (ChoiceAnswers(("1", "2", "3")), "Rating: 2", "2"),
        (ChoiceAnswers(("+", "-")), "+", "+"),
        (ChoiceAnswers(("C++", "C")), "Language: C++", "C++"),
        (ChoiceAnswers(("true", "false")), "The statement is false.", "false"),
        (ChoiceAnswers("abcd"), "Answer: B", "b"),
    ],
)
def test_other_labels(answers: ChoiceAnswers, text: str, label: str | None) -> None:
    assert answers.extract(text, complete=True) == label


@pytest.mark.parametrize(
    ("answers", "text", "label"),
    [
        (SENTIMENT, "So the final answer is \\boxed{positive}", "positive"),
        (SENTIMENT, "Sentiment: positive\nBecause", "positive"),
        (SENTIMENT, "Sentiment: positive", None),  # "positive or negative" may come
        (SENTIMENT, "The sentiment is positive.", None),  # may be a draft
        (SENTIMENT, "positive", None),
        (LETTERS, "The answer is C. It", "C"),
        (LETTERS, "<think>The answer is C. It", None),
        (LETTERS, "C", None),
    ],
)
def test_an_unfinished_text_has_what_it_states(
    answers: ChoiceAnswers, text: str, label: str | None
) -> None:
    assert answers.extract(text, complete=False) == label


def test_labels_are_the_same_however_they_are_written() -> None:
    assert LETTERS.equivalent("C", "(C) 12 m")
    assert SPAM.equivalent("not spam", "**NOT_SPAM**")
    assert not SPAM.equivalent("spam", "not spam")
    assert not SENTIMENT.equivalent("positive", "not positive")
    assert SENTIMENT.equivalent("mixed", "Mixed.")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("positive",), "give two labels or more"),
        ("", "give two labels or more"),
        (("yes", ""), "a label is empty"),
        (("Yes", "no", "yes."), "'Yes' and 'yes.' are the same label"),
        (("not spam", "not_spam"), "are the same label"),
    ],
)
def test_labels_that_cannot_work_are_refused(labels: tuple[str, ...] | str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said.replace(".", r"\.")):
        ChoiceAnswers(labels)


def test_a_choice_is_a_value() -> None:
    assert ChoiceAnswers(["yes", " no"]) == YES_NO
    assert hash(ChoiceAnswers(["yes", "no"])) == hash(YES_NO)
    assert pickle.loads(pickle.dumps(YES_NO)) == YES_NO


def test_the_prompt_names_the_labels() -> None:
    assert "one of yes, no" in YES_NO.instruction
    assert "letter" in LETTERS.instruction
    assert "\\boxed{}" in LETTERS.instruction
