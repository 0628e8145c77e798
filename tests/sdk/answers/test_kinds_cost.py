"""Reading JSON costs a constant per character, counted in characters that are looked at."""

from __future__ import annotations

import re

import pytest

from deepprune_sdk.answers import JsonAnswers, ToolAnswers, json_region, json_text

UNITS = [
    '{"a": ',
    "[",
    '{"',
    "{'",
    '{"a" ',
    "{ [1] x ",
    '{"\\"',
    '{"a": [',
    '"] ',
    "<tool_call>",
    "{//\n",
]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("answers", [JsonAnswers(), ToolAnswers()])
@pytest.mark.parametrize("complete", [True, False])
def test_no_character_is_read_again_and_again(
    unit: str, answers: JsonAnswers | ToolAnswers, complete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0
    token = json_region.token

    def counted(text: str, at: int = 0) -> re.Match[str] | None:
        nonlocal looked_at
        found = token(text, at)
        looked_at += 1 if found is None else found.end() - at
        return found

    monkeypatch.setattr(json_region, "token", counted)
    monkeypatch.setattr(json_text, "token", counted)
    text = unit * 3000

    answers.extract(text, complete=complete)

    assert looked_at < 4 * len(text)
