"""The bench, the intervals, the ranking figures and the sweep."""

import math
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recorded import Oracle, recorded

from deepprune_sdk import Answers, DeepPrune, LearnedJudge, RecordingError, method
from deepprune_sdk.evaluation import bench
from deepprune_sdk.evaluation.bench import run_bench
from deepprune_sdk.evaluation.judge_quality import evaluate_judge
from deepprune_sdk.evaluation.leaderboard import BenchReport, summarize_bench
from deepprune_sdk.evaluation.pairs import pairs_at
from deepprune_sdk.evaluation.ranking import (
    auroc,
    brier,
    calibration_error,
    pooled_auroc,
    precision_recall,
    roc,
    tnr_at_fnr,
)
from deepprune_sdk.evaluation.statistics import bootstrap, pareto_front
from deepprune_sdk.evaluation.sweep import Draws, PerturbedJudge, sweep
from deepprune_sdk.policies import Policy
from deepprune_sdk.protocols import ScoresInline
from deepprune_sdk.recording import RecordedTrace

Problems = dict[str, list[RecordedTrace]]


def problems(count: int = 3, traces: int = 8) -> Problems:
    return {
        f"p{p}": [
            recorded(i, str(Random(f"{p}/{i}").choice([1, 1, 1, 2])), 10 + i, problem=f"p{p}")
            for i in range(traces)
        ]
        for p in range(count)
    }


def table(held: Problems, workers: int | None = 1, n: int = 6, **methods: Policy) -> BenchReport:
    draws = run_bench(held, methods, Oracle, n=n, repeats=4, seed=1, workers=workers)
    return summarize_bench(draws, n=n, repeats=4, seed=1, judge="oracle", all_drawn=n == 8)


def without_times(report: BenchReport) -> str:
    return report.model_copy(update={"measured": {}}).model_dump_json()


def test_cons_is_always_there_and_agrees_with_itself() -> None:
    report = table(problems(), ours=method("deepprune-settled:checkpoints=5"))
    cons, ours = report.methods["cons"], report.methods["ours"]
    assert list(report.methods) == ["cons", "ours"]
    assert cons.agreement_with_full == 1.0
    assert cons.token_reduction == 0.0
    assert cons.started == cons.finished == 6
    assert cons.accuracy_minus_cons == 0.0
    assert ours.tokens < cons.tokens
    assert ours.token_reduction == pytest.approx(1 - ours.tokens / cons.tokens)
    assert ours.closed > 0
    assert ours.pareto
    assert set(ours.per_problem) == {"p0", "p1", "p2"}
    assert ours.tokens_ci is not None
    assert ours.tokens_ci[0] <= ours.tokens <= ours.tokens_ci[1]


def test_the_same_seed_gives_the_same_bytes_in_any_number_of_processes() -> None:
    held = problems()
    one = table(held, ours=method("deepprune-settled:checkpoints=5"))
    assert without_times(one) == without_times(
        table(held, workers=2, ours=method("deepprune-settled:checkpoints=5"))
    )


def test_intervals_are_refused_where_every_draw_is_the_same() -> None:
    report = table(problems(), n=8)
    assert report.methods["cons"].tokens_ci is None
    assert report.methods["cons"].accuracy_ci is None
    assert "just 8 traces" in report.intervals


def test_without_a_reference_answer_accuracy_is_not_reported() -> None:
    held = {"p": [recorded(i, "1", gold=None) for i in range(4)]}
    row = table(held, n=3).methods["cons"]
    assert row.accuracy is None
    assert row.accuracy_ci is None
    assert row.pass_at_k is None
    assert row.agreement_with_full == 1.0


def test_too_few_traces_are_named_before_the_work_begins() -> None:
    with pytest.raises(RecordingError, match="n=9, but problem 'p0' has 8"):
        table(problems(), n=9)


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.booleans()), max_size=25))
def test_auroc_is_the_share_of_pairs_in_order(scored: list[tuple[float, bool]]) -> None:
    positives = [s for s, label in scored if label]
    negatives = [s for s, label in scored if not label]
    value = auroc(scored)
    if not positives or not negatives:
        assert value is None
        return
    won = sum((p > q) + 0.5 * (p == q) for p in positives for q in negatives)
    assert value == pytest.approx(won / (len(positives) * len(negatives)))
    curve = roc(scored)
    area = sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairwise(curve))
    assert area == pytest.approx(value)
    pooled, _ = pooled_auroc({"all": scored}, seed=0)
    assert pooled == pytest.approx(value)


def test_ranking_figures_by_hand() -> None:
    scored = [(0.9, True), (0.8, True), (0.7, False), (0.6, True), (0.3, False), (0.2, False)]
    assert auroc(scored) == pytest.approx(8 / 9)
    assert precision_recall(scored)[-1] == (1.0, 0.5)
    # A fifth of three positives may be missed: none. Two of three negatives are under 0.6.
    assert tnr_at_fnr(scored) == pytest.approx(2 / 3)
    assert brier([(0.9, True), (0.4, False)]) == pytest.approx((0.01 + 0.16) / 2)
    assert calibration_error([(0.75, True), (0.75, True), (0.75, True), (0.75, False)]) == 0.0
    assert calibration_error([(0.25, True), (0.95, False)]) == pytest.approx(0.85)


def test_pooled_auroc_over_problems_is_that_of_all_pairs() -> None:
    drawn = Random(0)
    held = {str(p): [(drawn.random(), drawn.random() < 0.4) for _ in range(15)] for p in range(4)}
    value, interval = pooled_auroc(held, seed=0)
    assert value == pytest.approx(auroc([pair for part in held.values() for pair in part]))
    assert interval is not None
    assert interval[0] <= (value or 0) <= interval[1]


def test_a_bootstrap_of_one_problem_says_nothing() -> None:
    assert bootstrap([0.5], seed=0) is None
    low, high = bootstrap([0.0, 1.0] * 20, seed=0) or (math.nan, math.nan)
    assert 0.3 < low < 0.5 < high < 0.7


def test_the_pareto_front_keeps_what_no_other_beats() -> None:
    points = {"a": (10.0, 0.9), "b": (20.0, 0.95), "c": (20.0, 0.9), "d": (5.0, 0.5)}
    assert pareto_front(points) == {"a", "b", "d"}


def test_pairs_are_of_unfinished_traces_with_an_answer() -> None:
    traces = [recorded(0, "1", 30), recorded(1, "2", 30), recorded(2, "1", 9), recorded(3, None)]
    pairs = pairs_at(traces, 10, answers=Answers(), cap=10, seed=0)
    assert [(p.left.trace, p.right.trace, label) for p, label in pairs] == [(0, 1, False)]
    assert pairs[0][0].left.tokens == 10
    half = pairs_at(traces, 0.5, answers=Answers(), cap=10, seed=0)
    assert {p.left.tokens for p, _ in half} == {12}
    assert len(pairs_at(problems()["p0"], 5, answers=Answers(), cap=7, seed=0)) == 7


@pytest.mark.anyio
async def test_a_judge_that_knows_is_told_from_one_that_guesses() -> None:
    held = problems()
    knows = (await evaluate_judge(held, Oracle(), [5, 0.5])).checkpoints
    assert list(knows) == ["5", "0.5"]
    assert knows["5"].auroc_within == 1.0
    assert knows["5"].unscored == 0
    dumped = knows["5"].model_dump(by_alias=True)
    assert dumped["tnr_at_fnr_0.2"] == 1.0
    turned = PerturbedJudge(Oracle(), 0.5)
    assert isinstance(turned, ScoresInline)  # as the judge inside
    guesses = await evaluate_judge(held, turned, [5])
    assert (guesses.checkpoints["5"].auroc_within or 0) < 0.95
    same = await evaluate_judge(held, LearnedJudge(), [5])
    assert same.judge == "learned"


def test_a_sweep_chooses_on_other_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "process_count", lambda: 1)  # starting several takes seconds each
    draws = Draws(problems=problems(), n=6, repeats=2, seed=0)

    def make(value: float | None) -> Policy:
        return DeepPrune(checkpoints=[5], tau=value or 0.0)  # pyright: ignore[reportArgumentType]

    swept = sweep("tau", (0.1, 0.9, 0.99), make, Oracle, draws, target_agreement=0.5)
    assert [point.value for point in swept.points] == [0.1, 0.9, 0.99]
    assert swept.points[0].tokens <= swept.points[2].tokens
    assert swept.held_out is not None
    assert set(swept.held_out.chosen) == {"p0", "p1", "p2"}
    errors = sweep("error_rate", (0.0, 1.0), lambda _: DeepPrune(), Oracle, draws)
    assert errors.held_out is None
