"""Judges by name on the command line."""

from __future__ import annotations

import pytest

from deepprune_adapters.cli.choose import choose_judge, choose_live_judge
from deepprune_adapters.judges import ProbeJudge, RemoteJudge
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.judges import LearnedJudge
from deepprune_sdk.testing import ScriptedBackend

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
    ],
)
def test_what_a_name_must_come_with(judge: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        choose_judge(judge)


def test_a_local_model_that_is_not_there_is_one_line() -> None:
    make = choose_judge("transformers:no/such/model")

    with pytest.raises(ConfigurationError) as caught:
        make()
    assert "\n" not in str(caught.value)
