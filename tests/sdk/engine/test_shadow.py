"""Shadow mode: every decision is taken and nothing is closed."""

from support.driving import Driver

from deepprune_sdk import Checkpoints, DeepPrune, SettledVote
from deepprune_sdk.data.signals import Close, End

AT_2 = DeepPrune(checkpoints=Checkpoints.tokens(2))
FIVE, SIX = "so \\boxed{5}", "so \\boxed{6}"


def test_shadow_mode_closes_nothing_and_says_what_it_would_have_done() -> None:
    driver = Driver(AT_2, n=4, shadow=True)
    for trace in (0, 1, 2, 3):
        driver.say(trace, "w w")
    driver.judge(0.9)
    assert sorted(driver.open) == [0, 1, 2, 3]
    assert [(a.trace, a.applied) for a in driver.actions if isinstance(a, Close)] == [
        (1, False),
        (2, False),
        (3, False),
    ]
    for trace, text in enumerate((FIVE, FIVE, SIX, "so")):
        driver.end(trace, " w w w " + text, finish="length")
    assert driver.ended_because == "complete"
    result = driver.result()
    assert [trace.outcome for trace in result.traces] == ["finished"] * 4
    assert {answer: tally.observed for answer, tally in result.tally.items()} == {"5": 2, "6": 1}
    shadow = result.shadow
    assert shadow is not None
    assert (shadow.answer, shadow.answer_differs, shadow.ended_because) == ("5", False, "complete")
    assert (shadow.closings, shadow.right, shadow.wrong) == (3, 1, 1)
    assert result.usage.generated == sum(trace.tokens for trace in result.traces) == 27
    assert (shadow.generated, shadow.saved) == (7 + 3 * 2, 27 - 7 - 3 * 2)


def test_shadow_mode_goes_on_where_the_policy_would_have_stopped() -> None:
    driver = Driver(SettledVote(), n=5, concurrency=3, shadow=True)
    for trace in (0, 1):
        driver.end(trace, FIVE)
    assert sorted(driver.open) == [2, 3, 4]
    driver.end(2, FIVE)
    assert driver.engine.policy_ended_because == "settled"
    assert driver.ended_because is None
    driver.end(3, SIX)
    driver.say(4, "so")
    driver.fail(4)
    result = driver.result()
    assert result.ended_because == "complete"
    assert result.shadow is not None
    assert result.shadow.ended_because == "settled"
    assert result.shadow.saved == 3
    assert result.tally["6"].observed == 1


def test_shadow_mode_can_show_another_answer() -> None:
    driver = Driver(AT_2, n=3, shadow=True)
    for trace in (0, 1, 2):
        driver.say(trace, "w w")
    driver.judge(0.9)
    driver.end(0, " w " + FIVE)
    driver.end(1, " w " + SIX)
    driver.end(2, " w " + SIX)
    result = driver.result()
    assert result.answer == "6"
    assert result.shadow is not None
    assert (result.shadow.answer, result.shadow.answer_differs) == ("5", True)
    assert (result.shadow.right, result.shadow.wrong) == (0, 2)


def test_a_shadow_run_in_which_nothing_would_have_been_closed_reports_it() -> None:
    driver = Driver(AT_2, n=1, shadow=True)
    driver.end(0, FIVE)
    shadow = driver.result().shadow
    assert shadow is not None
    assert (shadow.saved, shadow.closings, shadow.answer_differs) == (0, 0, False)


def test_a_shadow_trace_that_would_be_continued_goes_on() -> None:
    driver = Driver(AT_2, n=2, shadow=True, can_continue=True)
    driver.say(0, "w w")
    driver.say(1, "w w")
    driver.judge(0.9)
    driver.say(1, " x")
    assert driver.fail(0) == []  # the stream of 1 was never closed
    driver.end(1, FIVE)
    result = driver.result()
    assert (result.answer, result.ended_because) == ("5", "complete")
    assert result.shadow is not None
    assert (result.shadow.answer, result.shadow.saved) == ("5", 0)


def test_a_shadow_trace_that_ended_before_it_would_be_continued_speaks_at_once() -> None:
    driver = Driver(AT_2, n=2, shadow=True, can_continue=True)
    driver.say(0, "w w")
    driver.say(1, "w w")
    driver.judge(0.9)
    driver.end(1, " w " + FIVE)
    driver.fail(0)
    result = driver.result()
    assert result.shadow is not None
    assert (result.answer, result.shadow.answer) == ("5", "5")


def test_a_shadow_policy_waits_for_a_stream_where_a_live_one_would_have_had_it() -> None:
    driver = Driver(AT_2, n=4, concurrency=2, shadow=True)
    driver.end(0, FIVE)
    driver.say(1, "w w")
    driver.say(2, "w w")
    driver.judge(0.9)
    assert sorted(driver.open) == [1, 2]
    # All that the policy has started is over for it; trace 3 has no stream yet.
    assert driver.engine.policy_ended_because is None
    driver.end(1, " w " + FIVE)
    assert sorted(driver.open) == [2, 3]
    driver.end(3, SIX)
    driver.end(2, " w " + FIVE)
    assert len(driver.engine.roster.traces) == 4
    assert driver.result().shadow is not None


def test_stopping_a_shadow_run_ends_all_of_it() -> None:
    driver = Driver(AT_2, n=2, shadow=True)
    driver.say(0, "w w")
    driver.say(1, "w w")
    driver.judge(0.9)
    assert driver.stop() == [End(reason="stopped")]
    assert {trace.outcome for trace in driver.engine.roster.run_traces()} == {"stopped"}
    assert driver.result().shadow is not None
