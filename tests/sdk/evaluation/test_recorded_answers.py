"""One final answer of a recorded trace: whatever evaluates a recording comes to the same one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest
from support.labels import FINISHED_ONLY, LABELS, UNASKED, Bare, ReadingJudge
from support.recorded import Oracle, recorded

from deepprune_sdk import Answers, Composed, FullSampling, ParallelProbe, StopAtAnswer
from deepprune_sdk.answers import ExtractorPowers
from deepprune_sdk.data import Pair, TracePrefix
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.evaluation.bench import run_bench
from deepprune_sdk.evaluation.earliness import first_statement
from deepprune_sdk.evaluation.judge_quality import evaluate_judge
from deepprune_sdk.evaluation.leaderboard import summarize_bench
from deepprune_sdk.evaluation.pairs import pairs_at
from deepprune_sdk.evaluation.redundancy import study_redundancy
from deepprune_sdk.evaluation.replay import Replayed, replay
from deepprune_sdk.evaluation.simulated import SimulatedJudge
from deepprune_sdk.evaluation.sweep import Draws, sweep
from deepprune_sdk.policies import Policy
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.recording import RecordedTrace

pytestmark = pytest.mark.anyio


def graded(number: int, answer: str | None, text: str = "1", **changes: Any) -> RecordedTrace:
    """A trace whose text says one thing, and whose recording another."""
    return replace(recorded(number, text, 10, gold="7"), **{"answer": answer, **changes})


# The texts of all four state 1. By the recording two end in 7, written in two ways, one in 8, and
# one in nothing: of the 3 pairs with answers 1 is the same, and 2 of 3 answers are right.
TRACES = [graded(0, "7"), graded(1, "7.0"), graded(2, "8"), graded(3, "")]


async def play(
    traces: list[RecordedTrace], policy: Policy, answers: AnswerExtractor | None = None
) -> Replayed:
    return await replay(traces, policy, Oracle(), answers=answers)


@pytest.mark.parametrize(
    ("trace", "answer"),
    [
        (graded(0, None), "1"),
        (graded(0, "7"), "7"),
        (graded(0, " 7 "), "7"),
        (graded(0, ""), None),
        (graded(0, " "), None),
        (graded(0, None, finish="length"), "1"),
        (graded(0, "7", finish="length"), "7"),
        (graded(0, None, pieces=("it is 5",)), "5"),
        (graded(0, None, pieces=("it is 5",), finish="length"), None),
        (graded(0, None, pieces=("it is 5",), finish="pruned"), None),
        (graded(0, None, pieces=("\\boxed{4}", " \\boxed{5}"), reasoning=1), "5"),
        (graded(0, None, pieces=("\\boxed{4}", " no"), reasoning=1), None),
    ],
)
def test_the_recorded_answer_comes_before_what_the_text_says(
    trace: RecordedTrace, answer: str | None
) -> None:
    assert trace.final_answer(Answers()) == answer


def test_a_text_is_read_by_the_extractor_that_is_given() -> None:
    trace = graded(0, None, pieces=("\\boxed{4} LABEL: cat",))
    assert [trace.final_answer(a) for a in (LABELS, FINISHED_ONLY, Bare())] == ["cat"] * 3


async def test_a_replay_votes_by_recorded_answers() -> None:
    result = (await play(TRACES, FullSampling())).result
    assert [t.answer for t in result.traces] == ["7", "7", "8", None]
    assert {answer: entry.observed for answer, entry in result.tally.items()} == {"7": 2, "8": 1}


async def test_a_trace_that_a_policy_closed_is_read_from_its_text() -> None:
    pieces = ("w", "w", "\\boxed{1}", "w", "w")
    traces = [graded(0, "7", pieces=pieces), graded(1, "7", pieces=("w",) * 9)]
    played = await play(traces, Composed(FullSampling(), StopAtAnswer(every=1)))
    assert [(t.outcome, t.answer) for t in played.result.traces] == [
        ("answered", "1"),
        ("finished", "7"),
    ]


async def test_a_trace_that_reached_its_token_limit_keeps_its_recorded_answer() -> None:
    result = (await play([graded(0, "7", finish="length")], FullSampling())).result
    assert result.traces[0].answer == "7"


def test_all_of_evaluation_comes_to_the_same_answers() -> None:
    (problem,) = study_redundancy(TRACES).problems
    assert problem.answers == {"7": 2, "8": 1}
    assert (problem.same, problem.different, problem.correct) == (1, 2, 2 / 3)

    labels = {
        (pair.left.trace, pair.right.trace): same
        for pair, same in pairs_at(TRACES, 5, answers=Answers(), cap=99, seed=0)
    }
    assert labels == {(0, 1): True, (0, 2): False, (1, 2): False}

    judge = SimulatedJudge({"p": TRACES}, 1.0)
    verdicts = anyio.run(judge.compare, [begun(0, 1), begun(0, 2), begun(1, 3)])
    assert [verdict.probability for verdict in verdicts] == [1.0, 0.0, 0.0]

    (draw,) = run_bench({"p": TRACES}, {}, Oracle, n=4, repeats=1, seed=0, workers=1)
    outcome = draw.outcomes["cons"]
    assert (outcome.correct, outcome.pass_at_k, outcome.distinct) == (True, True, 2)

    report = anyio.run(evaluate_judge, {"p": TRACES}, Oracle(), [5])
    assert report.checkpoints["5"].pairs == 3
    assert report.checkpoints["5"].positive_rate == 1 / 3


def begun(*traces: int) -> Pair:
    left, right = (
        TracePrefix(trace=i, checkpoint=0, text="".join(TRACES[i].pieces[:5]), tokens=5)
        for i in traces
    )
    return Pair(question="q?", left=left, right=right)


def labelled(number: int, label: str, **changes: Any) -> RecordedTrace:
    pieces = (
        *(f" w{number}x{label}" for _ in range(5)),
        " \\boxed{1}",
        " LABEL:",
        f" {label}",
        ".",
    )
    return replace(recorded(number, "1", gold="cat"), **{"pieces": pieces, **changes})


LABELLED = [labelled(0, "cat"), labelled(1, "Cat"), labelled(2, "dog", answer="cat")]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bench_reads_by_the_extractor_it_is_given(workers: int) -> None:
    methods: dict[str, Policy] = {"stopping": Composed(FullSampling(), StopAtAnswer(every=1))}
    held = {"p": LABELLED, "q": LABELLED}
    draws = run_bench(
        held, methods, Oracle, n=3, repeats=2, seed=0, answers=LABELS, workers=workers
    )
    report = summarize_bench(draws, n=3, repeats=2, seed=0, judge="oracle", all_drawn=True).methods
    assert report["cons"].accuracy == report["stopping"].accuracy == 1.0
    assert report["cons"].distinct_answers == 1  # by its recording the third ends in cat
    assert report["stopping"].distinct_answers == 2  # closed at the last token, it says dog
    assert (report["cons"].tokens, report["stopping"].tokens) == (27, 27)


def test_a_bench_names_the_extractor_that_a_method_cannot_work_with() -> None:
    methods: dict[str, Policy] = {"stopping": StopAtAnswer()}
    settings: dict[str, Any] = {
        "n": 3,
        "repeats": 1,
        "seed": 0,
        "answers": FINISHED_ONLY,
        "workers": 1,
    }
    (draw,) = run_bench({"p": LABELLED}, methods, Oracle, leave_out=True, **settings)
    assert "FunctionAnswers reads finished ones only" in draw.refused["stopping"]
    with pytest.raises(ConfigurationError, match="stop-at-answer"):
        list(run_bench({"p": LABELLED}, methods, Oracle, **settings))


def test_a_sweep_reads_by_the_extractor_it_is_given() -> None:
    draws = Draws(problems={"p": LABELLED}, n=3, repeats=1, seed=0)
    for answers, accuracy in ((LABELS, 1.0), (None, 0.0)):
        swept = sweep(
            "error_rate", [0.0], lambda rate: FullSampling(), Oracle, draws, answers=answers
        )
        assert swept.points[0].accuracy == accuracy, answers


@pytest.mark.parametrize("answers", [Answers(), LABELS, UNASKED, FINISHED_ONLY, Bare()])
async def test_recorded_probes_are_answers_for_any_extractor(answers: AnswerExtractor) -> None:
    probes = {2: "cat", 4: " Cat ", 6: "", 8: "cat"}
    traces = [labelled(i, "dog", probes=probes, pieces=(" w",) * 9) for i in range(2)]
    played = await play(traces, ParallelProbe(every=2, stable=2), answers)
    assert (played.result.answer, played.result.ended_because) == ("cat", "stable")
    assert played.critical_tokens == 4
    played = await play(traces, ParallelProbe(every=2, stable=3), answers)
    assert played.result.ended_because == "complete"  # the third round has no answer


async def test_a_judge_in_a_replay_reads_as_the_replay_does() -> None:
    judge = ReadingJudge()
    await replay(LABELLED, FullSampling(), judge, answers=LABELS)
    await evaluate_judge({"p": LABELLED}, judge, [5], answers=UNASKED)
    assert judge.read_by == [LABELS, UNASKED]


def test_a_judge_in_a_sweep_reads_as_the_sweep_does() -> None:
    judge = ReadingJudge()
    draws = Draws(problems={"p": LABELLED}, n=3, repeats=1, seed=0)
    sweep("error_rate", [0.1], lambda rate: FullSampling(), lambda: judge, draws, answers=UNASKED)
    assert len(judge.read_by) == 2  # cons, and the swept method
    assert all(ExtractorPowers.of(read) == ExtractorPowers.of(UNASKED) for read in judge.read_by)


def test_when_an_answer_was_stated_is_unknown_where_finished_texts_only_are_read() -> None:
    trace = labelled(0, "cat")
    assert first_statement(trace, LABELS) == 9
    assert first_statement(trace, FINISHED_ONLY) is None
    assert first_statement(trace, Bare()) is None
    (problem,) = study_redundancy([trace], answers=FINISHED_ONLY).problems
    assert (problem.answers, problem.stated) == ({"cat": 1}, None)
