"""Real signals to a real process, broken pipes, and a real terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.cli_process import PROGRAM, started
from support.places import RECORDING

PRUNE = ("--judge", "fixed", "--method", "deepprune-settled:tau=0.5,confidence=1,lookahead=none")
ALL_WAIT = [f"waiting {trace}" for trace in range(8)]


def endless(scene: str = "endless") -> list[str]:
    scripted = ["--backend", "scripted", "--model", scene]
    return ["solve", "How many?", "-n", "8", "--method", "cons", *scripted]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_with_what_it_has_and_closes_every_stream(number: int) -> None:
    with started(*endless()) as cli:
        cli.await_saying(*ALL_WAIT)
        cli.signal(number)
        closed = cli.rest_said()
        code, out, err = cli.end()

    assert code == 128 + number
    assert sorted(closed) == [f"closed {trace}" for trace in range(8)]
    assert re.search(r"^answer +12$", out, re.MULTILINE)
    assert "interrupted" in out
    assert err == ""


def test_an_interrupted_run_has_its_result_as_json() -> None:
    with started(*endless(), "--json") as cli:
        cli.await_saying(*ALL_WAIT)
        cli.signal(signal.SIGINT)
        code, out, err = cli.end()

    result = json.loads(out)
    assert code == 130
    assert result["ended_because"] == "interrupted"
    assert result["answer"] == "12"
    assert result["tally"] == {"12": {"observed": 2.0, "imputed": 0.0}}
    assert all(trace["text"] for trace in result["traces"])
    assert "Traceback" not in err


def test_a_second_signal_leaves_at_once_though_a_stream_cannot_be_closed() -> None:
    with started(*endless("stuck")) as cli:
        cli.await_saying(*ALL_WAIT)
        cli.signal(signal.SIGINT)
        cli.await_saying("stuck 0")
        cli.signal(signal.SIGINT)
        code, _, err = cli.end()

    assert code == 130
    assert "Traceback" not in err


def test_ctrl_c_while_the_model_is_loading_waits_for_nothing() -> None:
    with started(*endless("loading")) as cli:
        cli.await_saying("loading")
        cli.signal(signal.SIGINT)
        code, out, err = cli.end()

    assert code == 130
    assert "answer" not in out
    assert err == "deepprune: interrupted before any trace had begun\n"


ANY_COMMAND = [
    ["--help"],
    ["--version"],
    ["solve", "--help"],
    ["solve", "q", "--backend", "scripted"],
    ["solve", "q", "--backend", "scripted", "--json"],
    ["methods"],
    ["answers", "--json"],
    ["doctor"],
    ["doctor", "--json"],
    ["redundancy", str(RECORDING)],
    ["bench", str(RECORDING), "-n", "12", "--method", "cons", "--repeats", "1", "--workers", "1"],
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ANY_COMMAND, ids=" ".join)
def test_output_that_cannot_be_written_is_one_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, str(PROGRAM), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last == "deepprune: the output cannot be written: No space left on device"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", ANY_COMMAND, ids=" ".join)
def test_streams_that_the_caller_has_closed_are_no_fault(arguments: list[str]) -> None:
    command = " ".join(map(shlex.quote, [sys.executable, str(PROGRAM), *arguments]))
    closed = ["sh", "-c", f"{command} >&- <&-"]
    done = subprocess.run(closed, check=False, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    closed = ["sh", "-c", f"{command} 2>&-"]
    silent = subprocess.run(closed, check=False, stdout=subprocess.PIPE, text=True)
    assert silent.returncode == 0
    assert silent.stdout


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_a_bench_without_its_next_problem(workers: str) -> None:
    """A year of draws: the test ends because the command does."""
    draws = ["-n", "12", "--repeats", "1000000", "--method", "cons", "--workers", workers]
    draws += ["--judge", "announced"]
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), "bench", str(RECORDING), *draws],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stderr is not None
        assert process.stderr.readline() == "judging\n"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()

    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "deepprune: interrupted"
    assert "Traceback" not in err


def test_a_reader_that_leaves_early_is_no_error() -> None:
    with started(*endless("split")) as cli:
        assert cli.process.stdout is not None
        cli.process.stdout.close()
        assert cli.process.stderr is not None
        err = cli.process.stderr.read().decode()
        code = cli.process.wait()

    assert code == 1
    assert err == ""


# --- a terminal -----------------------------------------------------------------------------------


def on_a_terminal(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run with a terminal for standard output; return the exit code and what it was sent."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environment},
    )
    os.close(slave)
    sent = b""
    with open(master, "rb", buffering=0) as terminal:  # noqa: PTH123
        try:
            while data := terminal.read(65536):
                sent += data
        except OSError:  # how Linux says that the other side is closed
            pass
    return process.wait(), sent.decode()


def test_a_terminal_shows_a_live_view_and_gets_its_cursor_back() -> None:
    code, sent = on_a_terminal("solve", "How many?", "--backend", "scripted", *PRUNE)

    assert code == 0
    assert "█" in sent
    assert "redundant → A" in sent
    assert sent.rfind("\x1b[?25h") > sent.rfind("\x1b[?25l") >= 0


def test_what_a_model_writes_reaches_the_terminal_as_plain_text() -> None:
    code, sent = on_a_terminal(
        "solve", "[bold]\x1b]0;me\x07?", "--backend", "scripted", "--model", "hostile"
    )

    assert code == 0
    assert "[bold red]7[/] next" in sent
    assert "[bold]?" in sent
    assert "\x1b]0;" not in sent
    assert "\x1b[2J" not in sent
    assert "\u202e" not in sent


def test_a_dumb_terminal_gets_plain_lines() -> None:
    code, sent = on_a_terminal("solve", "How many?", "--backend", "scripted", TERM="dumb")

    assert code == 0
    assert "\x1b" not in sent
    assert "trace 0 finished, answer 12" in sent


def test_a_terminal_without_unicode_gets_ascii() -> None:
    code, sent = on_a_terminal(
        "solve", "Où?", "--backend", "scripted", *PRUNE, PYTHONIOENCODING="ascii"
    )

    assert code == 0
    assert sent.isascii()
    assert "redundant > A" in sent


# --- the extra ------------------------------------------------------------------------------------

BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
sys.argv = ["deepprune", "solve", "How many?"]
from deepprune_adapters.cli import main
main()
"""


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_without_the_extra_one_line_names_it(package: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(package=package)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"deepprune: the package {package!r} is not installed: pip install 'deepprune-sdk[cli]'\n"
    )
