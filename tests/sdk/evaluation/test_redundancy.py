"""How redundant recorded traces are, and how early their answers appear."""

from __future__ import annotations

from typing import Any

import pytest
from support.places import RECORDING
from support.recordings import trace

from deepprune_sdk import FunctionAnswers
from deepprune_sdk.answers import Answers
from deepprune_sdk.evaluation.earliness import early, first_mention, first_statement
from deepprune_sdk.evaluation.redundancy import RedundancyReport, study_redundancy
from deepprune_sdk.recording import RecordedTrace, read_traces


def said(number: int, *pieces: str, **changes: Any) -> RecordedTrace:
    return trace(number, pieces=pieces, **changes)


def boxed(number: int, answer: str, **changes: Any) -> RecordedTrace:
    return said(number, "so ", f"\\boxed{{{answer}}}", **changes)


def test_pairs_are_counted_by_equivalent_answers() -> None:
    traces = [
        boxed(0, "0.5", gold="1/2"),
        boxed(1, "\\frac{1}{2}", gold="1/2"),
        boxed(2, "1/2", gold="1/2"),
        boxed(3, "7", gold="1/2"),
        said(4, "I do not know", gold="1/2"),
    ]

    report = study_redundancy(traces)

    (problem,) = report.problems
    assert (problem.traces, problem.answered, problem.closed) == (5, 4, 0)
    assert (problem.same, problem.different) == (3, 3)
    assert problem.same_share == 0.5
    assert problem.answers == {"0.5": 3, "7": 1}
    assert problem.entropy == pytest.approx(0.8113, abs=1e-4)  # pyright: ignore[reportUnknownMemberType]
    assert (problem.leading_share, problem.correct) == (0.75, 0.75)


def test_models_are_means_over_their_problems() -> None:
    traces = [
        *(boxed(number, "5", problem="agreed", gold="5") for number in range(4)),
        *(boxed(number, str(number), problem="split") for number in range(2)),
        boxed(0, "1", problem="single"),
        boxed(0, "1", problem="agreed", model="large"),
    ]

    report = study_redundancy(traces)

    small, large = report.models
    assert (small.model, small.problems, small.paired, small.traces) == ("small", 3, 2, 7)
    assert (small.same, small.different) == (6, 1)
    assert small.same_share == 6 / 7
    assert small.same_share_mean == 0.5
    assert small.same_share_ci == (0.0, 1.0)
    assert small.distinct_answers == 4 / 3
    assert small.correct == 1.0
    assert (large.same_share, large.same_share_mean, large.same_share_ci) == (None, None, None)


def test_only_complete_traces_count() -> None:
    closed = [boxed(n, "5", finish=f) for n, f in enumerate(("pruned", "stopped", "failed"))]

    report = study_redundancy([*closed, boxed(3, "5"), said(4, "it is 5 so", finish="length")])

    (problem,) = report.problems
    assert (problem.traces, problem.closed, problem.answered) == (2, 3, 1)


def test_a_recorded_answer_is_taken_as_it_is() -> None:
    traces = [said(0, "\\boxed{5}", answer="6"), boxed(1, "6")]

    assert study_redundancy(traces).problems[0].same == 1


def test_an_extractor_of_ones_own() -> None:
    extractor = FunctionAnswers(lambda text: text[-2])

    assert study_redundancy([boxed(0, "15"), boxed(1, "25")], answers=extractor).problems[0].same


def test_nothing_makes_an_empty_report() -> None:
    assert study_redundancy([]) == RedundancyReport()


def test_without_any_answer_nothing_is_claimed() -> None:
    (problem,) = study_redundancy([said(0, "no idea", gold="5")]).problems

    assert (problem.entropy, problem.correct, problem.leading_share) == (None, None, None)
    assert (problem.mentioned, problem.stated) == (None, None)


def test_the_recording_of_the_embedded_model() -> None:
    traces = list(read_traces(RECORDING))

    assert len(traces) == 48
    for one in traces:
        assert one.complete
        assert one.confidence is not None
        assert one.logprob is not None
        assert one.t is not None
        assert one.sampling["seed"] == one.trace
    (model,) = study_redundancy(traces).models
    assert (model.problems, model.answered, model.same, model.different) == (3, 39, 28, 206)


# --- how early ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "answer", "tokens"),
    [
        (("5", " and", " 6"), "5", 1),
        (("15", " or", " 5.5", " or 5"), "5", 4),
        (("a 1", "2", " b"), "12", 2),
        (("1,5", " 5,"), "5", 2),
        (("x", "\\frac{1}{2}"), "\\frac{1}{2}", 2),
        (("the", " Cat"), "cat", 2),
        (("nothing",), "5", None),
        (("", "5", ""), "5", 2),
    ],
)
def test_an_answer_is_mentioned_where_it_stands_for_itself(
    pieces: tuple[str, ...], answer: str, tokens: int | None
) -> None:
    assert first_mention(said(0, *pieces), answer) == tokens


@pytest.mark.parametrize(
    ("pieces", "reasoning", "tokens"),
    [
        (("2 + 3", " is", " \\boxed{", "5", "}", " so", " \\boxed{5}"), 0, 5),
        (("\\boxed{4}", " no", ", \\boxed{5}"), 2, 3),
        (("it is 5",), 0, None),
        (("\\boxed{5}",), 0, 1),
    ],
)
def test_an_answer_is_stated_where_it_is_complete(
    pieces: tuple[str, ...], reasoning: int, tokens: int | None
) -> None:
    assert first_statement(said(0, *pieces, reasoning=reasoning), Answers()) == tokens


def test_earliness_is_summed_up_by_quartiles() -> None:
    assert early([]) is None
    one = early([0.5])
    assert one is not None
    assert (one.traces, one.lower, one.median, one.upper) == (1, 0.5, 0.5, 0.5)
    five = early([0.0, 0.25, 0.5, 0.75, 1.0])
    assert five is not None
    assert (five.traces, five.lower, five.median, five.upper) == (5, 0.25, 0.5, 0.75)


def test_earliness_is_a_share_of_the_tokens() -> None:
    (problem,) = study_redundancy([said(0, "5", " so", " it", " is \\boxed{5}")]).problems

    assert problem.mentioned is not None
    assert problem.stated is not None
    assert (problem.mentioned.median, problem.stated.median) == (0.25, 1.0)
