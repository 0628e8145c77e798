"""The core's judges by name."""

from pathlib import Path

import anyio
import pytest

from deepprune_sdk import ConfigurationError, LearnedJudge
from deepprune_sdk.data import Pair, TracePrefix
from deepprune_sdk.judges import as_judge
from deepprune_sdk.judges.weights import load_weights
from deepprune_sdk.protocols import Judge
from deepprune_sdk.testing import ScriptedJudge

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
        ("learnt", r"no judge 'learnt': did you mean learned\? known: learned; give another one"),
        ("remote:M@http://h/v1", "no judge 'remote'; known: learned; .*RemoteJudge"),
        ("learned:prio=0.5", r"learned has no setting 'prio=0.5': did you mean prior\?"),
        ("learned:prior=most", "learned:prior=most: give the share"),
        ("learned:prior=1", "between 0 and 1"),
        ("learned:/nowhere/w.json", "/nowhere/w.json"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        as_judge(text)
