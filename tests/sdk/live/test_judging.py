"""Asking a judge within its limits, without a run round it."""

from collections.abc import Sequence

import anyio
import pytest
from support.live import AwkwardJudge, StuckJudge

from deepprune_sdk import JudgeError, JudgingLimits
from deepprune_sdk.data import Pair, TracePrefix, Usage, Verdict
from deepprune_sdk.data.signals import Judged, PairKey
from deepprune_sdk.live.judging import Judging
from deepprune_sdk.testing import ScriptedJudge

pytestmark = pytest.mark.anyio


def pairs(number: int) -> list[Pair]:
    prefixes = [
        TracePrefix(trace=trace, checkpoint=3, text=f"text {trace}", tokens=2)
        for trace in range(number + 1)
    ]
    return [Pair(question="?", left=prefix, right=prefixes[0]) for prefix in prefixes[1:]]


def problems(judged: Sequence[Judged]) -> list[str | None]:
    return [one.problem for one in judged]


async def test_verdicts_come_back_with_the_names_of_their_pairs() -> None:
    judge = ScriptedJudge(lambda pair: pair.left.trace / 10, usage=Usage(prompt=7, generated=1))
    judging = Judging(judge, JudgingLimits())
    judged = await judging.ask(pairs(3))
    assert [one.pair for one in judged] == [
        PairKey(checkpoint=3, left=left, right=0) for left in (1, 2, 3)
    ]
    assert [one.verdict.probability for one in judged] == [0.1, 0.2, 0.3]
    report = judging.report
    assert (report.name, report.asked, report.scored) == ("scripted", 3, 3)
    assert (report.prompt_tokens, report.generated_tokens) == (21, 3)
    assert len(judge.batches) == 1


async def test_a_batch_that_is_late_is_left() -> None:
    judging = Judging(StuckJudge(), JudgingLimits(timeout=1e-3))
    assert problems(await judging.ask(pairs(2))) == ["late", "late"]
    assert (judging.report.asked, judging.report.late, judging.report.scored) == (2, 2, 0)


class Faulty:
    """A judge that goes wrong in one way a batch, and in each way twice."""

    name = "faulty"
    costs_tokens = False

    def __init__(self) -> None:
        self.batch = 0

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        self.batch += 1
        if self.batch <= 2:
            raise JudgeError(f"no server at\nport {self.batch} for SECRET \x1b[2J\u202e")
        if self.batch <= 4:
            return [Verdict(probability=2.0) for _ in pairs]
        await anyio.sleep_forever()
        raise AssertionError


async def test_each_fault_is_one_line_a_run(caplog: pytest.LogCaptureFixture) -> None:
    judging = Judging(Faulty(), JudgingLimits(timeout=0.01))
    for _ in range(6):
        await judging.ask(pairs(1))

    report = judging.report
    assert (report.failed, report.malformed, report.late) == (2, 2, 2)
    assert report.fault == "failed: no server at port 1 for SECRET [2J"
    assert [record.getMessage() for record in caplog.records] == [
        "judge faulty: failed with JudgeError; the traces are kept",
        "judge faulty: gave what is not a probability; the traces are kept",
        "judge faulty: gave no verdict within 0.01 seconds; the traces are kept",
    ]


async def test_a_long_fault_is_cut() -> None:
    judging = Judging(AwkwardJudge("x" * 10_000), JudgingLimits())
    await judging.ask(pairs(2))

    assert len(judging.report.fault) == 400
    assert judging.report.malformed == 2


async def test_cancelling_is_not_taken_for_a_failure() -> None:
    judging = Judging(StuckJudge(), JudgingLimits())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await judging.ask(pairs(1))
    assert scope.cancelled_caught
    assert judging.report.failed == 0


async def test_pairs_beyond_the_budget_are_not_asked() -> None:
    judge = ScriptedJudge(lambda pair: 0.9)
    judging = Judging(judge, JudgingLimits(max_pairs=3))
    assert problems(await judging.ask(pairs(2))) == [None, None]
    assert problems(await judging.ask(pairs(2))) == [None, "budget"]
    assert problems(await judging.ask(pairs(2))) == ["budget", "budget"]
    assert [len(batch) for batch in judge.batches] == [2, 1]
    assert (judging.report.asked, judging.report.budget) == (3, 3)


async def test_once_the_tokens_are_spent_no_pair_is_asked() -> None:
    judge = ScriptedJudge(lambda pair: 0.9, usage=Usage(prompt=9, generated=1))
    judging = Judging(judge, JudgingLimits(max_tokens=20))
    assert problems(await judging.ask(pairs(1))) == [None]
    assert problems(await judging.ask(pairs(2))) == [None, None]
    assert problems(await judging.ask(pairs(1))) == ["budget"]
    assert judging.report.prompt_tokens == 27


async def test_one_bad_verdict_does_not_spoil_the_batch() -> None:
    verdicts = [
        Verdict(probability=0.9, usage=Usage(generated=1)),
        Verdict(probability=2.0, usage=Usage(generated=2)),
        Verdict(probability=None, usage=Usage(generated=4)),
        Verdict(probability=1, usage=Usage(generated=8)),
    ]
    judging = Judging(AwkwardJudge(verdicts), JudgingLimits())
    judged = await judging.ask(pairs(4))
    assert problems(judged) == [None, "malformed", "unscored", None]
    assert [one.verdict.probability for one in judged] == [0.9, None, None, 1]
    assert judging.report.generated_tokens == 15
    assert (judging.report.scored, judging.report.malformed, judging.report.unscored) == (2, 1, 1)


async def test_nothing_to_ask() -> None:
    judge = ScriptedJudge(lambda pair: 0.9)
    assert await Judging(judge, JudgingLimits()).ask([]) == []
    assert judge.batches == []


class Computing(ScriptedJudge):
    """Can be asked without leaving the thread."""

    def score(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        return [Verdict(probability=0.4)] * len(pairs)


@pytest.mark.parametrize(("inline", "probability"), [(True, 0.4), (False, 0.9)])
async def test_a_judge_that_computes_may_be_asked_inline(inline: bool, probability: float) -> None:
    judging = Judging(Computing(lambda pair: 0.9), JudgingLimits())
    (judged,) = await judging.ask(pairs(1), inline=inline)
    assert judged.verdict.probability == probability
