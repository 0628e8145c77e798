"""`deepprune record` and `deepprune redundancy`: what they print, and what a kill leaves."""

from __future__ import annotations

import io
import json
import re
import signal
import threading
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from rich.console import Console
from support import recorded_cli  # pyright: ignore[reportUnusedImport]  # adds its backend to the command's own
from support.cli_process import PACED, CliProcess, started
from support.recordings import numbers, read, record, save, trace

from deepprune_adapters.cli.app import run
from deepprune_adapters.cli.views.pace import Pace
from deepprune_adapters.cli.views.recording import TerminalRecordView
from deepprune_sdk import RecordingError
from deepprune_sdk.data import TraceFailed, TraceFinished, TraceProgress
from deepprune_sdk.recording import RecordedTrace, TraceWriter
from deepprune_sdk.recording.format import to_line

del recorded_cli

Output = pytest.CaptureFixture[str]

PROBLEMS = [
    {"problem": "pencils", "question": "12 pencils in each of 3 boxes?", "gold": "36"},
    {"problem": "sum", "question": "What is 17 + 25?", "gold": "42"},
    {"question": "How many legs have 2 cats?"},
]


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    return save(tmp_path / "problems.jsonl", PROBLEMS)


def arguments(problems: Path, out: Path, *options: str, scene: str = "steady") -> list[str]:
    paced = ["--backend", "paced", "--model", scene]
    return ["record", str(problems), "-o", str(out), *paced, *options]


def texts(path: Path) -> dict[tuple[str, int], tuple[object, ...]]:
    """All that two recordings of the same traces share."""
    same: dict[tuple[str, int], tuple[object, ...]] = {}
    for each in read(path):
        fields = (each.pieces, each.confidence, each.finish, str(each.sampling), each.gold)
        same[each.problem, each.trace] = fields
    return same


# --- record ---------------------------------------------------------------------------------------


def test_problems_are_recorded(problems: Path, tmp_path: Path, capsys: Output) -> None:
    out = tmp_path / "a.jsonl.gz"

    assert run(arguments(problems, out, "-n", "2", "--max-tokens", "9", "--logprobs", "5")) == 0

    printed = capsys.readouterr().out
    assert re.search(
        r"^1 of 6 traces; .* left; .* tokens/s; problem 1 of 3, pencils; 4 tokens$", printed, re.M
    )
    assert "time left unknown" not in printed
    assert f"{out}: 6 traces of 3 problems, 6 of them recorded now (27 tokens)" in printed
    recorded = read(out)
    assert len(recorded) == 6
    assert recorded[0].sampling == {
        "temperature": 0.8,
        "max_tokens": 9,
        "top_logprobs": 5,
        "seed": recorded[0].trace,
    }
    assert recorded[0].confidence is not None
    assert recorded[0].t is not None


def test_the_same_command_again_has_nothing_to_do(
    problems: Path, tmp_path: Path, capsys: Output
) -> None:
    out = tmp_path / "a.jsonl"
    run(arguments(problems, out, "-n", "2"))
    before = out.read_bytes()

    assert run(arguments(problems, out, "-n", "2")) == 0

    assert "6 traces of 3 problems, 0 of them recorded now" in capsys.readouterr().out
    assert out.read_bytes() == before
    assert run(arguments(problems, out, "-n", "3")) == 0
    assert len(numbers(out)) == 9


def test_a_torn_end_is_said(problems: Path, tmp_path: Path, capsys: Output) -> None:
    out = tmp_path / "a.jsonl"
    run(arguments(problems, out, "-n", "2"))
    whole = texts(out)
    out.write_bytes(out.read_bytes()[:-5])

    assert run(arguments(problems, out, "-n", "2")) == 0

    assert re.search(r"a.jsonl: cut off \d+ bytes of a torn last record", capsys.readouterr().out)
    assert texts(out) == whole


def test_failed_traces_are_told_and_tried_again(
    problems: Path, tmp_path: Path, capsys: Output
) -> None:
    out = tmp_path / "a"

    assert run(arguments(problems, out, "-n", "2", scene="broken")) == 1

    captured = capsys.readouterr()
    assert "failed: the server [red]went away" in captured.out
    assert f"3 traces failed; 3 of 6 traces are in {out}; the same command" in captured.err
    assert {number for _, number in numbers(out)} == {0}


def test_one_problem_that_is_refused_does_not_stop_the_others(
    problems: Path, tmp_path: Path, capsys: Output
) -> None:
    out = tmp_path / "a"

    assert run(arguments(problems, out, "-n", "2", scene="picky")) == 1

    err = capsys.readouterr().err
    assert "problem pencils failed: the prompt is too long" in err
    assert "2 traces failed; 4 of 6 traces are in" in err


@pytest.mark.parametrize(
    ("scene", "requests"), [("refused", "the key is wrong"), ("down", "the server is down")]
)
def test_a_backend_that_is_gone_ends_it(
    scene: str, requests: str, problems: Path, tmp_path: Path, capsys: Output
) -> None:
    assert run(arguments(problems, tmp_path / "a", "-n", "2", scene=scene)) == 1

    err = capsys.readouterr().err
    assert requests in err
    assert "0 of 6 traces are in" in err
    assert "\x1b" not in err


def test_wrong_use_is_one_line_and_exit_code_2(
    problems: Path, tmp_path: Path, capsys: Output
) -> None:
    out = tmp_path / "a"
    run(arguments(problems, out, "-n", "1"))
    with TraceWriter(tmp_path / "taken"):
        for wrong, message in (
            ([str(tmp_path / "nowhere"), "-o", str(out)], "give a file of problems"),
            ([str(problems), "-o", str(out), "--temperature", "0.1"], "with the same settings"),
            ([str(problems), "-o", str(tmp_path / "no" / "a")], "give a file that can be written"),
            ([str(problems), "-o", str(tmp_path / "taken")], "is being written by another"),
            ([str(problems)], "Missing option '-o' / '--output'"),
        ):
            capsys.readouterr()
            options = ["--backend", "paced", "--model", "steady", "-n", "1"]
            assert run(["record", *wrong, *options]) == 2
            captured = capsys.readouterr()
            assert message in captured.err
            assert captured.err.count("\n") == 1


def test_problems_are_never_overwritten(problems: Path, capsys: Output) -> None:
    before = problems.read_bytes()

    assert run(arguments(problems, problems, "-n", "2")) == 1

    assert "schema: missing" in capsys.readouterr().err
    assert problems.read_bytes() == before


# --- killed ---------------------------------------------------------------------------------------


def recording(problems: Path, out: Path, *, ending: int) -> AbstractContextManager[CliProcess]:
    """A process that records 16 traces of each problem: so many end, and the run does not."""
    return started(
        *arguments(problems, out, "-n", "16"),
        program=PACED,
        RECORDED_CLI_PACE="0.002",
        RECORDED_CLI_TRACES=str(ending),
    )


def await_reports(cli: CliProcess, count: int) -> None:
    """Wait until the process has reported `count` traces."""
    reports = (line for line in cli.printed() if " traces; " in line)
    assert len(list(islice(reports, count))) == count


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_killed_twice_and_resumed_a_recording_is_complete(
    name: str, problems: Path, tmp_path: Path
) -> None:
    undisturbed, out = tmp_path / f"undisturbed-{name}", tmp_path / name
    assert run(arguments(problems, undisturbed, "-n", "16")) == 0
    for kills, more in enumerate((5, 20)):
        before = len(numbers(out)) if kills else 0
        with recording(problems, out, ending=more + 4) as cli:
            await_reports(cli, more)
            cli.signal(signal.SIGKILL)
            assert cli.process.wait() == -signal.SIGKILL
        with TraceWriter(out) as writer:  # what was reported is there, whatever is torn
            there = sum(len(known.complete) for known in writer.recorded.values())
        assert before + more <= there < 48

    assert run(arguments(problems, out, "-n", "16")) == 0

    assert len(numbers(out)) == 48
    assert texts(out) == texts(undisturbed)


def test_ctrl_c_leaves_with_130_and_a_recording_to_go_on_with(
    problems: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a"
    with recording(problems, out, ending=7) as cli:
        await_reports(cli, 3)
        cli.signal(signal.SIGINT)
        code, _, err = cli.end()

    assert code == 130
    assert re.fullmatch(
        r"deepprune: interrupted; \d+ of 48 traces are in .*; the same command continues .*\n",
        err,
    )
    assert run(arguments(problems, out, "-n", "16")) == 0
    assert len(numbers(out)) == 48


# --- the time left --------------------------------------------------------------------------------


def test_the_time_left_is_what_the_missing_tokens_take() -> None:
    now = [0.0]
    pace = Pace(problems=1, there=2, missing=4, clock=lambda: now[0])
    pace.begin(1, "sum\x1b[2J")
    now[0] = 10.0
    pace.tell(TraceProgress(trace=0, tokens=50))
    assert pace.left is None
    assert pace.line() == "2 of 6 traces; time left unknown; 5 tokens/s; problem 1 of 1, sum"

    pace.tell(TraceFinished(trace=0, answer=None, finish="stop", tokens=100))
    pace.tell(TraceProgress(trace=1, tokens=50))
    pace.tell(TraceFailed(trace=2, error="gone", tokens=50))
    pace.tell(TraceProgress(trace=0, tokens=90))  # late, and so nothing new
    # 200 tokens in 10 s; of the two open traces, 100 tokens each, 50 are there.
    assert pace.left == 7.5
    assert pace.line() == "3 of 6 traces; 7.5 s left; 20 tokens/s; 1 failed; problem 1 of 1, sum"


# --- redundancy -----------------------------------------------------------------------------------


def test_the_study_is_printed_and_written(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(to_line(answered(number)) for number in range(4)))
    table = tmp_path / "r.json"

    assert run(["redundancy", str(path), "--json", str(table)]) == 0

    captured = capsys.readouterr()
    assert re.search(r"^sum +4/4 +50% +2 +0.81 +75% +75% +100% +100%$", captured.out, re.MULTILINE)
    assert "50.0% of the pairs of a problem end in the same answer (mean over 1 problem" in (
        captured.out
    )
    assert captured.err == ""
    written = json.loads(table.read_text())
    assert written["models"][0]["same_share_mean"] == 0.5
    assert written["problems"][0]["same_share"] == 0.5


def answered(number: int, **changes: object) -> RecordedTrace:
    pieces = ("so", " ", f"\\boxed{{{5 if number else 6}}}")
    return trace(number, pieces=pieces, gold="5", **changes)


def test_names_from_a_recording_are_shown_as_text(tmp_path: Path, capsys: Output) -> None:
    hostile = "\x1b]0;owned\x07[bold]sum[/]\u202e\nnext"
    path = save(tmp_path / "a", [record(problem=hostile, model=hostile)])

    assert run(["redundancy", str(path)]) == 0

    out = capsys.readouterr().out
    assert "[bold]sum[/]" in out
    assert out.replace("\n", "").isprintable()


def test_faults_end_it_or_are_counted(tmp_path: Path, capsys: Output) -> None:
    path = save(tmp_path / "a", [record(), "{", record(trace=1)])

    assert run(["redundancy", str(path)]) == 1
    assert f"{path}:2: not JSON" in capsys.readouterr().err
    assert run(["redundancy", str(path), "--skip-bad"]) == 0
    captured = capsys.readouterr()
    assert "2/2" in captured.out
    assert f"1 fault left out; the first: {path}:2: not JSON" in captured.err


def test_another_layout_is_mapped(tmp_path: Path, capsys: Output) -> None:
    theirs = {"prompt": "2 + 3?", "samples": [{"text": "\\boxed{5}"}, {"text": "it is \\boxed{5}"}]}
    path = save(tmp_path / "a", [theirs])
    maps = ["--map", "question=prompt", "--map", "traces=samples[].text"]

    assert run(["redundancy", str(path), *maps]) == 0
    assert "100.0% of the pairs" in capsys.readouterr().out


def test_wrong_use_of_the_study_is_exit_code_2(tmp_path: Path, capsys: Output) -> None:
    path = save(tmp_path / "a", [record()])
    for options, message in (
        (["--map", "question"], "write FIELD=PATH"),
        (["--map", "texts=a"], "'texts' is no field of a trace"),
        (["--json", str(tmp_path / "no" / "r.json")], "give a file that can be written"),
    ):
        assert run(["redundancy", str(path), *options]) == 2
        assert message in capsys.readouterr().err


# --- a terminal -----------------------------------------------------------------------------------


class Screen(io.StringIO):
    """Says when a text has been written."""

    def __init__(self, *awaited: str) -> None:
        super().__init__()
        self._seen = {text: threading.Event() for text in awaited}

    def write(self, text: str, /) -> int:
        written = super().write(text)
        for awaited, seen in self._seen.items():
            if awaited in self.getvalue():
                seen.set()
        return written

    async def shows(self, text: str) -> None:
        await anyio.to_thread.run_sync(self._seen[text].wait)


@pytest.mark.anyio
async def test_a_terminal_shows_one_line_that_goes_away() -> None:
    screen = Screen("loading the model", "0 of 2 traces")
    view = TerminalRecordView(Console(file=screen, force_terminal=True, width=60))
    async with view.shown():
        await screen.shows("loading the model")
        pace = Pace(problems=1, there=0, missing=2, clock=lambda: 0.0)
        pace.begin(1, "[red]sum")
        view.begin(pace)
        view.tell(TraceProgress(trace=0, tokens=3))
        await screen.shows("0 of 2 traces")

    line = "0 of 2 traces; time left unknown; 0 tokens/s; problem 1 of …"
    assert line in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")


@pytest.mark.anyio
async def test_a_failure_leaves_the_view_as_it_is() -> None:
    view = TerminalRecordView(Console(file=io.StringIO(), force_terminal=True))

    with pytest.raises(RecordingError, match="full"):
        async with view.shown():
            raise RecordingError("full")


def test_on_a_terminal_a_recording_is_one_line(
    problems: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")

    assert run(arguments(problems, tmp_path / "a", "-n", "2")) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "6 traces of 3 problems" in lines[-1]
    assert not [line for line in lines if line.endswith(" tokens")]
