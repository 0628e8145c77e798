"""A stranger's numbers: what is believed of them, and that no run ends over the rest."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

import pytest
from support.live import StepBackend
from support.pairs import pair

from deepprune_sdk import FullSampling, ParallelReasoner
from deepprune_sdk.data import Chunk, Pair, Trace, Usage, Verdict
from deepprune_sdk.data.figures import (
    are_numbers,
    believed,
    believed_chunk,
    log_probability,
    one_line,
    seconds,
    token_count,
)
from deepprune_sdk.live.judging import Judging
from deepprune_sdk.policies.limits import JudgingLimits

NONSENSE: list[Any] = [
    -1,
    10**30,
    10**400,
    10**5000,
    1e308,
    1.5,
    float("nan"),
    float("inf"),
    "12",
    True,
    [3],
    {},
    None,
]
FIVE = "\\boxed{5}"


@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: f"{type(value).__name__}")
def test_nonsense_is_no_number_of_tokens(value: object) -> None:
    assert token_count(value) is None


@pytest.mark.parametrize("value", [0, 1, 12, 12.0, 2_000_000])
def test_a_number_of_tokens_is_one(value: float) -> None:
    assert token_count(value) == value


def test_a_log_probability() -> None:
    sound = {0: 0.0, -0.5: -0.5, 1e-9: 0.0, float("-inf"): -10_000.0, -(10**400): -10_000.0}
    assert {value: log_probability(value) for value in sound} == sound
    odd = (1.0, 10**400, float("nan"), float("inf"), "-1", True, None, [-1.0])
    assert [log_probability(value) for value in odd] == [None] * len(odd)


def test_the_values_of_a_vector() -> None:
    assert are_numbers([1, 0.5, -3])
    for odd in ([float("nan")], [10**400], ["1"], [True], [None], None, 3, "12"):
        assert not are_numbers(odd)


def test_a_time_to_wait() -> None:
    assert [seconds(value) for value in (0, 1.5, 1e9)] == [0.0, 1.5, 1e9]
    odd = (-1, 10**400, float("nan"), float("inf"), "3", True, None)
    assert [seconds(value) for value in odd] == [None] * len(odd)


@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: f"{type(value).__name__}")
def test_what_is_sound_of_a_report_is_kept(value: Any) -> None:
    assert believed(Usage(prompt=3, generated=value)) is None
    assert believed(Usage(prompt=value, generated=5)) == Usage(generated=5, estimated=True)
    trace = Trace(0)
    trace.append(Chunk(pieces=("a", "b")), 0, 2)
    trace.report(Usage(prompt=3, generated=value))
    assert trace.cost == Usage(generated=2, estimated=True)


def test_a_sound_report_is_returned_as_it_is() -> None:
    chunk = Chunk(pieces=("a",), usage=Usage(prompt=1, generated=1), confidences=(0.5,))
    assert believed_chunk(chunk) is chunk


@pytest.mark.parametrize("scores", [("x",), (float("nan"),), (10**400,), (1.0, 2.0), 3, (None,)])
def test_scores_that_are_none_are_left_out(scores: Any) -> None:
    chunk = Chunk(pieces=("a",), confidences=scores, logprobs=(-0.5,))
    assert believed_chunk(chunk) == Chunk(pieces=("a",), logprobs=(-0.5,))


def test_a_foreign_name_is_one_printable_line() -> None:
    assert one_line("a\x1b[31m\r\nb\u202e") == "a [31m b"
    assert len(one_line("x" * 10**6)) == 200
    assert one_line(3) == ""


@pytest.mark.anyio
@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: f"{type(value).__name__}")
async def test_a_backends_nonsense_ends_no_run(value: Any) -> None:
    odd = Chunk(pieces=(FIVE,), usage=Usage(prompt=value, generated=value), confidences=(value,))
    result = await ParallelReasoner(StepBackend([odd], [FIVE]), policy=FullSampling()).solve(
        "?", n=2
    )
    assert result.answer == "5"
    assert (result.usage.generated, result.usage.estimated) == (2, True)


class OddJudge:
    costs_tokens = False

    def __init__(self, name: Any, verdict: Any) -> None:
        self.name = name
        self._verdict = verdict

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return [cast("Verdict", self._verdict) for _ in pairs]


@pytest.mark.anyio
@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: f"{type(value).__name__}")
async def test_a_judges_nonsense_reaches_no_total(value: Any) -> None:
    for usage in (Usage(prompt=value, generated=value), value):
        judging = Judging(OddJudge("j", Verdict(probability=0.5, usage=usage)), JudgingLimits())
        (judged,) = await judging.ask([pair()])
        assert judged.verdict.probability == 0.5
        assert (judging.report.prompt_tokens, judging.report.generated_tokens) == (0, 0)
        judging = Judging(
            OddJudge(value, Verdict(probability=cast("float", value))), JudgingLimits()
        )
        (judged,) = await judging.ask([pair()])
        assert judged.problem == ("unscored" if value is None else "malformed") or value is True
        assert judging.report.name == ("12" if value == "12" else "OddJudge")


@pytest.mark.anyio
async def test_any_number_between_none_and_one_is_a_probability() -> None:
    judge = OddJudge("j\x1b[2J", Verdict(probability=cast("float", Fraction(1, 4))))
    judging = Judging(judge, JudgingLimits())
    (judged,) = await judging.ask([pair()])
    assert type(judged.verdict.probability) is float
    assert judging.report.name == "j [2J"
