"""The core's judges by name."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

import anyio
import pytest

from deepprune_sdk import ConfigurationError, LearnedJudge
from deepprune_sdk.data import Pair, TracePrefix, Verdict
from deepprune_sdk.judges import as_judge
from deepprune_sdk.judges.weights import load_weights
from deepprune_sdk.methods import JUDGES, JudgeRow
from deepprune_sdk.protocols import Judge
from deepprune_sdk.testing import ScriptedJudge, check_judge

LEFT = TracePrefix(trace=0, checkpoint=0, text="12 + 30 = 42", tokens=5)
RIGHT = TracePrefix(trace=1, checkpoint=0, text="30 + 12 is 41", tokens=5)
PAIRS = [Pair(question="What is 12 + 30?", left=LEFT, right=RIGHT)]


def probability(judge: Judge) -> float | None:
    return anyio.run(judge.compare, PAIRS)[0].probability


def test_a_judge_can_be_named() -> None:
    assert probability(as_judge("learned")) == probability(LearnedJudge())
    assert probability(as_judge("learned:prior=0.8")) == probability(LearnedJudge(prior=0.8))
    mine = ScriptedJudge(lambda pair: 0.5)
    assert as_judge(mine) is mine


def test_weights_are_named_with_or_without_their_key(tmp_path: Path) -> None:
    file = tmp_path / "a=b.json"
    weights = load_weights(None).model_copy(update={"intercept": 1.0})
    file.write_text(weights.dump())
    expected = probability(LearnedJudge(weights))
    assert expected != probability(LearnedJudge())
    assert probability(as_judge(f"learned:{file}")) == expected
    assert probability(as_judge(f"learned:weights={file}")) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "learnt",
            r"no judge 'learnt': did you mean learned\? known: .*learned.*; give another one",
        ),
        ("remote:M@http://h/v1", "no judge 'remote'.*; .*RemoteJudge"),
        ("learned:prio=0.5", r"learned has no setting 'prio=0.5': did you mean prior\?"),
        ("learned:prior=most", "learned:prior=most: give the share"),
        ("learned:prior=1", "between 0 and 1"),
        ("learned:/nowhere/w.json", "/nowhere/w.json"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        as_judge(text)


@pytest.mark.parametrize("name", JUDGES)
def test_every_judge_of_the_table_keeps_the_contract(name: str) -> None:
    judge = as_judge(name)
    assert judge.name == name
    anyio.run(partial(check_judge, judge, reads_batch=True))


def test_a_judge_without_settings_is_a_file_and_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    class Even:
        name = "coin-toss"
        costs_tokens = False

        async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
            return [Verdict(probability=0.5) for _ in pairs]

    module = ModuleType("deepprune_sdk.judges.coin_toss")
    vars(module)["Even"] = Even
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(JUDGES, "coin-toss", JudgeRow(name="coin-toss", judge="Even"))
    assert probability(as_judge("coin-toss")) == 0.5
    with pytest.raises(ConfigurationError, match="coin-toss has no setting 'side=1'"):
        as_judge("coin-toss:side=1")
    with pytest.raises(ConfigurationError, match="did you mean coin-toss"):
        as_judge("cointoss")
