"""The engine by hand: starting, ending, shadow mode, what a custom policy may do."""

from collections.abc import Iterable

import pytest
from support.driving import Driver

from deepprune_sdk import (
    Answers,
    Checkpoints,
    Composed,
    ConfigurationError,
    DeepPrune,
    FullSampling,
    FunctionAnswers,
)
from deepprune_sdk.data.signals import Arrived, Close, Continue, Decision, End, Start, Stop
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.types import Chunk
from deepprune_sdk.engine import Engine
from deepprune_sdk.policies import PolicyState
from deepprune_sdk.policies.base import Advanced, Observation, RunSetup, RunView

AT_2 = DeepPrune(checkpoints=Checkpoints.tokens(2))
FIVE, SIX = "so \\boxed{5}", "so \\boxed{6}"


def test_all_traces_start_at_once_or_as_streams_end() -> None:
    driver = Driver(FullSampling(), n=3)
    assert driver.actions == [Start(trace=0), Start(trace=1), Start(trace=2)]
    driver = Driver(FullSampling(), n=3, concurrency=2)
    assert sorted(driver.open) == [0, 1]
    assert driver.end(0, FIVE) == [Start(trace=2)]
    assert driver.fail(1) == []
    assert driver.end(2, FIVE) == [End(reason="complete")]
    assert driver.result().tally["5"].observed == 2


def test_a_run_needs_a_trace() -> None:
    with pytest.raises(ConfigurationError, match="n=-1: sample at least 1 trace"):
        Driver(FullSampling(), n=-1)


def test_stop_ends_the_run_once() -> None:
    driver = Driver(FullSampling(), n=2)
    driver.end(0, FIVE)
    driver.say(1, SIX)
    assert driver.stop("deadline") == [End(reason="deadline")]
    assert driver.tell(Stop()) == []
    result = driver.result()
    assert result.ended_because == "deadline"
    # An answer that was stated counts, whatever ended the trace.
    assert [(t.outcome, t.answer, t.reason) for t in result.traces] == [
        ("finished", "5", ""),
        ("stopped", "6", "deadline"),
    ]


def test_what_comes_after_the_end_is_counted_and_answered_by_nothing() -> None:
    driver = Driver(FullSampling(), n=2)
    driver.say(0, "so")
    driver.stop()
    assert driver.say(0, FIVE) == []
    assert driver.end(0) == []
    assert driver.fail(1) == []
    assert driver.outcomes() == ["stopped", "stopped"]
    assert driver.result().usage.generated == 3
    assert driver.result().answer is None


def test_a_cut_off_trace_has_only_the_answer_that_it_states() -> None:
    driver = Driver(FullSampling(), n=2)
    driver.end(0, "that makes 7", finish="length")
    driver.end(1, "that makes 7")
    assert [trace.answer for trace in driver.engine.roster.traces] == [None, "7"]


def test_answers_are_read_from_the_answer_part() -> None:
    driver = Driver(FullSampling(), n=1)
    driver.say(0, "I think \\boxed{4}", reasoning=True)
    driver.end(0, " \\boxed{5}")
    assert driver.engine.roster.traces[0].answer == "5"
    assert driver.engine.roster.traces[0].reasoning_text == "I think \\boxed{4}"


def test_answers_of_a_function() -> None:
    answers = FunctionAnswers(lambda text: text.split()[-1].lower())
    driver = Driver(FullSampling(), n=2, answers=answers)
    driver.end(0, "it is Blue")
    driver.end(1, "it is blue")
    assert driver.result().tally["blue"].observed == 2


def test_a_trace_does_its_work_only_at_its_points_of_interest() -> None:
    looks: list[int] = []

    class Counting(PolicyState):
        def interest(self, trace: Trace) -> int | None:
            return 100

        def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
            if isinstance(seen, Advanced):
                looks.append(seen.trace.tokens)
            return ()

    class Counts:
        name = "counts"

        def begin(self, setup: RunSetup) -> PolicyState:
            return Counting()

    driver = Driver(Counts(), n=1)
    for _ in range(99):
        driver.say(0, ["w"])
    assert looks == []
    driver.say(0, ["w", "w", "w"])
    # Past its point of interest a trace is looked at once a token, and no more.
    assert looks == [100, 101, 102]


class Script:
    """Answers each point of interest with the next of its decisions."""

    name = "script"

    def __init__(self, *decisions: Decision, at: int = 1) -> None:
        self.decisions = decisions
        self.at = at

    def begin(self, setup: RunSetup) -> PolicyState:
        return _Scripted(self)


class _Scripted(PolicyState):
    def __init__(self, script: Script) -> None:
        self.left = list(script.decisions)
        self.at = script.at

    def interest(self, trace: Trace) -> int | None:
        return self.at

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if isinstance(seen, Advanced) and self.left:
            yield self.left.pop(0)


def test_closing_what_is_closed_does_nothing() -> None:
    close = Close(trace=0, reason="first")
    driver = Driver(Script(close, Close(trace=0, reason="second"), close), n=2)
    assert driver.say(0, "w w w") == [close]
    assert driver.say(1, "w w") == []
    assert driver.engine.roster.traces[0].reason == "first"
    assert driver.engine.roster.traces[0].tokens == 3


def test_a_policy_may_continue_a_trace_at_any_time() -> None:
    driver = Driver(Script(Close(trace=0, reason="rest"), Continue(trace=0), at=2), n=2)
    driver.say(0, "w w w w")
    assert driver.open == {1}
    assert driver.say(1, "w w") == [Start(trace=0, prefix="w w w w")]
    driver.say(0, " " + FIVE)
    driver.end(0)
    assert driver.engine.roster.traces[0].answer == "5"
    assert driver.engine.roster.traces[0].text == "w w w w " + FIVE


def test_a_trace_closed_and_continued_within_a_chunk_has_the_rest_of_it_once() -> None:
    class Anew(PolicyState):
        def interest(self, trace: Trace) -> int | None:
            return 2 if trace.tokens < 2 else None

        def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
            if isinstance(seen, Advanced):
                yield Close(trace=0, reason="rest")
                yield Continue(trace=0)

    class Again:
        name = "again"

        def begin(self, setup: RunSetup) -> PolicyState:
            return Anew()

    driver = Driver(Again(), n=1)
    assert driver.say(0, "a b c d")[-1] == Start(trace=0, prefix="a b c d")
    driver.say(0, " e")
    driver.end(0)
    assert driver.engine.roster.traces[0].text == "a b c d e"


def test_the_least_admission_counts() -> None:
    class One(PolicyState):
        def admitted(self, view: RunView) -> int:
            return 1

    class OneOnly:
        name = "one"

        def begin(self, setup: RunSetup) -> PolicyState:
            return One()

    driver = Driver(Composed(FullSampling(), OneOnly()), n=5)
    assert driver.open == {0}
    driver.end(0, FIVE)
    assert driver.ended_because == "complete"


# --- snapshots ------------------------------------------------------------------------------------


def test_a_run_can_be_summed_up_while_it_goes_on() -> None:
    driver = Driver(AT_2, n=3)
    driver.end(0, FIVE)
    driver.say(1, "w w")
    result = driver.result()
    assert (result.answer, result.ended_because) == ("5", "running")
    assert [trace.tokens for trace in result.traces] == [2, 2, 0]
    assert result.usage.estimated
    assert result.best is not None
    assert result.best.text == FIVE


@pytest.mark.parametrize("shadow", [False, True])
def test_only_a_closed_trace_can_be_continued(shadow: bool) -> None:
    class Hasty(PolicyState):
        def interest(self, trace: Trace) -> int | None:
            return 2

        def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
            yield Continue(trace=0)

    class Hurry:
        name = "hurry"

        def begin(self, setup: RunSetup) -> PolicyState:
            return Hasty()

    setup = RunSetup(n=1, seed=0, question="?", can_continue=True)
    engine = Engine(Hurry(), setup, Answers(), shadow=shadow)
    engine.begin()
    with pytest.raises(ConfigurationError, match="trace 0 is to be continued and is live"):
        engine.handle(Arrived(trace=0, chunk=Chunk(pieces=("a", "b", "c"))))
