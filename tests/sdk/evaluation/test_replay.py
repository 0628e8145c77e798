"""Recorded traces in virtual time: what a live run with equal speeds would have done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recorded import Oracle, recorded

from deepprune_sdk import (
    Checkpoints,
    Composed,
    ConfigurationError,
    Deadline,
    DeepPrune,
    FullSampling,
    LearnedJudge,
    ParallelProbe,
    RecordingError,
    SettledVote,
    StopAtAnswer,
    TokenBudget,
    UnanimousWindow,
    Waves,
    method,
)
from deepprune_sdk.evaluation.draws import draw
from deepprune_sdk.evaluation.replay import Replayed, replay
from deepprune_sdk.policies import Policy
from deepprune_sdk.recording import RecordedTrace

pytestmark = pytest.mark.anyio


async def play(
    traces: list[RecordedTrace], policy: Policy, concurrency: int | None = None
) -> Replayed:
    return await replay(traces, policy, Oracle(), concurrency=concurrency)


async def test_full_sampling_costs_all_tokens_and_lasts_as_long_as_the_longest() -> None:
    traces = [recorded(0, "1", 20), recorded(1, "2", 35), recorded(2, "1", 11)]
    played = await play(traces, FullSampling())
    assert played.result.answer == "1"
    assert played.result.usage.generated == 66
    assert played.critical_tokens == 35
    assert [t.text for t in played.result.traces] == [t.text for t in traces]


async def test_waves_add_their_longest_traces_up() -> None:
    traces = [recorded(i, "1", 10 + i) for i in range(4)]
    assert (await play(traces, Waves(width=2))).critical_tokens == 11 + 13
    assert (await play(traces, Waves(width=1))).critical_tokens == 10 + 11 + 12 + 13


async def test_a_limited_number_of_streams_queues_the_rest() -> None:
    traces = [recorded(i, "1", 10) for i in range(4)]
    played = await play(traces, FullSampling(), concurrency=2)
    assert played.critical_tokens == 20
    assert played.result.usage.generated == 40


async def test_a_pruned_trace_costs_what_it_wrote_by_then() -> None:
    traces = [recorded(0, "1", 30), recorded(1, "1", 30), recorded(2, "2", 30)]
    played = await play(traces, DeepPrune(checkpoints=Checkpoints.tokens(10)))
    closed = played.result.traces[1]
    assert (closed.outcome, closed.into, closed.tokens) == ("pruned", 0, 10)
    assert closed.text == "".join(traces[1].pieces[:10])
    assert played.result.usage.generated == 30 + 10 + 30


async def test_a_trace_says_where_the_judge_compared_it_unfinished() -> None:
    traces = [recorded(0, "1", 30), recorded(1, "2", 25), recorded(2, "1", 30), recorded(3, "3", 8)]
    played = await play(traces, DeepPrune(checkpoints=Checkpoints.tokens(10, 20)))
    compared = [trace.compared_at for trace in played.result.traces]
    assert compared == [[10, 20], [10, 20], [10], []]  # the third was closed, the last had ended
    full = await play(traces, FullSampling())
    assert not any(trace.compared_at for trace in full.result.traces)


async def test_traces_that_are_stopped_have_written_as_much_as_time_has_passed() -> None:
    traces = [recorded(i, "1", 10) for i in range(3)] + [recorded(3, "2", 50), recorded(4, "2", 60)]
    played = await play(traces, Composed(FullSampling(), SettledVote()))
    assert played.result.ended_because == "settled"
    assert played.critical_tokens == 10
    assert [t.tokens for t in played.result.traces] == [10, 10, 10, 10, 10]
    assert [t.outcome for t in played.result.traces][3:] == ["stopped", "stopped"]


async def test_a_closed_trace_whose_answer_was_already_written_casts_an_observed_ballot() -> None:
    early = recorded(1, "2", 40).pieces
    spoken = (*early[:5], " \\boxed{2}", *early[6:39], " so")
    traces = [
        *(recorded(i, "1", 20) for i in range(4)),
        RecordedTrace(problem="p", question="q?", model="m", trace=9, pieces=spoken, finish="stop"),
    ]
    played = await play(traces, Composed(FullSampling(), SettledVote()))
    last = played.result.traces[-1]
    assert (last.outcome, last.answer, last.imputed, last.tokens) == ("stopped", "2", False, 20)


async def test_continuing_goes_on_where_the_trace_was_closed() -> None:
    traces = [recorded(0, None, 20), recorded(1, None, 30)]
    same = [
        trace
        if i == 0
        else RecordedTrace(
            problem="p",
            question="q?",
            model="m",
            trace=1,
            pieces=(*trace.pieces[:-1], " \\boxed{7}"),
            finish="stop",
        )
        for i, trace in enumerate(traces)
    ]
    policy = DeepPrune(checkpoints=Checkpoints.tokens(10))
    played = await replay(same, policy, Oracle(), can_continue=True)
    assert played.result.answer == "7"
    assert played.result.traces[1].tokens == 30
    assert played.critical_tokens == 20 + (30 - 10)


async def test_the_same_seed_gives_the_same_result() -> None:
    traces = [recorded(i, str(i % 3), 10 + i) for i in range(12)]
    drawn = draw(traces, 8, seed=4)
    assert [t.trace for t in drawn] == [t.trace for t in draw(traces, 8, seed=4)]
    assert len({t.trace for t in drawn}) == 8
    first = await replay(drawn, method("deepprune-settled"), LearnedJudge(), seed=4)
    again = await replay(drawn, method("deepprune-settled"), LearnedJudge(), seed=4)
    assert first == again


def test_a_draw_needs_enough_traces_and_complete_ones() -> None:
    traces = [recorded(0, "1"), recorded(1, "1", finish="pruned")]
    with pytest.raises(RecordingError, match=r"n=3, but problem 'p' has 2 recorded traces"):
        draw(traces, 3, seed=0)
    with pytest.raises(RecordingError, match=r"trace 1 of problem 'p' was pruned"):
        draw(traces, 1, seed=0)


async def test_a_token_budget_ends_the_run_or_the_trace() -> None:
    traces = [recorded(i, "1", 50) for i in range(4)]
    played = await play(traces, Composed(FullSampling(), TokenBudget(run=60)))
    assert played.result.ended_because == "token budget"
    assert played.result.usage.generated == 60
    played = await play(traces, Composed(FullSampling(), TokenBudget(trace=20)))
    assert [t.tokens for t in played.result.traces] == [20] * 4
    assert played.result.answer is None


async def test_a_deadline_never_comes_where_there_is_no_clock() -> None:
    traces = [recorded(i, "1", 50) for i in range(2)]
    played = await play(traces, Composed(FullSampling(), Deadline(seconds=0.001)))
    assert played.result.ended_because == "complete"


async def test_a_trace_is_closed_at_the_brace_that_completes_its_answer() -> None:
    pieces = (
        *(" w" for _ in range(10)),
        " \\boxed",
        "{",
        "4",
        "2",
        "}",
        *(" bye" for _ in range(30)),
    )
    trace = RecordedTrace(
        problem="p", question="q?", model="m", trace=0, pieces=pieces, finish="stop"
    )
    played = await play([trace], Composed(FullSampling(), StopAtAnswer(every=1)))
    report = played.result.traces[0]
    assert (report.outcome, report.answer, report.tokens) == ("answered", "42", 15)
    reasoning = RecordedTrace(
        problem="p", question="q?", model="m", trace=0, pieces=pieces, finish="stop", reasoning=40
    )
    played = await play([reasoning], Composed(FullSampling(), StopAtAnswer(every=1)))
    assert played.result.traces[0].tokens == len(pieces)


async def test_esc_stops_at_the_first_unanimous_window() -> None:
    answers = ["1", "2", "1", "1", "1", "1", "1", "1", "1", "1", "2"]
    traces = [recorded(i, answer, 10) for i, answer in enumerate(answers)]
    played = await play(traces, UnanimousWindow(window=5))
    assert (played.result.ended_because, len(played.result.traces)) == ("unanimous", 10)
    assert (await play(traces[:5], UnanimousWindow(window=5))).result.ended_because == "complete"


async def test_what_has_answered_is_closed_though_it_alone_speaks_for_its_cluster() -> None:
    pieces = (*(f" w{i}" for i in range(9)), " \\boxed{1}", " as", " was", " asked")
    trace = RecordedTrace(
        problem="p", question="q?", model="m", trace=0, pieces=pieces, finish="stop"
    )
    policy = Composed(DeepPrune(checkpoints=Checkpoints.tokens(5)), StopAtAnswer(every=1))
    played = await play([trace], policy)
    assert played.result.answer == "1"
    assert [(t.outcome, t.tokens) for t in played.result.traces] == [("answered", 10)]


@pytest.mark.parametrize(("unanimous", "started"), [(3, 3), (5, 4), (9, 4)])
async def test_four_unanimous_answers_settle_adaptive_consistency_and_three_do_not(
    unanimous: int, started: int
) -> None:
    traces = [recorded(i, "1", 10) for i in range(unanimous)]
    played = await play(traces, method("adaptive-consistency"))
    assert len(played.result.traces) == started
    assert played.result.ended_because == ("settled" if unanimous > 3 else "complete")


async def test_parallel_probe_stops_once_the_leader_is_stable_and_drops_who_disagrees() -> None:
    probes = dict.fromkeys(range(10, 100, 10), "5")
    other = dict.fromkeys(range(10, 100, 10), "6")
    traces = [recorded(0, "5", 95, probes=probes), recorded(1, "5", 95, probes=probes)]
    traces.append(recorded(2, "6", 95, probes=other))
    policy = ParallelProbe(every=10, stable=6, drop_after=2, warmup=1)
    played = await play(traces, policy)
    result = played.result
    assert (result.answer, result.ended_because) == ("5", "stable")
    assert played.critical_tokens == 60
    assert [t.outcome for t in result.traces] == ["stopped", "stopped", "pruned"]
    assert result.traces[2].tokens == 20
    assert [t.imputed for t in result.traces] == [True, True, False]
    assert result.usage.judge > 0


async def test_a_trace_that_ends_where_it_would_be_probed_is_not_asked() -> None:
    traces = [recorded(i, "1", 20, probes={10: "1"}) for i in range(2)]  # none at 20, its last
    played = await play(traces, ParallelProbe(every=10))
    assert played.result.answer == "1"
    assert [t.outcome for t in played.result.traces] == ["finished", "finished"]


async def test_parallel_probe_says_what_it_needs() -> None:
    with pytest.raises(
        ConfigurationError, match=r"cannot be replayed.* the recording has no probes"
    ):
        await play([recorded(0, "1")], ParallelProbe())
    traces = [recorded(0, "1", 95, probes={64: "1"})]
    with pytest.raises(RecordingError, match=r"no probe at 10 tokens .* recorded: 64"):
        await play(traces, ParallelProbe(every=10))


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    answers=st.lists(st.sampled_from("123"), min_size=8, max_size=8),
    name=st.sampled_from(
        [
            "cons-settled",
            "deepprune-settled:checkpoints=5/20",
            "esc",
            "adaptive-consistency:width=3",
        ]
    ),
)
async def test_tokens_and_time_hang_together(
    lengths: list[int], answers: list[str], name: str
) -> None:
    traces = [
        recorded(i, answer, length)
        for i, (length, answer) in enumerate(zip(lengths, answers, strict=False))
    ]
    played = await play(traces, method(name))
    reports = played.result.traces
    assert sum(t.tokens for t in reports) == played.result.usage.generated
    for report, trace in zip(reports, traces, strict=False):
        assert report.tokens <= trace.tokens
        assert report.text == "".join(trace.pieces[: report.tokens])
    assert played.critical_tokens <= sum(t.tokens for t in traces)
    assert played.critical_tokens >= max(t.tokens for t in reports)
