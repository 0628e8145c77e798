"""The judge without a model."""

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepprune_sdk import LexicalJudge, Pair, TracePrefix


def pair(left: str, right: str, question: str = "?") -> Pair:
    first, second = (
        TracePrefix(trace=trace, checkpoint=0, text=text, tokens=len(text.split()))
        for trace, text in enumerate((left, right))
    )
    return Pair(question=question, left=first, right=second)


def score(left: str, right: str, question: str = "?") -> float:
    (verdict,) = LexicalJudge().score([pair(left, right, question)])
    assert verdict.probability is not None
    return verdict.probability


def probability(similarity: float) -> float:
    return 1 / (1 + exp(1.7 - 2.7 * similarity))


def test_by_hand() -> None:
    assert score("x 7", "x 7") == pytest.approx(probability(1))
    assert score("x 7", "y 8") == pytest.approx(probability(0))
    # Nothing said on either side counts one half.
    assert score("", "") == pytest.approx(probability(0.5))
    assert score("7", "7") == pytest.approx(probability(2 / 3 + 0.5 / 3))
    assert score("x", "x") == pytest.approx(probability(0.5 * 2 / 3 + 1 / 3))


@pytest.mark.parametrize(
    ("likelier", "less_likely", "to"),
    [
        ("x 7", "z 8", "y 7"),  # the same number
        ("x 7", "y 8", "z 7"),  # a number weighs more than a word
        ("1 2 3 4 5 9", "9 1 2 3 4 5", "6 7 8 6 7 9"),  # what was said last weighs more
        ("1,000.50 x", "1001 x", "1000.5 x"),  # however a number is written
        ("Seven", "eight", "seven"),
    ],
)
def test_what_makes_two_traces_alike(likelier: str, less_likely: str, to: str) -> None:
    assert score(likelier, to) > score(less_likely, to)


def test_a_number_of_the_question_says_little() -> None:
    texts = ("12 then 5", "12 then 6")
    assert score(*texts, question="What is 7?") > score(*texts, question="What is 12.0?")


def test_a_batch_is_judged_in_order() -> None:
    judge = LexicalJudge()
    verdicts = judge.score([pair("x 7", "x 7"), pair("x 7", "y 8")])
    assert [verdict.probability for verdict in verdicts] == [
        pytest.approx(probability(1)),
        pytest.approx(probability(0)),
    ]
    assert judge.score([]) == []
    assert (judge.name, judge.costs_tokens) == ("lexical", False)


@pytest.mark.anyio
async def test_it_judges_the_same_in_its_thread() -> None:
    asked = [pair("x 7", "y 7"), pair("so 5", "but 5")]
    assert list(await LexicalJudge().compare(asked)) == LexicalJudge().score(asked)


texts = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from(["so", "7", "7.0", "1,000", "x²", ".", "٣", "1.2.3"])).map(" ".join),
)


@given(texts, texts, texts)
def test_a_verdict_is_a_probability_whichever_trace_comes_first(
    question: str, left: str, right: str
) -> None:
    there, back = score(left, right, question), score(right, left, question)
    assert 0 <= there <= 1
    assert there == pytest.approx(back)
    assert there <= max(score(left, left, question), score(right, right, question)) + 1e-9
