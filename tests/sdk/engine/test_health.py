"""What a result says of its own doubts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.driving import Driver

from deepprune_sdk import FullSampling
from deepprune_sdk.answers import AutoAnswers
from deepprune_sdk.engine.summary import summarize
from deepprune_sdk.results import JudgeReport


def ended(*texts: tuple[str, str]) -> Driver:
    driver = Driver(FullSampling(), n=len(texts))
    for trace, (text, finish) in enumerate(texts):
        if finish == "failed":
            driver.fail(trace, text)
        else:
            driver.end(trace, text, finish=finish)  # pyright: ignore[reportArgumentType]
    return driver


FIVE = ("so \\boxed{5}", "stop")


def test_a_healthy_run_has_no_warning() -> None:
    assert ended(*[FIVE] * 8).result().warnings == []


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (
            [("w" + " w" * 511, "length")] * 10,
            "10 of 16 traces were cut off at 512 tokens: raise max_t",
        ),
        (
            [("w w w", "length"), ("w w", "length")],
            "2 of 8 traces were cut off at 2 to 3 tokens: raise max_tokens",
        ),
        ([("w w", "cut")] * 2, "2 of 8 traces were cut off by the server"),
        ([("hm hm", "stop")] * 3, "3 of 9 traces ended without an answer that could be read"),
        ([("I cannot answer that question.", "stop")] * 3, "3 of 9 traces refused to answer"),
        ([("no route", "failed")] * 2, "2 of 8 traces failed: no route"),
        ([("hm", "stop")] * 3, "the vote has 6 of the 9 ballots that were asked for"),
    ],
)
def test_what_is_wrong_is_said_with_numbers(others: list[tuple[str, str]], said: str) -> None:
    warnings = ended(*[FIVE] * 6, *others).result().warnings
    assert any(warning.startswith(said) for warning in warnings), warnings


def test_a_fault_of_one_trace_in_many_is_not_worth_a_warning() -> None:
    assert ended(*[FIVE] * 19, ("hm", "stop")).result().warnings == []


def test_a_divided_vote_is_said_and_may_be_withheld() -> None:
    driver = ended(*[(f"so \\boxed{{{number}}}", "stop") for number in (1, 2, 3, 4, 4)])
    result = driver.result()
    assert (result.answer, result.agreement) == ("4", 0.4)
    assert result.warnings[0].startswith("the leading answer has 40% of 5 ballots")
    half = ended(*[(f"so \\boxed{{{number}}}", "stop") for number in (1, 2, 4, 4)]).result()
    assert half.warnings == []
    few = ended(*[(f"so \\boxed{{{number}}}", "stop") for number in (1, 2, 3)]).result()
    assert few.warnings == [
        "the two leading answers have the same weight: the one that was seen first is given"
    ]

    withheld = summarize(driver.engine, abstain_below=0.5)
    assert (withheld.answer, withheld.abstained) == (None, True)
    assert withheld.tally["4"].observed == 2
    assert "agreement of 0.40, and abstain_below=0.5" in withheld.warnings[0]
    assert not summarize(driver.engine, abstain_below=0.4).abstained


def test_a_judge_that_never_had_a_verdict_is_said() -> None:
    judge = JudgeReport(name="mine", asked=12, failed=12, fault="failed: no GPU")
    warnings = summarize(ended(FIVE, FIVE).engine, judge).warnings
    assert warnings == ["the judge mine gave no verdict on any of 12 pairs (failed: no GPU)"]
    some = JudgeReport(name="mine", asked=12, scored=1, failed=11, fault="failed: no GPU")
    assert summarize(ended(FIVE, FIVE).engine, some).warnings == []


PROSE = "First one thing happened in 1945, then another, and 27 people saw it all happen. " * 2
ENDINGS = st.sampled_from(
    [
        ("so \\boxed{5}", "stop"),
        ("The answer is 5.", "stop"),
        ("Paris", "stop"),
        ("\\boxed{Lyon}", "stop"),
        ('{"a": 1}', "stop"),
        ("\\boxed{answer}", "stop"),
        ("I cannot answer. My data ends in 2021.", "stop"),
        (PROSE, "stop"),
        (PROSE, "length"),
        ("so \\boxed{5}", "length"),
        ("that makes 7", "cut"),
    ]
)


@given(st.lists(ENDINGS, min_size=1, max_size=24))
def test_no_run_in_which_most_traces_are_unread_answers_without_a_warning(
    endings: list[tuple[str, str]],
) -> None:
    driver = Driver(FullSampling(), n=len(endings), answers=AutoAnswers())
    for trace, (text, finish) in enumerate(endings):
        driver.end(trace, text, finish=finish)  # pyright: ignore[reportArgumentType]
    result = driver.result()
    unread = sum(trace.answer is None for trace in result.traces)
    if 2 * unread > len(endings):
        assert result.warnings
    for trace, (text, _) in zip(result.traces, endings, strict=True):
        # Nothing is read as an answer that was not stated as one.
        if text in (PROSE, "\\boxed{answer}", "I cannot answer. My data ends in 2021."):
            assert trace.answer is None or 2 * unread <= len(endings)
            assert text != "\\boxed{answer}" or trace.answer is None
