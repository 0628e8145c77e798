"""How votes lean when judges err: true shares 45/30/25, judges of AUROC 1.0, 0.7 and 0.5.

An unbiased vote gives each answer its true share of the weight. A judge that errs closes traces
into clusters of other answers, and their imputed ballots go there.
"""

from collections.abc import Mapping
from functools import cache
from random import Random

import anyio
import pytest
from support.recorded import recorded

from deepprune_sdk import Checkpoints, Composed, DeepPrune, SettledVote
from deepprune_sdk.data.trace import Pair, TracePrefix
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.evaluation.ranking import auroc
from deepprune_sdk.evaluation.replay import replay
from deepprune_sdk.evaluation.simulated import SimulatedJudge
from deepprune_sdk.policies import FullSampling, Policy
from deepprune_sdk.recording import RecordedTrace

# Thousands of replays, of code that other tests cover: to trace each line takes four times as long.
pytestmark = pytest.mark.no_cover

SHARES = {"1": 0.45, "2": 0.30, "3": 0.25}
N, RUNS = 32, 40
AT_5 = Checkpoints.tokens(5)
VOTES: Mapping[str, Policy] = {
    "cons": FullSampling(),
    "clusters": DeepPrune(checkpoints=AT_5),
    "survivors": DeepPrune(checkpoints=AT_5, vote="survivors"),
    "settled": SettledVote(confidence=0.95, of="full-vote", lookahead=1.5),
    "deepprune-settled": Composed(
        DeepPrune(checkpoints=AT_5, tau=0.98),
        SettledVote(confidence=0.95, of="full-vote", lookahead=1.5, count_imputed=True),
    ),
}


def sampled(run: int) -> list[RecordedTrace]:
    random = Random(f"shares/{run}")
    answers = random.choices(list(SHARES), weights=list(SHARES.values()), k=N)
    return [
        recorded(i, answer, random.randint(20, 60), problem=f"p{run}")
        for i, answer in enumerate(answers)
    ]


@cache
def judge_of(quality: float) -> SimulatedJudge:
    return SimulatedJudge({f"p{run}": sampled(run) for run in range(RUNS)}, quality)


@cache
def shares(vote: str, quality: float) -> dict[str, float]:
    """Mean share of the weight that each answer gets, over the runs."""
    total = dict.fromkeys(SHARES, 0.0)

    async def play() -> None:
        for run in range(RUNS):
            played = await replay(sampled(run), VOTES[vote], judge_of(quality), seed=run)
            result = played.result
            weight = sum(entry.observed + entry.imputed for entry in result.tally.values())
            for answer, entry in result.tally.items():
                total[answer] += (entry.observed + entry.imputed) / weight / RUNS

    anyio.run(play)
    return total


def bias(vote: str, quality: float) -> float:
    """How much more of the weight than its true share the most frequent answer gets."""
    return shares(vote, quality)["1"] - SHARES["1"]


@pytest.mark.parametrize("quality", [1.0, 0.7, 0.5])
def test_a_vote_that_asks_no_judge_has_the_same_shares_whatever_its_quality(quality: float) -> None:
    assert shares("cons", quality) == shares("cons", 1.0)
    assert abs(bias("cons", quality)) < 0.02


def test_a_perfect_judge_leaves_the_weighted_vote_as_it_was() -> None:
    assert shares("clusters", 1.0) == pytest.approx(shares("cons", 1.0), abs=1e-9)


def test_survivors_of_a_perfect_judge_are_one_an_answer() -> None:
    assert shares("survivors", 1.0) == pytest.approx(dict.fromkeys(SHARES, 1 / 3), abs=1e-9)
    assert bias("survivors", 1.0) < -0.1


def test_a_judge_that_knows_nothing_closes_nothing_since_it_says_so() -> None:
    # Calibrated at chance, it gives the share of equal pairs: 0.355, below every tau here.
    for vote in ("clusters", "survivors"):
        assert shares(vote, 0.5) == shares("cons", 0.5)
    assert shares("deepprune-settled", 0.5) == shares("settled", 0.5)


def test_errors_level_the_shares_and_a_high_tau_holds_them_back() -> None:
    # A trace is closed into the cluster of whoever came first, and that has any answer.
    assert -0.1 < bias("clusters", 0.7) < -0.01
    assert bias("survivors", 0.7) < bias("clusters", 0.7)
    assert shares("deepprune-settled", 0.7) == shares("settled", 0.7)


def test_a_vote_that_stops_early_leans_towards_the_leader_of_the_moment() -> None:
    assert 0.02 < bias("settled", 1.0) < 0.15


# --- the judge itself -----------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [1.0, 0.87, 0.7, 0.5])
def test_a_simulated_judge_has_the_auroc_that_was_asked_for(quality: float) -> None:
    traces = [recorded(i, Random(f"auroc/{i}").choice("1112"), 12, problem="p") for i in range(120)]
    judge = SimulatedJudge({"p": traces}, quality)
    pairs = [
        Pair(question="q?", left=prefix(traces[i]), right=prefix(traces[j]))
        for i in range(120)
        for j in range(i)
    ]
    scored: list[tuple[float, bool]] = []
    for pair, verdict in zip(pairs, anyio.run(judge.compare, pairs), strict=True):
        assert verdict.probability is not None
        ends = [side.text.split("x")[1][0] for side in (pair.left, pair.right)]
        scored.append((verdict.probability, ends[0] == ends[1]))
    if quality > 0.5:
        assert auroc(scored) == pytest.approx(quality, abs=0.02)
    if quality < 1.0:  # calibrated: the mean verdict is the share of equal pairs
        mean = sum(p for p, _ in scored) / len(scored)
        assert mean == pytest.approx(sum(same for _, same in scored) / len(scored), abs=0.02)


def prefix(trace: RecordedTrace) -> TracePrefix:
    return TracePrefix(
        trace=trace.trace, checkpoint=0, text="".join(trace.pieces[:6]), tokens=6, finished=False
    )


def test_a_simulated_judge_knows_recorded_traces_alone() -> None:
    judge = SimulatedJudge({"p": [recorded(0, "1")]}, 0.7)
    other = TracePrefix(trace=7, checkpoint=0, text="never written", tokens=2)
    with pytest.raises(LookupError, match="no recorded trace begins like trace 7"):
        anyio.run(judge.compare, [Pair(question="q?", left=other, right=other)])
    with pytest.raises(ConfigurationError, match=r"auroc=0\.4: give 0\.5"):
        SimulatedJudge({}, 0.4)
