"""A method is one new file and one row: added to a copy of the tree, it is seen everywhere."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import deepprune_adapters
import deepprune_sdk

POLICY = '''
"""Stop after so many answers."""

from collections.abc import Iterable
from typing import Literal

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Decision, End
from deepprune_sdk.policies.base import Observation, PolicyState, RunSetup, RunView, TraceOver


class FirstAnswers(Config):
    """End the run at the x-th answer."""

    name: Literal["zz-toy"] = "zz-toy"
    x: int = 2

    def begin(self, setup: RunSetup) -> PolicyState:
        return _State(self.x)


class _State(PolicyState):
    def __init__(self, x: int) -> None:
        self._x = x

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if isinstance(seen, TraceOver) and len(view.ballots()) >= self._x:
            yield End(reason="enough")
'''

ROW = """
        Row(
            name="zz-toy",
            policy="FirstAnswers",
            added={added},
            help="ends the run at the x-th answer",
        ),
"""

PROGRAM = r"""
import contextlib, io, json, sys
import anyio
from deepprune_adapters.cli.app import run
from deepprune_sdk import ParallelReasoner, method
from deepprune_sdk.policies import as_policy
from deepprune_sdk.policies.records import policy_from_record, policy_record
from deepprune_sdk.testing import ScriptedBackend, check_policy

def said(*arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    text = (out.getvalue() + err.getvalue()).replace("│", " ")
    return [code, " ".join(text.split())]

def refused(text):
    try:
        return method(text).name
    except Exception as error:
        return str(error)

toy = method("zz-toy:x=3")
check_policy(toy)
backend = ScriptedBackend(["\\boxed{5}"])
result = anyio.run(ParallelReasoner(backend, policy=toy).solve, "?", 9)
json.dump({
    "x": toy.x,
    "same": policy_from_record(policy_record(toy)) == as_policy("zz-toy:x=3") == toy,
    "record": policy_record(toy),
    "added": refused("esc+zz-toy"),
    "ended": [result.method, result.ended_because],
    "typo": refused("zz-to"),
    "solve": said("solve", "--help"),
    "bench": said("bench", "--help"),
    "methods": said("methods"),
    "json": said("methods", "--json"),
    "tried": said("bench", sys.argv[1], "-n", "4", "--repeats", "1", "--workers", "1"),
}, sys.stdout)
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recording") / "traces.jsonl"
    lines = (
        {
            "schema": "deepprune-trace/1",
            "problem": "p",
            "question": "?",
            "model": "m",
            "trace": trace,
            "pieces": ["so ", "\\boxed{5}"],
            "finish": "stop",
        }
        for trace in range(5)
    )
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return file


def grown(tmp_path: Path, recording: Path, *, added: bool) -> dict[str, Any]:
    """What a tree says that has one more file and one more row."""
    for package in (deepprune_sdk, deepprune_adapters):
        source = Path(package.__path__[0])
        shutil.copytree(
            source, tmp_path / source.name, ignore=shutil.ignore_patterns("__pycache__")
        )
    core = tmp_path / "deepprune_sdk"
    (core / "policies/zz_toy.py").write_text(POLICY)
    table = (core / "methods.py").read_text()
    head, mark, tail = table.partition("    for row in (\n")
    assert mark
    (core / "methods.py").write_text(head + mark + ROW.format(added=added) + tail)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(recording)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,  # first on the path of `python -c`
        env={"COLUMNS": "100", "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_one_file_and_one_row_make_a_method(tmp_path: Path, recording: Path) -> None:
    found = grown(tmp_path, recording, added=False)

    assert found["x"] == 3
    assert found["same"]
    assert found["record"] == {"name": "zz-toy", "x": 3}
    assert found["ended"] == ["zz-toy", "enough"]
    assert "zz-toy and" in found["added"] or "and zz-toy are" in found["added"]
    assert found["typo"].startswith("no method 'zz-to': did you mean zz-toy? known: zz-toy, cons, ")
    for command in ("solve", "bench"):
        code, text = found[command]
        assert code == 0
        assert "counted: zz-toy, cons, " in text
    code, text = found["methods"]
    assert "zz-toy ends the run at the x-th answer settings: x=2 cons n full" in text
    entry = json.loads(found["json"][1])[0]
    assert (entry["name"], entry["settings"], entry["added"]) == (
        "zz-toy",
        {"x": "2"},
        False,
    )
    code, text = found["tried"]
    assert code == 0
    assert "zz-toy 100.0%" in text


def test_a_row_may_be_added_to_others(tmp_path: Path, recording: Path) -> None:
    found = grown(tmp_path, recording, added=True)

    assert found["added"] == "esc+zz-toy"
    assert found["typo"].endswith(
        "joined by +: zz-toy, close-loops, deadline, "
        "money-budget, settled, stop-at-answer, stop-unread, token-budget, waves"
    )
    assert "follows a +: zz-toy, close-loops" in found["solve"][1]
    assert json.loads(found["json"][1])[0]["added"] is True
    assert "zz-toy" not in found["tried"][1]
