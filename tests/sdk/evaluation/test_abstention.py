"""Which agreement makes an answer worth giving."""

from __future__ import annotations

import pytest

from deepprune_sdk import ConfigurationError, RecordingError
from deepprune_sdk.evaluation.abstention import study_abstention
from deepprune_sdk.recording import RecordedTrace

PROSE = "We add this and that, and then we add the other thing too. " * 3


def problem(name: str, answers: str, gold: str | None) -> list[RecordedTrace]:
    return [
        RecordedTrace(
            problem=name,
            question=name,
            gold=gold,
            model="m",
            trace=number,
            pieces=(f"so \\boxed{{{answer}}}",) if answer != "-" else (PROSE,),
            finish="stop",
        )
        for number, answer in enumerate(answers)
    ]


def test_divided_votes_are_withheld_until_the_rest_is_right_often_enough() -> None:
    problems = {
        "sure": problem("sure", "5555", "5"),
        "wrong": problem("wrong", "5567", "6"),
        "silent": problem("silent", "----", "6"),
    }
    study = study_abstention(problems, n=4, repeats=3, seed=0)
    by = {point.abstain_below: point for point in study.points}
    assert (by[0.0].answered, by[0.0].right) == (2 / 3, 0.5)
    assert (by[0.55].answered, by[0.55].right) == (1 / 3, 1.0)
    assert study.judged_by == "the reference answer"
    chosen = study.least(0.9)
    assert chosen is not None
    assert chosen.abstain_below == 0.55
    whatever = study.least(0.5)
    assert whatever is not None
    assert whatever.abstain_below == 0.0


def test_without_a_reference_answer_the_vote_of_all_traces_is_right() -> None:
    study = study_abstention({"a": problem("a", "1112", None)}, n=1, repeats=200, seed=0)
    assert study.judged_by == "the vote of all recorded traces"
    right = study.points[0].right
    assert right is not None
    assert 0.6 < right < 0.9
    assert study.least(0.95) is None


def test_it_needs_traces() -> None:
    with pytest.raises(ConfigurationError, match="give a recording"):
        study_abstention({}, n=1, repeats=1, seed=0)
    with pytest.raises(RecordingError, match="lower n"):
        study_abstention({"a": problem("a", "11", None)}, n=3, repeats=1, seed=0)
