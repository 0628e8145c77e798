"""The pages in a real browser: no error in its console, their script runs, model text stays text.

Skipped where there is no Chromium.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.browser import BROWSER, Seen, look_at
from support.pages import HOSTILE
from support.places import RECORDING

from deepprune_adapters.cli.app import run
from deepprune_adapters.report import run_report
from deepprune_adapters.report.page import page
from deepprune_sdk import Result
from deepprune_sdk.results import RunUsage, TallyReport, TraceReport

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Chromium")

Open = Callable[[str], Seen]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    return partial(look_at, folder=tmp_path)


def test_the_console_is_seen_and_the_policy_of_a_page_holds(opened: Open) -> None:
    seen = opened(page("A page", "<script>document.title = 'owned'</script>"))

    assert len(seen.console) == 1
    assert "Content Security Policy" in seen.console[0]
    assert "<title>A page</title>" in seen.dom


def test_a_run_with_hostile_text_opens_without_an_error(opened: Open) -> None:
    traces = [
        TraceReport(trace=0, outcome="finished", answer=HOSTILE, weight=1, tokens=9, text=HOSTILE),
        TraceReport(trace=1, outcome="failed", reason=HOSTILE, tokens=5, text=HOSTILE),
    ]
    result = Result(
        answer=HOSTILE,
        tally={HOSTILE: TallyReport(observed=1, imputed=0)},
        agreement=1.0,
        ended_because="complete",
        usage=RunUsage(generated=14),
        traces=traces,
        warnings=[HOSTILE],
    )
    seen = opened(run_report(result, HOSTILE))

    assert seen.console == []
    assert seen.dom.count("<script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in seen.dom


def test_the_report_of_a_bench_opens_without_an_error_and_can_be_sorted(
    opened: Open, tmp_path: Path
) -> None:
    file = tmp_path / "bench.html"
    options = ["-n", "8", "--repeats", "2", "--workers", "1", "--method", "esc"]
    assert run(["bench", str(RECORDING), *options, "--report", str(file)]) == 0

    seen = opened(file.read_text(encoding="utf-8"))

    assert seen.console == []
    assert seen.dom.count('<button type="button">') == 14  # made by the page's script
    assert seen.dom.count("<svg") == 4


def test_the_report_of_a_judge_opens_without_an_error(opened: Open, tmp_path: Path) -> None:
    file = tmp_path / "judge.html"
    assert run(["judge", "eval", str(RECORDING), "--checkpoints", "32", "--report", str(file)]) == 0

    seen = opened(file.read_text(encoding="utf-8"))

    assert seen.console == []
    assert seen.dom.count("<svg") == 3
