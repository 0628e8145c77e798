"""The reports: self-contained, well formed, and true to what they are made from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.benches import bench_table, method_report
from support.pages import HOSTILE, check

from deepprune_adapters.report import (
    bench_report,
    judge_report,
    run_report,
    write_run_report,
)
from deepprune_adapters.report.page import SORT_SCRIPT
from deepprune_sdk import Message, MissingExtraError, Result
from deepprune_sdk.evaluation.judge_quality import CheckpointReport, JudgeEvaluation
from deepprune_sdk.evaluation.leaderboard import MethodReport
from deepprune_sdk.evaluation.sweep import HeldOut, Sweep, SweepPoint
from deepprune_sdk.results import JudgeReport, RunUsage, ShadowReport, TallyReport, TraceReport

# --- a run ----------------------------------------------------------------------------------------


def run(text: str = "42") -> Result:
    return Result(
        answer=text,
        tally={
            text: TallyReport(observed=2, imputed=0.5),
            "41": TallyReport(observed=1, imputed=0),
        },
        method=f"deepprune-settled+{text}",
        agreement=2 / 3,
        ended_because=text,
        usage=RunUsage(generated=1234, prompt=50, estimated=True),
        judge=JudgeReport(name=text, asked=7, scored=5, failed=2),
        warnings=[text],
        orphaned=3,
        traces=[
            TraceReport(trace=0, outcome="finished", answer=text, weight=1.0, tokens=9, text=text),
            TraceReport(trace=1, outcome="pruned", into=0, reason="redundant", tokens=5, text=text),
            TraceReport(trace=2, outcome="failed", reason=text, tokens=5, text=text),
        ],
    )


def test_the_report_of_a_run_has_the_vote_the_cost_and_every_text() -> None:
    page = check(run_report(run(), "How many?\n  Think."), script=SORT_SCRIPT)

    for said in (
        "How many?\n  Think.",
        "deepprune-settled+42",
        "1,234 tokens",
        "5 of 7 pairs scored, 2 failed",
        "no vote: 3",
        "pruned: redundant, into the cluster of trace 0",
        "⚠ 42",
    ):
        assert said in page.text
    assert page.count("details") == 3
    assert page.count("figure", "dp-run") == 1


def test_a_shadow_run_says_what_pruning_would_have_done() -> None:
    shadow = ShadowReport(
        answer="41",
        answer_differs=True,
        ended_because="settled",
        generated=234,
        saved=1000,
        closings=5,
        right=3,
        wrong=1,
    )
    text = check(
        run_report(run().model_copy(update={"shadow": shadow}), "?"), script=SORT_SCRIPT
    ).text

    assert "saved 1,000 tokens (81.0%) and given another answer: 41" in text
    assert "Closings: 5, of them 3 right and 1 wrong" in text


def test_a_run_without_answer_or_ballot_has_a_report() -> None:
    empty = run().model_copy(update={"answer": None, "tally": {}, "traces": []})
    text = check(run_report(empty, "?"), script=SORT_SCRIPT).text

    assert "no answer" in text
    assert "No trace cast a ballot." in text


def test_answers_far_behind_are_folded_away() -> None:
    tally = {str(answer): TallyReport(observed=1, imputed=0) for answer in range(13)}
    page = check(run_report(run().model_copy(update={"tally": tally}), "?"), script=SORT_SCRIPT)

    assert "3 other answers" in page.text
    assert page.count("details") == 1 + 3


def test_the_file_holds_hostile_text_as_text(tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    messages = [Message(role="system", content=HOSTILE), {"role": "user", "content": HOSTILE}]
    write_run_report(run(HOSTILE), messages, path)

    html = path.read_text(encoding="utf-8")
    assert check(html, script=SORT_SCRIPT).text.count("<script>alert(1)</script>") >= 12


def test_a_page_forbids_every_request_and_every_other_script() -> None:
    page = check(run_report(run(), "?"), script=SORT_SCRIPT)
    (policy,) = [a["content"] for _, a in page.tags if a.get("http-equiv")]

    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; ")
    assert policy.partition("script-src ")[2].startswith("'sha256-")
    assert "unsafe-inline" not in policy.partition("script-src")[2]


# --- a bench --------------------------------------------------------------------------------------


def method(tokens: float, accuracy: float | None, problem: str = "p1") -> MethodReport:
    """A row with all the intervals that there can be."""
    scored = accuracy is not None
    return method_report(
        tokens,
        accuracy,
        problem=problem,
        agreement_with_full_ci=(0.8, 1.0),
        accuracy_ci=(accuracy - 0.1, accuracy + 0.1) if scored else None,
        accuracy_minus_cons_ci=(-0.2, 0.1) if scored else None,
        tokens_ci=(tokens * 0.9, tokens * 1.1),
    )


def test_the_bench_report_has_a_sortable_table_and_four_charts() -> None:
    report = bench_table({"cons": method(4000, 0.8), "deepprune": method(1500, 0.75)})
    page = check(bench_report(report, title="GSM8K"), script=SORT_SCRIPT)

    assert page.count("svg") == 4
    assert page.values("data-value")[:3] == ["4000", "0", "0.9"]
    assert len(page.values("data-column")) == 14
    for said in ("GSM8K", "deepprune ●", "1,500", "1,350 to 1,650", "62.5%", "-5.0%", "p1"):
        assert said in page.text
    assert "Intervals: 95%, percentile bootstrap." in page.text
    assert page.text.count("deepprune") == 1 + 3 + 2  # table, legends, problems


def test_the_same_bench_gives_the_same_bytes_in_the_colours_of_the_page() -> None:
    report = bench_table({"cons": method(4000, None), "deepprune": method(1500, None)})
    html = bench_report(report)

    assert html == bench_report(report)
    assert "#0102" not in html
    assert "var(--c0)" in html
    assert "font-family" not in html


def test_without_reference_answers_there_is_no_accuracy() -> None:
    report = bench_table({"cons": method(4000, None), "deepprune": method(1500, None)})
    page = check(bench_report(report), script=SORT_SCRIPT)

    assert page.count("svg") == 3
    assert "no reference answers" in page.text


def test_without_intervals_the_report_says_why() -> None:
    why = "none: a problem has just 16 traces"
    report = bench_table({"cons": method_report(4000, 0.8)}, intervals=why)
    page = check(bench_report(report), script=SORT_SCRIPT)

    assert f"Intervals: {why}." in page.text
    assert page.count("small") == 0


def test_problems_of_one_model_are_told_apart_by_the_end_of_their_names() -> None:
    name = "a-model-with-a-rather-long-name/gsm8k-train-1430"
    page = check(bench_report(bench_table({"cons": method(4000, 0.8, name)})), script=SORT_SCRIPT)

    assert "…-long-name/gsm8k-train-1430" in page.text


def test_many_problems_get_several_pictures_and_no_baseline_gets_none() -> None:
    one = method(4000, 0.8)
    many = one.model_copy(
        update={"per_problem": {f"p{number}": one.per_problem["p1"] for number in range(61)}}
    )

    assert check(bench_report(bench_table({"cons": many})), script=SORT_SCRIPT).count("svg") == 5
    assert check(bench_report(bench_table({"other": one})), script=SORT_SCRIPT).count("svg") == 3


def test_names_in_charts_are_text_too() -> None:
    names = ["cons", HOSTILE, "_" + HOSTILE, "$x^2$"]
    report = bench_table(
        {name: method(4000, 0.8, problem=HOSTILE) for name in names},
        judge=HOSTILE,
        intervals=HOSTILE,
    )
    page = check(bench_report(report, title=HOSTILE), script=SORT_SCRIPT)

    assert page.text.count("$x^2$") == 1 + 3 + 2
    assert page.text.count("_<script>alert(1)</script>") == 1 + 3 + 2
    assert page.text.count("<script>alert(1)</script>") > 12


# --- a judge --------------------------------------------------------------------------------------


def judged(name: str) -> JudgeEvaluation:
    figures = CheckpointReport(
        problems=3,
        pairs=30,
        unscored=0,
        positive_rate=0.6,
        auroc_within=0.712,
        auroc_within_ci=(0.65, 0.77),
        auroc=None,
        auroc_ci=None,
        auroc_constant_per_problem=None,
        tnr_at_fnr_02=None,
        brier=0.2,
        ece=0.1,
        ms_per_pair=0.5,
        tokens_per_pair=0,
        by_problem={},
        roc=[(0, 0), (0.2, 0.7), (1, 1)],
        precision_recall=[(0, 1), (1, 0.6)],
        calibration=[(0.2, 0.3, 10), (0.5, 0.0, 0), (0.8, 0.7, 20)],
    )
    return JudgeEvaluation(judge=name, checkpoints={"0.5": figures})


def sweep(setting: str, accuracy: float | None, *values: float | None) -> Sweep:
    points = [
        SweepPoint(
            value=value,
            accuracy=accuracy,
            accuracy_ci=None,
            agreement_with_full=0.5,
            agreement_with_full_ci=(0.4, 0.6),
            tokens=1000,
            tokens_ci=None,
            token_reduction=0.5,
        )
        for value in values or (0.4, 0.5, 0.6)
    ]
    chosen = HeldOut(
        target_agreement=0.95, chosen={}, agreement_with_full=0.9, accuracy=accuracy, tokens=1234
    )
    return Sweep(setting=setting, judge="learned", points=points, held_out=chosen)


def test_the_judge_report_has_curves_calibration_and_sensitivity() -> None:
    html = judge_report(
        [judged("learned"), judged("embedding")], [sweep("tau", 0.7), sweep("x", None)]
    )
    page = check(html, script=SORT_SCRIPT)

    assert page.count("svg") == 5
    for said in (
        "0.712",
        "0.650 to 0.770",
        "embedding @ 0.5",
        "tau",
        "chosen on the other problems to keep 95%: agreement 90.0% with 1,234 tokens per problem",
    ):
        assert said in page.text
    assert page.text.count("learned") == 1 + 3


def test_either_half_of_the_judge_report_may_be_missing() -> None:
    assert check(judge_report([judged("a")]), script=SORT_SCRIPT).count("svg") == 3
    assert check(judge_report([], [sweep("tau", 0.7)]), script=SORT_SCRIPT).count("svg") == 1


def test_a_point_without_a_value_has_no_place_on_the_axis() -> None:
    with_none = judge_report([], [sweep("judge_threshold", 0.7, None, 0.4, 0.5)])

    assert with_none == judge_report([], [sweep("judge_threshold", 0.7, 0.4, 0.5)])
    assert check(judge_report([], [sweep("a", 0.7, None)]), script=SORT_SCRIPT).count("svg") == 1


def test_names_of_judges_are_text() -> None:
    html = judge_report([judged(HOSTILE)], [sweep(HOSTILE, 0.7)], title=HOSTILE)

    assert check(html, script=SORT_SCRIPT).text.count("<script>alert(1)</script>") >= 6


# --- without matplotlib ---------------------------------------------------------------------------


def test_a_report_with_charts_names_the_extra_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(MissingExtraError, match=r"'matplotlib'.*deepprune-sdk\[eval\]"):
        bench_report(bench_table({"cons": method(4000, 0.8)}))
    check(run_report(run(), "?"), script=SORT_SCRIPT)


def test_the_reports_are_imported_without_matplotlib() -> None:
    program = "import deepprune_adapters.report, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )

    assert not {"matplotlib", "numpy", "typer", "rich"} & set(done.stdout.split())
