"""DeepConf on worked examples."""

import pytest
from recorded import Oracle, recorded

from deepprune_sdk import ConfigurationError, DeepConf, ParallelReasoner, Sampling
from deepprune_sdk.evaluation.replay import replay
from deepprune_sdk.policies.confidence import group_confidences, percentile
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


async def test_n_must_be_above_the_warm_up() -> None:
    reasoner = ParallelReasoner(ScriptedBackend(["x"]), policy=DeepConf.low())
    with pytest.raises(ConfigurationError, match="n=16 is not above DeepConf's warm-up of 16"):
        await reasoner.solve("q", n=16)


async def test_no_log_probabilities_is_one_error_before_more_tokens_are_spent() -> None:
    backend = ScriptedBackend(["one two three four \\boxed{1}"])
    reasoner = ParallelReasoner(
        backend, policy=DeepConf.low(warmup=2), sampling=Sampling(top_logprobs=20)
    )
    with pytest.raises(ConfigurationError, match="needs log-probabilities"):
        await reasoner.solve("q", n=4)
    assert len(backend.requests) == 1
    assert backend.open == 0
