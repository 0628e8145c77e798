"""DeepConf on worked examples."""

import pytest
from support.driving import Driver
from support.recorded import Oracle, recorded

from deepprune_sdk import (
    Composed,
    ConfigurationError,
    DeepConf,
    FullSampling,
    ParallelReasoner,
    Sampling,
    TokenBudget,
)
from deepprune_sdk.data.signals import Arrived
from deepprune_sdk.data.types import Chunk
from deepprune_sdk.evaluation.replay import replay
from deepprune_sdk.policies.confidence_votes import Weighing, group_confidences, percentile, weigh
from deepprune_sdk.recording import RecordedTrace
from deepprune_sdk.testing import ScriptedBackend

pytestmark = pytest.mark.anyio


def test_the_bar_of_a_worked_example_to_the_last_digit() -> None:
    scores = [3.0, 1.0, 4.0, 1.5, 5.5]
    # Sorted 1, 1.5, 3, 4, 5.5. The 90th percentile lies at position 3.6: 4 + 0.6 * 1.5.
    assert percentile(scores, 0.9) == pytest.approx(4.9, abs=1e-15)
    assert percentile(scores, 0.1) == pytest.approx(1.2, abs=1e-15)
    assert percentile([2.0], 0.9) == 2.0


def test_group_confidences_are_means_of_full_windows() -> None:
    assert group_confidences([1.0, 3.0, 5.0, 1.0], 2) == [2.0, 4.0, 3.0]
    assert group_confidences([1.0, 3.0], 5) == [2.0]


def trace(number: int, answer: str, values: list[float]) -> RecordedTrace:
    return recorded(number, answer, len(values), confidence=values)


async def test_a_trace_under_the_bar_is_closed_at_the_token_that_takes_its_window_under() -> None:
    warm = [trace(0, "1", [4.0] * 8), trace(1, "2", [2.0] * 8)]
    # Window: a quarter of the median of 8 tokens. DeepConf-high's bar: 2 + 0.1 * 2 = 2.2.
    falls = trace(2, "3", [9.0, 9.0, 9.0, 1.0, 1.0, 9.0, 9.0, 9.0])
    holds = trace(3, "1", [3.0] * 8)
    policy = DeepConf(kept=0.9, warmup=2, consensus=None)
    result = (await replay([*warm, falls, holds], policy, Oracle())).result
    assert [t.outcome for t in result.traces] == ["finished", "finished", "pruned", "finished"]
    assert result.traces[2].tokens == 5
    assert result.traces[2].reason == "low confidence"
    # Trace 1 is under the bar: its answer was seen and weighs nothing. The others weigh a score.
    assert [t.weight for t in result.traces] == [4.0, 0.0, 0.0, 3.0]
    assert result.answer == "1"
    assert result.tally["1"].observed == 7.0


async def test_consensus_of_warm_up_and_kept_traces_ends_the_run() -> None:
    traces = [trace(i, "1", [4.0 + i] * 8) for i in range(3)]
    traces += [trace(i, "1", [9.0] * 40) for i in range(3, 8)]
    result = (await replay(traces, DeepConf(kept=0.9, warmup=3), Oracle())).result
    assert (result.ended_because, result.answer) == ("consensus", "1")
    assert len(result.traces) < 8 or any(t.outcome == "stopped" for t in result.traces)


@pytest.mark.parametrize(
    ("by", "weight"),
    [
        ("majority", 1.0),
        ("mean", 3.8),
        ("tail", 1.5),  # the last two
        ("bottom", 1.5),  # the lowest of nine windows
        ("minimum", 1.5),
    ],
)
def test_what_a_ballot_weighs(by: Weighing, weight: float) -> None:
    values = [4.0, 6.0, 2.0, 8.0, 5.0, 3.0, 3.0, 4.0, 2.0, 1.0]
    assert weigh(by, values, 2) == pytest.approx(weight)


def test_the_lowest_tenth_of_the_windows() -> None:
    values = [float(value) for value in range(40, 0, -1)]
    # 40 windows of one token; the lowest four are 1, 2, 3 and 4.
    assert weigh("bottom", values, 1) == 2.5
    assert weigh("bottom", [7.0], 4) == 7.0


async def test_offline_every_trace_runs_in_full_and_its_tail_weighs() -> None:
    traces = [
        trace(0, "1", [9.0] * 6 + [1.0] * 2),
        trace(1, "1", [9.0] * 6 + [2.0] * 2),
        trace(2, "2", [1.0] * 6 + [4.0] * 2),
    ]
    result = (await replay(traces, DeepConf.offline(vote="tail"), Oracle())).result
    assert [t.outcome for t in result.traces] == ["finished"] * 3
    assert [t.weight for t in result.traces] == [1.0, 2.0, 4.0]
    assert result.answer == "2"
    majority = (await replay(traces, DeepConf.offline(vote="majority"), Oracle())).result
    assert majority.answer == "1"


async def test_only_the_heaviest_ballots_count_at_the_end() -> None:
    values = [1.0, 2.0, 3.0, 8.0, 9.0]
    traces = [trace(i, "1" if i < 4 else "2", [v] * 8) for i, v in enumerate(values)]
    for top, weights in ((0.2, [0, 0, 0, 0, 9]), (0.3, [0, 0, 0, 8, 9]), (0.4, [0, 0, 0, 8, 9])):
        result = (await replay(traces, DeepConf.offline(vote="mean", top=top), Oracle())).result
        assert [t.weight for t in result.traces] == weights


async def test_kept_of_the_offline_traces_is_those_above_the_bar() -> None:
    traces = [trace(i, str(i), [float(i + 1)] * 8) for i in range(5)]
    # Scores 1 to 5; the median is the bar.
    result = (await replay(traces, DeepConf.offline(kept=0.5), Oracle())).result
    assert [t.weight for t in result.traces] == [0, 0, 3, 4, 5]


async def test_n_must_be_above_the_warm_up() -> None:
    reasoner = ParallelReasoner(ScriptedBackend(["x"]), policy=DeepConf.low())
    with pytest.raises(ConfigurationError, match="n=16 is not above DeepConf's warm-up of 16"):
        await reasoner.solve("q", n=16)


async def test_no_log_probabilities_is_one_error_before_more_tokens_are_spent() -> None:
    backend = ScriptedBackend(["one two three four \\boxed{1}"])
    reasoner = ParallelReasoner(backend, policy=DeepConf.low(warmup=2))
    with pytest.raises(ConfigurationError, match="needs log-probabilities and none came"):
        await reasoner.solve("q", n=4)
    assert len(backend.requests) == 1
    assert backend.open == 0


class Sure(Driver):
    """Tells traces whose tokens all have one confidence."""

    def grow(self, trace: int, confidence: float, tokens: int = 4) -> None:
        pieces = tuple(" w" for _ in range(tokens))
        self.tell(
            Arrived(trace=trace, chunk=Chunk(pieces=pieces, confidences=(confidence,) * tokens))
        )

    def run(self, trace: int, confidence: float, answer: str = "1") -> None:
        self.grow(trace, confidence)
        pieces = (f"\\boxed{{{answer}}}",)
        self.tell(Arrived(trace=trace, chunk=Chunk(pieces=pieces, confidences=(confidence,))))
        self.end(trace)


def test_one_trace_starts_first_and_failed_warm_ups_are_replaced_within_n() -> None:
    driver = Sure(DeepConf(kept=0.9, warmup=2, consensus=None), n=5)
    assert driver.open == {0}
    driver.fail(0)  # before its first token: the next one is looked at
    assert driver.open == {1}
    driver.grow(1, 4.0)
    assert driver.open == {1, 2}
    driver.fail(2)
    assert driver.open == {1, 3}
    driver.run(3, 2.0)
    assert driver.open == {1}  # the bar needs both
    driver.run(1, 4.0)
    assert driver.open == {4}
    driver.grow(4, 1.0)  # the bar is 2.2
    assert driver.outcomes() == ["failed", "finished", "failed", "finished", "pruned"]


def test_a_warm_up_that_cannot_be_filled_makes_do_with_what_there_is() -> None:
    driver = Sure(DeepConf(kept=0.9, warmup=2), n=3)
    driver.run(0, 4.0)
    driver.fail(1)
    driver.fail(2)
    assert driver.over
    assert driver.result().answer == "1"


def test_a_trace_that_ends_without_a_token_is_no_warm_up() -> None:
    driver = Sure(DeepConf(kept=0.9, warmup=1), n=3)
    driver.end(0)
    assert driver.open == {1}
    driver.run(1, 4.0)
    assert driver.ended_because == "consensus"


def test_no_policy_closes_a_warm_up_trace() -> None:
    policy = Composed(DeepConf(kept=0.9, warmup=2), TokenBudget(trace=2))
    driver = Sure(policy, n=4)
    driver.grow(0, 4.0)
    driver.grow(1, 4.0)
    assert driver.outcomes() == [None, None]


async def test_the_candidates_that_confidence_needs_are_asked_for() -> None:
    backend = ScriptedBackend(["\\boxed{1}"])
    reasoner = ParallelReasoner(
        backend, policy=Composed(DeepConf.low(warmup=2), TokenBudget(run=9))
    )
    with pytest.raises(ConfigurationError):
        await reasoner.solve("q", n=4)
    assert backend.requests[0].sampling.top_logprobs == 20
    other = ParallelReasoner(backend, policy=FullSampling(), sampling=Sampling(top_logprobs=5))
    await other.solve("q", n=1)
    assert backend.requests[1].sampling.top_logprobs == 5
