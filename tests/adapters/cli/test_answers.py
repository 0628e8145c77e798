"""`deepprune answers`: the list of kinds, for people and for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deepprune_adapters.cli.app import run
from deepprune_sdk.methods import ANSWERS

Output = pytest.CaptureFixture[str]


def test_every_kind_is_listed_with_an_example(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    assert run(["answers"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert [line for line in lines if line != line.rstrip()] == []
    assert [line.split()[0] for line in lines[1:] if line[:1].strip()] == list(ANSWERS)
    said = " ".join(" ".join(lines).split())
    for row in ANSWERS.values():
        assert f"{row.name} {row.help}" in said
        assert (f"such as {row.example}" in said) is (row.example != row.name)


def test_programs_read_json(capsys: Output) -> None:
    assert run(["answers", "--json"]) == 0

    entries: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in entries] == list(ANSWERS)
    assert {entry["name"]: entry["example"] for entry in entries} == {
        name: row.example for name, row in ANSWERS.items()
    }
