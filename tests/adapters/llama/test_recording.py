"""The embedded model, recorded by a process that is killed on the way."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import recorded_cli
from support.recordings import numbers, read, save

from deepprune_sdk.recording import TraceWriter

pytestmark = pytest.mark.llama

PROBLEMS = [
    {"problem": "pencils", "question": "A box holds 12 pencils. How many are in 3 boxes?"},
    {"problem": "sum", "question": "What is 17 + 25?"},
    {"problem": "week", "question": "How many days are there in 2 weeks?"},
]


def started(problems: Path, out: Path) -> subprocess.Popen[str]:
    options = ["-o", str(out), "-n", "6", "--backend", "llama", "--max-tokens", "8"]
    return subprocess.Popen(
        [sys.executable, recorded_cli.__file__, "record", str(problems), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_twice_and_resumed_a_recording_of_a_model_is_complete(tmp_path: Path) -> None:
    problems = save(tmp_path / "problems.jsonl", PROBLEMS)
    out = tmp_path / "traces.jsonl.gz"
    there = 0
    for more in (2, 4):  # within the first problem, and before the third: it takes a while
        with started(problems, out) as process:
            assert process.stdout is not None
            reports = (line for line in process.stdout if " traces; " in line)
            assert len([next(reports) for _ in range(more)]) == more
            process.kill()
            process.communicate()
        assert process.returncode == -signal.SIGKILL
        with TraceWriter(out) as writer:
            known = sum(len(recorded.complete) for recorded in writer.recorded.values())
        assert there + more <= known < 18
        there = known

    with started(problems, out) as process:
        printed, _ = process.communicate()

    assert process.returncode == 0
    assert f"18 traces of 3 problems, {18 - there} of them recorded now" in printed
    expected = [(str(problem["problem"]), number) for problem in PROBLEMS for number in range(6)]
    assert numbers(out) == sorted(expected)
    for trace in read(out):
        assert trace.sampling["seed"] == trace.trace
        assert 1 <= trace.tokens <= 8
        assert trace.complete
        assert trace.t is not None
