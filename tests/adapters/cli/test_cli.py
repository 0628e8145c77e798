"""`deepprune solve`: what it prints, and its exit codes."""

from __future__ import annotations

import importlib.metadata
import io
import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter
from support import scripted_cli  # pyright: ignore[reportUnusedImport]  # adds its backend to the command's own
from support.pages import check

from deepprune_adapters.cli.app import run
from deepprune_adapters.cli.choose import BACKENDS, JUDGES, choose_backend
from deepprune_adapters.report.page import SORT_SCRIPT
from deepprune_sdk import Result
from deepprune_sdk.data import Event
from deepprune_sdk.policies import METHODS

del scripted_cli

Output = pytest.CaptureFixture[str]

PRUNE = ("--judge", "fixed", "--method", "deepprune-settled:tau=0.5,confidence=1,lookahead=none")
"""Start all traces at once, and close what the judge thinks more likely redundant than not."""


def solve(*arguments: str, scene: str = "agree") -> int:
    return run(["solve", "How many?", "--backend", "scripted", "--model", scene, *arguments])


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "DEEPPRUNE_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)


# --- what it says ---------------------------------------------------------------------------------


def test_without_a_terminal_each_decision_is_a_line_and_a_summary_closes(capsys: Output) -> None:
    assert solve(*PRUNE) == 0

    out = capsys.readouterr().out
    assert out.isprintable() is False  # it has line ends, and nothing else that is not printable
    assert out.replace("\n", "").isprintable()
    assert f"scripted: agree, judge fixed, n=16, {PRUNE[-1]}" in out
    assert "trace 3 closed as redundant, into cluster A of trace 0 (0.90)" in out
    assert "trace 0 finished, answer 12, 101 tokens" in out
    assert "\nanswer  12\n" in out
    assert "2 seen, 8.1 imputed" in out
    assert "traces  16: 2 finished, 13 closed as redundant, 1 stopped" in out
    assert "ended   settled" in out


def test_shadow_mode_says_what_would_have_been_saved(capsys: Output) -> None:
    assert solve(*PRUNE, "--shadow", scene="split") == 0

    out = capsys.readouterr().out
    assert "trace 3 would be closed as redundant" in out
    assert "traces  16: 16 finished, 0 closed as redundant" in out
    assert "the method would save" in out
    assert "the same answer; 13 of 13 closings right, 0 wrong" in out


def test_by_default_traces_start_as_the_vote_needs_them(capsys: Output) -> None:
    assert solve("--judge", "fixed") == 0

    out = capsys.readouterr().out
    assert "scripted: agree, judge fixed, n=16\n" in out
    assert "traces  5: 3 finished, 0 closed as redundant, 2 stopped" in out
    assert "ended   settled: more traces would hardly have turned the vote" in out


@pytest.mark.parametrize(
    ("method", "traces", "ended"),
    [
        ("cons", "16: 16 finished", "every trace ran to its end"),
        ("adaptive-consistency", "4: 4 finished", "settled: more traces would hardly"),
        ("adaptive-consistency:width=3", "6: 4 finished", "settled: more traces would hardly"),
        ("esc:window=3", "3: 3 finished", "unanimous: all traces of a window"),
    ],
)
def test_a_method_by_name(method: str, traces: str, ended: str, capsys: Output) -> None:
    assert solve("--method", method) == 0

    out = capsys.readouterr().out
    assert f"n=16, {method}\n" in out
    assert f"traces  {traces}" in out
    assert f"ended   {ended}" in out


@pytest.mark.parametrize("command", ["solve", "bench"])
def test_the_help_names_every_method(command: str, capsys: Output) -> None:
    assert run([command, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for added in (False, True):
        assert ", ".join(name for name, row in METHODS.items() if row.added is added) in said


def test_shadow_mode_without_a_closing_says_so(capsys: Output) -> None:
    assert solve("--judge", "fixed:100", "--shadow", "-n", "2", "--method", "cons") == 0
    assert "the method would have closed nothing" in capsys.readouterr().out

    assert solve("--judge", "fixed:100", "--shadow", "-n", "2") == 0
    assert "the same answer; no trace closed as redundant" in capsys.readouterr().out


def test_json_is_alone_on_standard_output(capsys: Output) -> None:
    assert solve("--judge", "fixed", "--json") == 0

    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert Result.model_validate(result).answer == "12"
    assert {"answer", "tally", "agreement", "ended_because", "usage", "traces"} <= result.keys()
    assert {"observed", "imputed"} == result["tally"]["12"].keys()
    assert {"prompt", "generated", "judge", "estimated"} <= result["usage"].keys()
    wanted = {"trace", "outcome", "into", "answer", "weight", "tokens", "text"}
    assert all(wanted <= trace.keys() for trace in result["traces"])
    assert "answer  12" in captured.err


def test_json_holds_what_no_encoding_can_express(capsys: Output) -> None:
    assert solve("--json", "-n", "1", scene="half") == 0

    assert json.loads(capsys.readouterr().out)["answer"] == "\u00e9\ud83d"


def test_hostile_answers_are_one_harmless_line(capsys: Output) -> None:
    assert solve(scene="hostile") == 0

    captured = capsys.readouterr()
    assert "\nanswer  [bold red]7[/] next\n" in captured.out
    assert captured.out.replace("\n", "").isprintable()


def test_events_are_json_lines(capsys: Output, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"

    assert solve(*PRUNE, "--events", str(file)) == 0

    records: list[dict[str, Any]] = [json.loads(line) for line in file.read_text().splitlines()]
    moments = [record.pop("seconds") for record in records]
    assert moments == sorted(moments)
    known = TypeAdapter[Event](Event)
    events = [known.validate_python(record) for record in records]
    kinds = [event.type for event in events]
    assert kinds.count("trace_started") == 16
    assert kinds.count("trace_closed") == 13
    assert {"pair_judged", "trace_placed", "trace_progress", "vote_changed"} <= set(kinds)
    assert kinds.count("run_ended") == 1
    assert capsys.readouterr().err == ""


def test_a_report_draws_the_run(capsys: Output, tmp_path: Path) -> None:
    file = tmp_path / "run.html"

    assert solve(*PRUNE, "--report", str(file), "--system", "Be <brief>.") == 0

    page = check(file.read_text(encoding="utf-8"), script=SORT_SCRIPT)
    assert page.count("div", "dp-row") == 16
    assert page.count("div", "dp-pruned") == 13
    assert "Be <brief>." in page.text
    assert "How many?" in page.text
    assert "Answer 12" in page.text
    assert capsys.readouterr().err == ""


def test_model_text_in_a_report_is_shown_and_never_obeyed(tmp_path: Path) -> None:
    file = tmp_path / "run.html"

    assert solve("--report", str(file), "-n", "2", scene="markup") == 0

    text = check(file.read_text(encoding="utf-8"), script=SORT_SCRIPT).text
    assert text.count("<script>alert(1)</script>") >= 2


def test_a_run_that_failed_has_a_report_of_what_it_had_written(tmp_path: Path) -> None:
    file = tmp_path / "run.html"

    assert solve("--report", str(file), "-n", "1", scene="broken") == 1

    page = check(file.read_text(encoding="utf-8"), script=SORT_SCRIPT)
    assert page.count("div", "dp-failed") == 1
    assert "step19of0" in page.text


def test_a_prompt_from_standard_input(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("Où?\n".encode())))

    assert run(["solve", "-", "--backend", "scripted"]) == 0

    assert capsys.readouterr().out.startswith("Où?\n")


def test_a_trace_that_fails_is_a_line_and_no_error(capsys: Output) -> None:
    assert solve(scene="broken") == 0

    out = capsys.readouterr().out
    assert "trace 0 failed: the server [red]went away[/red]" in out
    assert "1 failed" in out


def test_no_answer_is_exit_code_1(capsys: Output) -> None:
    assert solve(scene="silent") == 1

    captured = capsys.readouterr()
    assert "answer  none: no trace stated a final answer" in captured.out
    assert captured.err == ""


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["solve", ""], "the prompt is empty (''): give a question"),
        (["solve", " \n"], "the prompt is empty"),
        (["solve"], "Missing argument 'PROMPT'"),
        (["solve", "a", "-n", "0"], "Invalid value for '-n'"),
        (["solve", "a", "-n", "many"], "Invalid value for '-n'"),
        (["solve", "a", "--temperature", "-1"], "Sampling(temperature=-1.0): Input should be"),
        (["solve", "a", "--temperature", "nan"], "Sampling(temperature=nan): Input should be"),
        (["solve", "a", "--max-tokens", "0"], "Sampling(max_tokens=0): Input should be"),
        (["solve", "a", "--seed", "-1"], "Sampling(seed=-1): Input should be"),
        (
            ["solve", "a", "--judge", "oracle"],
            f"--judge 'oracle' is unknown; known: {', '.join(JUDGES)}",
        ),
        (["solve", "a", "--judge", "probe:x"], "--judge probe:x: this judge has no model"),
        (
            ["solve", "a", "--backend", "cloud"],
            f"--backend 'cloud' is unknown; known: {', '.join(BACKENDS)}",
        ),
        (["solve", "a", "--backend", "openai"], "--model is missing"),
        (["solve", "a", "--base-url", "http://127.0.0.1:9"], "--model is missing"),
        (["solve", "a", "--backend", "llama", "--base-url", "http://x"], "--base-url is for"),
        (["solve", "a", "--model", "/nowhere/model.gguf"], "/nowhere/model.gguf"),
        (["solve", "a", "--events", "/nowhere/e.jsonl"], "/nowhere/e.jsonl: No such file"),
        (["solve", "a", "--report", "/nowhere/r.html"], "--report /nowhere/r.html: No such file"),
        (["solve", "a", "--report", "/"], "--report /: Is a directory; give a file"),
        (["solve", "a", "--method", "best"], "no method 'best'; known: cons, cons-settled, deepp"),
        (["solve", "a", "--method", "deeprune"], "no method 'deeprune': did you mean deepprune or"),
        (["solve", "a", "--judge", "learnt"], "--judge 'learnt' is unknown: did you mean learned?"),
        (["solve", "a", "--method", "esc:width=3"], "esc has no setting 'width=3'; known: window"),
        (["solve", "a", "--method", "esc:windw=4"], "esc has no setting 'windw=4': did you mean w"),
        (["solve", "a", "--judge", "learned:piror=1"], "'piror=1': did you mean prior?"),
        (["solve", "a", "--answers", "chioce:a"], "no kind of answers 'chioce': did you mean choi"),
        (["solve", "a", "--answers", "json:feilds=a"], "no setting 'feilds=a': did you mean field"),
        (["solve", "a", "--backend", "opnai"], "--backend 'opnai' is unknown: did you mean openai"),
        (
            ["judge", "train", "a", "--base", "b", "-o", "c", "--preset", "lroa"],
            "did you mean lora",
        ),
        (["solve", "a", "--no-such-option"], "No such option: --no-such-option"),
        (["solve", "a", "--modle", "m"], "did you mean --model, --money or --method? (deepprune s"),
        (["judge", "eval", "a", "--jugde", "b"], "did you mean --judge? (deepprune judge eval --h"),
        (
            ["judge", "evl"],
            "No such command 'evl'; did you mean judge eval? (deepprune judge --help)",
        ),
        (["eval"], "No such command 'eval'; did you mean judge eval? (deepprune --help)"),
        (["slove"], "No such command 'slove'; did you mean solve? (deepprune --help)"),
        (["prune"], "No such command 'prune' (deepprune --help)"),
        (["solve"], "Missing argument 'PROMPT'. (deepprune solve --help)"),
        (["judge", "pairs"], "(deepprune judge pairs --help)"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    arguments: list[str], said: str, capsys: Output
) -> None:
    assert run(arguments) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("deepprune: ")
    assert captured.err.count("\n") == 1
    assert said in captured.err


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ("refused", "deepprune: the key is wrong\n"),
        ("bug", "ZeroDivisionError: a fault in the backend"),
    ],
)
def test_a_failure_is_one_line_and_exit_code_1(scene: str, said: str, capsys: Output) -> None:
    assert solve("--json", scene=scene) == 1

    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert len([line for line in captured.err.splitlines() if line.startswith("deepprune:")]) == 1


def test_a_server_that_cannot_be_reached(capsys: Output) -> None:
    server = ["--base-url", "http://127.0.0.1:9/v1", "--model", "m"]

    assert run(["solve", "How many?", "-n", "2", *server]) == 1

    captured = capsys.readouterr()
    assert "openai: m, http://127.0.0.1:9/v1, judge learned, n=2" in captured.out
    assert "127.0.0.1:9" in captured.err
    assert captured.err.count("\n") == 1


class _WebSite(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        page = b"<html>\x1b[31mWelcome[/red] to our site</html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep standard error to the command."""


@contextmanager
def web_site() -> Generator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _WebSite) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()


def test_a_server_that_is_no_model_server(capsys: Output) -> None:
    with web_site() as address:
        assert run(["solve", "How many?", "-n", "2", "--base-url", address, "--model", "m"]) == 1

    captured = capsys.readouterr()
    assert captured.err.startswith("deepprune: ")
    assert captured.err.count("\n") == 1
    assert "\x1b" not in captured.out + captured.err


@pytest.mark.parametrize("option", ["--events", "--report"])
def test_a_full_disk_costs_a_file_and_not_the_run(option: str, capsys: Output) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")

    assert solve(option, "/dev/full") == 0

    captured = capsys.readouterr()
    assert "answer  12" in captured.out
    assert captured.err.startswith(f"deepprune: {option} /dev/full: No space left")


def test_standard_input_that_is_no_text(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"\xff\xfe")))

    assert run(["solve", "-"]) == 2

    assert capsys.readouterr().err.startswith("deepprune: standard input is not UTF-8 text")


# --- choices and help -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "model", "base_url", "chosen"),
    [
        (None, None, None, "llama"),
        (None, "models/q4.gguf", None, "llama"),
        (None, "gpt-5-mini", None, "openai"),
        (None, "Qwen/Qwen3-8B", "http://localhost:8000/v1", "openai"),
        (None, None, "http://localhost:8000/v1", "openai"),
        ("llama", "gpt-5-mini", None, "llama"),
    ],
)
def test_options_choose_the_backend(
    backend: str | None,
    model: str | None,
    base_url: str | None,
    chosen: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a key that lies about")

    assert choose_backend(backend, model, base_url) == chosen


def test_the_version(capsys: Output) -> None:
    assert run(["--version"]) == 0

    assert capsys.readouterr().out == f"deepprune {importlib.metadata.version('deepprune-sdk')}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["solve", "--help"], ["judge"]])
def test_help(arguments: list[str], capsys: Output) -> None:
    assert run(arguments) == 0

    captured = capsys.readouterr()
    assert "deepprune" in captured.out
    assert captured.err == ""


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from deepprune_adapters.cli.app import run\n"
        "run(['solve', '--help'])\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "--shadow" in done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & {"anyio", "numpy", "openai", "xllamacpp"}
    ours = {name for name in done.stderr.split() if name.startswith("deepprune_sdk")}
    assert ours == {"deepprune_sdk", "deepprune_sdk.methods"}  # the table, which imports nothing
