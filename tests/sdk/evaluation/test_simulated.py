"""SimulatedJudge: recorded endings, told as well as a judge of a given AUROC would."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.recorded import recorded

from deepprune_sdk import DeepPrune
from deepprune_sdk.data.trace import Pair, TracePrefix
from deepprune_sdk.evaluation.replay import replay
from deepprune_sdk.evaluation.simulated import SimulatedJudge
from deepprune_sdk.judges import CachedJudge
from deepprune_sdk.policies import Checkpoints
from deepprune_sdk.protocols import ScoresInline

pytestmark = pytest.mark.anyio

TRACES = [recorded(0, "1", 20), recorded(1, "1", 20), recorded(2, "2", 20)]


def begun(left: int, right: int, words: int = 5) -> Pair:
    return Pair(
        question=TRACES[0].question,
        left=_prefix(left, words),
        right=_prefix(right, words),
    )


def _prefix(trace: int, words: int) -> TracePrefix:
    text = "".join(TRACES[trace].pieces[:words])
    return TracePrefix(trace=trace, checkpoint=0, text=text, tokens=words)


async def test_it_scores_inline_what_it_says_when_it_is_awaited() -> None:
    judge = SimulatedJudge({"p": TRACES}, 0.8)
    pairs = [begun(0, 1), begun(0, 2), begun(1, 2)]

    assert isinstance(judge, ScoresInline)
    inline = judge.score(pairs)
    assert inline == await judge.compare(pairs)
    assert len({verdict.probability for verdict in inline}) == 3
    with pytest.raises(LookupError, match="no recorded trace begins like trace 0"):
        judge.score([Pair(question="another", left=pairs[0].left, right=pairs[0].right)])


async def test_a_text_with_half_a_character_is_judged_too() -> None:
    broken = [replace(trace, pieces=("\ud83d", *trace.pieces)) for trace in TRACES[:2]]
    left, right = (
        TracePrefix(trace=trace.trace, checkpoint=0, text=trace.text, tokens=trace.tokens)
        for trace in broken
    )

    (verdict,) = SimulatedJudge({"p": broken}, 0.8).score(
        [Pair(question=broken[0].question, left=left, right=right)]
    )

    assert verdict.probability is not None


async def test_its_verdicts_are_remembered_over_replays() -> None:
    judge = CachedJudge(SimulatedJudge({"p": TRACES}, 1.0))
    policy = DeepPrune(checkpoints=Checkpoints.tokens(5))

    first, again = [await replay(TRACES, policy, judge) for _ in range(2)]

    assert first == again
    assert judge.misses == judge.hits > 0
