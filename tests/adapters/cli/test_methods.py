"""`deepprune methods`: the list of methods, for people and for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deepprune_adapters.cli.app import run
from deepprune_sdk.methods import DEFAULT_METHOD, METHODS
from deepprune_sdk.policies.by_name import settings_of

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def listed(capsys: Output) -> dict[str, str]:
    """What is said of each method, by name, its lines joined."""
    assert run(["methods"]) == 0
    said: dict[str, str] = {}
    name = ""
    for line in capsys.readouterr().out.splitlines():
        if line[:1].strip() and not line.endswith(":"):
            name = line.split()[0]
        if name and line:
            said[name] = f"{said.get(name, '')} {' '.join(line.split())}".strip()
    return said


def test_every_method_is_listed_with_its_settings(capsys: Output) -> None:
    said = listed(capsys)

    assert list(said) == list(METHODS)
    for name, row in METHODS.items():
        assert said[name].startswith(f"{name} {row.help}")
        for key, value in settings_of(name).items():
            assert (key if value is None else f"{key}={value}") in said[name]
    assert "the default is deepprune:tau=0.98 + settled:" in said[DEFAULT_METHOD]
    assert "needs a setting, such as seconds=60" in said["deadline"]


def test_lines_fit_the_terminal_and_end_in_no_blank(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    assert run(["methods"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert [line for line in lines if line != line.rstrip()] == []


def test_what_may_be_added_stands_apart(capsys: Output) -> None:
    assert run(["methods"]) == 0

    first, second = capsys.readouterr().out.split("What may be added to any of them by +:")
    for name, row in METHODS.items():
        assert f"\n{name} " in (second if row.added else first)
        assert f"\n{name} " not in (first if row.added else second)


def test_programs_read_json(capsys: Output) -> None:
    assert run(["methods", "--json"]) == 0

    entries: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in entries] == list(METHODS)
    by_name = {entry["name"]: entry for entry in entries}
    assert by_name["esc"] == {
        "name": "esc",
        "help": METHODS["esc"].help,
        "added": False,
        "parts": None,
        "needs": None,
        "settings": {"window": "5"},
    }
    assert by_name["deadline"]["settings"] == {"seconds": None}
    assert by_name["deadline"]["needs"] == "seconds=60"
    assert by_name["adaptive-consistency"]["parts"] == "waves:width=1+settled:confidence=0.95"
    assert by_name["waves"]["added"] is True
