"""Judges on the command line: by name, and against a recording."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from support.down_judge import DownJudge
from support.pages import check
from support.places import RECORDING

from deepprune_adapters.cli.app import run
from deepprune_adapters.cli.choose import JUDGES, choose_judge, choose_live_judge
from deepprune_adapters.judges import ProbeJudge, RemoteJudge
from deepprune_adapters.report.page import SORT_SCRIPT
from deepprune_sdk.data.trace import Pair, TracePrefix
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.judges import LearnedJudge
from deepprune_sdk.testing import ScriptedBackend

Output = pytest.CaptureFixture[str]

BACKEND = ScriptedBackend(["text"], continues_prefix=True)


def test_a_served_judge_by_model_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere/v1")

    here = choose_judge("remote:THU-KEG/DeepPrune-Judge-4B@http://127.0.0.1:8001/v1")()
    there = choose_judge("remote:qwen3:4b@main")()

    assert isinstance(here, RemoteJudge)
    assert repr(here) == (
        "RemoteJudge('THU-KEG/DeepPrune-Judge-4B', base_url='http://127.0.0.1:8001/v1')"
    )
    assert repr(there) == "RemoteJudge('qwen3:4b@main', base_url='http://elsewhere/v1')"


def test_a_live_run_can_ask_the_model_itself() -> None:
    assert isinstance(choose_live_judge("probe")(BACKEND), ProbeJudge)
    assert isinstance(choose_live_judge("learned")(BACKEND), LearnedJudge)


@pytest.mark.parametrize(
    ("judge", "says"),
    [
        ("remote", "remote names no model"),
        ("remote:", "remote names no model"),
        ("remote:@http://x/v1", "remote names no model"),
        ("transformers", "transformers names no model"),
        ("probe", "a recording has none"),
        ("probe:x", "no model of its own"),
        ("learned:prior=most", "learned:prior=most: give the share"),
    ],
)
def test_what_a_name_must_come_with(judge: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        choose_judge(judge)


@pytest.mark.parametrize("prior", ["0", "1", "nan"])
def test_a_prior_is_a_share(prior: str) -> None:
    with pytest.raises(ConfigurationError, match="between 0 and 1"):
        choose_judge(f"learned:prior={prior}")()


def test_the_learned_judge_takes_a_prior() -> None:
    left = TracePrefix(trace=0, checkpoint=0, text="12 + 30 = 42", tokens=5)
    right = TracePrefix(trace=1, checkpoint=0, text="30 + 12 is 41", tokens=5)
    pairs = [Pair(question="What is 12 + 30?", left=left, right=right)]
    judges = [choose_judge(f"learned:prior={share}")() for share in (0.2, 0.8)]
    low, high = (anyio.run(judge.compare, pairs)[0].probability for judge in judges)

    assert low is not None
    assert high is not None
    assert high / (1 - high) == pytest.approx(16 * low / (1 - low))


def test_a_local_model_that_is_not_there_is_one_line() -> None:
    make = choose_judge("transformers:no/such/model")

    with pytest.raises(ConfigurationError) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_judge_that_is_down_is_one_line_of_a_bench(
    workers: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(JUDGES, "down", lambda model: DownJudge)
    traces = RECORDING
    method = "deepprune-settled:checkpoints=16"

    drawn = ("-n", "4", "--repeats", "2", "--workers", workers)
    code = run(["bench", str(traces), "--method", method, "--judge", "down", *drawn])

    written = capfd.readouterr()
    assert code == 0
    assert "cons" in written.out
    (line,) = written.err.strip().splitlines()
    assert "the judge gave no usable verdict on" in line
    assert line.endswith("it failed: cannot reach http://127.0.0.1:9/v1")


# --- a judge against a recording ------------------------------------------------------------------


def test_a_judge_is_compared_with_how_the_traces_ended(tmp_path: Path, capsys: Output) -> None:
    figures, page = tmp_path / "judge.json", tmp_path / "judge.html"
    files = ("--json", str(figures), "--report", str(page))

    assert (
        run(["judge", "eval", str(RECORDING), "--checkpoints", "16,0.5", "--cap", "9", *files]) == 0
    )

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "judge learned; intervals: 95%, resampling problems"
    assert [line.split()[0] for line in said[1:]] == ["16", "0.5"]
    assert "tokens per pair; 27 pairs of 3 problems" in said[1]
    written = json.loads(figures.read_text())
    assert list(written["checkpoints"]) == ["16", "0.5"]
    assert "tnr_at_fnr_0.2" in written["checkpoints"]["16"]
    drawn = check(page.read_text(encoding="utf-8"), script=SORT_SCRIPT)
    assert drawn.count("svg") == 3
    assert "learned @ 16" in drawn.text


def test_a_sweep_shows_each_setting_and_what_a_choice_on_other_problems_brings(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In this process: a pool for each of twenty values would take a minute to start.
    monkeypatch.setattr("deepprune_sdk.evaluation.bench.process_count", lambda: 1)
    figures, page = tmp_path / "sweep.json", tmp_path / "sweep.html"
    files = ("--json", str(figures), "--report", str(page))

    assert run(["judge", "sweep", str(RECORDING), "-n", "4", "--repeats", "1", *files]) == 0

    said = capsys.readouterr().out
    headings = [line for line in said.splitlines() if not line.startswith(" ")]
    assert headings == [
        f"{setting} (judge learned)" for setting in ("error_rate", "tau", "judge_threshold")
    ]
    assert "   none  agrees" in said
    assert "chosen on the other problems to keep 95%: agreement" in said
    written = json.loads(figures.read_text())
    assert [swept["setting"] for swept in written] == ["error_rate", "tau", "judge_threshold"]
    assert written[2]["points"][0]["value"] is None
    drawn = check(page.read_text(encoding="utf-8"), script=SORT_SCRIPT)
    assert drawn.count("svg") == 3
    assert "chosen on the other problems" in drawn.text


@pytest.mark.parametrize("command", ["eval", "sweep"])
@pytest.mark.parametrize("option", ["--json", "--report"])
def test_a_file_that_cannot_be_written_is_told_before_the_work(
    command: str, option: str, capsys: Output
) -> None:
    assert run(["judge", command, "nowhere.jsonl", option, "/nowhere/file"]) == 2

    assert capsys.readouterr().err.startswith(f"deepprune: {option} /nowhere/file: No such file")
