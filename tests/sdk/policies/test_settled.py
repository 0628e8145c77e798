"""Stopping once the vote is settled: for certain, and by the Beta rule."""

from collections.abc import Mapping
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.driving import Driver, Kept

from deepprune_sdk import (
    Answers,
    Checkpoints,
    Composed,
    ConfigurationError,
    DeepConf,
    DeepPrune,
    FullSampling,
    SettledVote,
    Waves,
)
from deepprune_sdk.data.signals import Arrived, Ended, Failed, Judged, Probed, Signal, key_of
from deepprune_sdk.data.types import Chunk, Verdict
from deepprune_sdk.engine import Engine
from deepprune_sdk.policies import ParallelProbe, Policy
from deepprune_sdk.policies.base import RunSetup

AT_2 = Checkpoints.tokens(2)


def ballot(answer: int | str) -> str:
    return f"\\boxed{{{answer}}}"


def settled_after(policy: Policy, answers: str, n: int) -> int | None:
    """End traces with these answers, a letter each and "-" for none; when is the run settled?"""
    driver = Driver(policy, n=n)
    for trace, answer in enumerate(answers):
        if answer == "-":
            driver.fail(trace)
        else:
            driver.end(trace, ballot(answer))
        if driver.ended_because is not None:
            assert driver.ended_because == "settled"
            return trace + 1
    return None


# --- for certain ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "n", "after"),
    [
        ("aaa", 5, 3),  # 3 to 0, 2 open
        ("aaba", 6, None),  # 3 to 1, 2 open: they could make it a tie
        ("aabaa", 6, 5),  # 4 to 1, 1 open
        ("aa--", 6, None),  # 2 to 0, 2 open
        ("aa---", 6, 5),  # 2 to 0, 1 open
        ("ab", 3, None),
    ],
)
def test_settled_when_the_lead_exceeds_all_that_is_open(
    answers: str, n: int, after: int | None
) -> None:
    assert settled_after(SettledVote(), answers, n) == after


def test_a_claim_without_an_answer_is_open_and_one_with_an_answer_is_not() -> None:
    driver = Driver(Composed(DeepPrune(checkpoints=AT_2), SettledVote()), n=6)
    for trace in (0, 1, 2, 3):
        driver.say(trace, " w w")
    driver.judge(lambda pair: 0.9 if {pair.left.trace, pair.right.trace} <= {0, 1, 2} else 0.1)
    assert driver.outcomes() == [None, "pruned", "pruned", None, None, None]
    driver.end(3, ballot("b"))
    driver.end(4, ballot("b"))
    driver.end(5, ballot("b"))
    assert driver.ended_because is None  # 3 to 0; trace 0 and its two claims are open
    driver.end(0, ballot("a"))
    assert driver.over
    assert driver.result().answer == "b"


def test_claims_do_not_hold_up_a_vote_that_does_not_count_them() -> None:
    policy = Composed(DeepPrune(checkpoints=AT_2, vote="survivors"), SettledVote())
    driver = Driver(policy, n=5)
    for trace in (0, 1, 2):
        driver.say(trace, " w w")
    driver.judge(0.9)
    driver.end(3, ballot("b"))
    driver.end(4, ballot("b"))
    assert driver.ended_because == "settled"  # 2 to 0, with trace 0 alone open


@pytest.mark.parametrize("settled_first", [False, True])
def test_an_heir_that_may_be_continued_is_open(settled_first: bool) -> None:
    prune = DeepPrune(checkpoints=AT_2, vote="survivors")
    parts: list[Policy] = [prune, SettledVote()]
    driver = Driver(
        Composed(*(reversed(parts) if settled_first else parts)), n=3, can_continue=True
    )
    driver.say(1, " w w")
    driver.say(0, " w w")
    driver.judge(0.9)
    driver.end(2, ballot("b"))
    driver.fail(1)
    assert driver.ended_because is None
    driver.end(0, ballot("a"))
    assert driver.result().answer == "a"  # a tie, and the lower trace wins it


def test_what_a_live_trace_says_so_far_is_open() -> None:
    policy = Composed(ParallelProbe(every=1, stable=9), SettledVote())
    setup = RunSetup(n=3, seed=0, question="?", can_probe=True)
    engine = Engine(policy, setup, Answers())
    engine.begin()
    for trace in (0, 1, 2):
        engine.handle(Arrived(trace=trace, chunk=Chunk(pieces=("w",))))
        engine.handle(Probed(trace=trace, tokens=1, text="5}"))
    assert engine.roster.tally().lead == 3
    engine.handle(Failed(trace=0, error="broken"))
    assert engine.ended_because is None


class World:
    """A random run whose traces can be ended in any way from any point on."""

    def __init__(self, seed: int) -> None:
        random = self.random = Random(seed)
        self.prune = DeepPrune(
            checkpoints=Checkpoints.tokens(*random.choice(((2,), (2, 4)))),
            tau=0.5,
            compare_members=random.choice((1, 10)),
            keep=random.choice((1, 1, 2)),
            finish=random.choice(("representatives", "representatives", "largest")),
            vote=random.choice(("clusters", "survivors")),
        )
        self.settled = SettledVote(order=random.choice(("arrival", "start")))
        self.settled_first = random.random() < 0.3
        self.n = random.randint(2, 6)
        self.concurrency = random.choice((None, 2, 3))
        self.can_continue = random.random() < 0.3
        self.scores = [random.choice((0.1, 0.6, 0.9, 1.0)) for _ in range(400)]
        self.told: list[Signal] = []

    def driver(self, *, settle: bool) -> Driver:
        kept = Kept(self.prune)
        parts = [kept, *([self.settled] if settle else [])]
        driver = Driver(
            Composed(*(reversed(parts) if self.settled_first else parts)),
            n=self.n,
            concurrency=self.concurrency,
            can_continue=self.can_continue,
        )
        driver.kept = kept
        return driver

    def score(self, checkpoint: int, left: int, right: int) -> float:
        return self.scores[checkpoint * 100 + left * 10 + right]

    def step(self, driver: Driver) -> Signal:
        """Draw what happens next."""
        random = self.random
        if driver.waiting and random.random() < 0.6:
            pair = random.choice(driver.waiting)
            driver.waiting.remove(pair)
            key = key_of(pair)
            score = self.score(key.checkpoint, key.left, key.right)
            return Judged(pair=key, verdict=Verdict(probability=score))
        trace = random.choice(sorted(driver.open))
        act = random.random()
        if act < 0.75:
            return Arrived(trace=trace, chunk=Chunk(pieces=(" w",)))
        if act < 0.78:
            return Failed(trace=trace, error="broken")
        answer = random.choice("aaabc")
        chunk = Chunk(pieces=(ballot(answer),), finish="stop")
        self.told.append(Arrived(trace=trace, chunk=chunk))
        driver.tell(self.told[-1])
        return Ended(trace=trace)

    def run_until_settled(self) -> Driver | None:
        driver = self.driver(settle=True)
        while not driver.over:
            signal = self.step(driver)
            if driver.over:
                break
            self.told.append(signal)
            driver.tell(signal)
        return driver if driver.ended_because == "settled" else None

    def go_on(self, ends: Mapping[int, str]) -> str | None:
        """Tell the same to a run that never settles, and end its other traces like this."""
        driver = self.driver(settle=False)
        for signal in self.told:
            driver.tell(signal)
        while not driver.over:
            driver.judge(
                lambda pair: self.score(pair.left.checkpoint, pair.left.trace, pair.right.trace)
            )
            if driver.over:
                break
            trace = min(driver.open)
            answer = ends[trace]
            if answer == "grow":
                driver.say(trace, " w w w w")
                answer = "c"
                driver.judge(1.0)
                if trace not in driver.open:
                    continue
            if answer == "-":
                driver.fail(trace)
            else:
                driver.end(trace, ballot(answer))
        return driver.result().answer


def test_once_settled_no_way_to_go_on_turns_the_answer() -> None:
    settled, widest = 0, 0
    for seed in range(300):
        world = World(seed)
        driver = world.run_until_settled()
        if driver is None:
            continue
        settled += 1
        answer = driver.result().answer
        assert answer is not None
        undone = [
            trace
            for trace in range(world.n)
            if trace >= len(driver.engine.roster.traces)
            or driver.engine.roster.traces[trace].outcome in ("stopped", "pruned")
        ]
        widest = max(widest, len(undone))
        ways = list(product(("b", "c", "-", "grow"), repeat=len(undone)))
        for way in ways if len(ways) <= 20 else Random(seed).sample(ways, 20):
            ends = dict(zip(undone, way, strict=True))
            assert world.go_on(ends) == answer, f"World({seed}) going on with {ends}"
    assert settled > 50
    assert widest > 3


# --- the Beta rule --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "confidence", "after"),
    [
        ("aaaa", 0.95, 4),  # 3 unanimous ballots give 0.9375, 4 give 0.96875
        ("aaaa", 0.93, 3),
        ("aabaaaa", 0.95, 7),  # 6 to 1 gives 0.9648, 5 to 1 only 0.9375
        ("----", 0.95, None),
    ],
)
def test_the_beta_rule(answers: str, confidence: float, after: int | None) -> None:
    assert settled_after(SettledVote(confidence=confidence), answers, 40) == after


@pytest.mark.parametrize(("count_imputed", "settles"), [(False, False), (True, True)])
def test_the_beta_rule_counts_imputed_ballots_if_told_to(
    count_imputed: bool, settles: bool
) -> None:
    settle = SettledVote(confidence=0.95, count_imputed=count_imputed)
    driver = Driver(Composed(DeepPrune(checkpoints=AT_2), settle), n=20)
    for trace in range(5):
        driver.say(trace, " w w")
    driver.judge(0.9)
    driver.end(0, ballot("a"))  # 1 observed, 4 imputed of weight 0.9
    assert (driver.ended_because == "settled") == settles


def test_three_unanimous_ballots_reach_exactly_0_9375() -> None:
    assert settled_after(SettledVote(confidence=0.9375), "aaaa", 40) == 3


def test_a_run_whose_traces_all_ended_is_complete_and_not_settled() -> None:
    driver = Driver(SettledVote(), n=3)
    for trace, answer in enumerate("aba"):
        driver.end(trace, ballot(answer))
    assert driver.ended_because == "complete"


# --- the full vote's answer -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "n", "after"),
    [
        ("aa", 4, 2),  # 2 to 0 with 2 open: at worst a tie, and trace 0 decides it
        ("aa", 5, 2),  # with 3 open: lost where all go to another, 1/4 * 2/5 * 3/6 = 0.05
        ("aa", 7, None),
        ("baa", 5, None),
        ("aaa", 12, 3),
        ("aaa", 64, None),  # 0.947
        ("aaaa", 64, 4),
    ],
)
def test_the_full_vote_is_predicted_from_what_is_open(
    answers: str, n: int, after: int | None
) -> None:
    policy = SettledVote(confidence=0.95, of="full-vote")
    assert settled_after(policy, answers, n) == after


def test_a_tie_is_lost_while_an_earlier_trace_may_decide_it() -> None:
    driver = Driver(SettledVote(confidence=0.95, of="full-vote"), n=4)
    driver.end(1, ballot("a"))
    driver.end(2, ballot("a"))
    assert driver.ended_because is None  # 2 to 0, 2 open, one of them trace 0
    driver.fail(0)
    assert driver.ended_because == "settled"


# --- lookahead ------------------------------------------------------------------------------------


def test_lookahead_starts_what_the_vote_needs_if_all_agree() -> None:
    driver = Driver(SettledVote(confidence=0.95, lookahead=1), n=40)
    assert driver.open == {0, 1, 2, 3}  # 4 to 0 gives 0.96875
    driver.end(2, ballot("a"))
    assert driver.open == {0, 1, 3}
    driver.end(0, ballot("b"))
    assert len(driver.started) == 7  # 1 to 1: 6 to 1 gives 0.9648, so 5 more are needed
    assert len(driver.open) == 5
    for trace in (1, 3, 4, 5):
        driver.end(trace, ballot("a"))
    assert driver.open == {6}  # 5 to 1 gives 0.9375
    driver.end(6, ballot("a"))
    assert driver.ended_because == "settled"
    assert "stopped" not in driver.outcomes()  # nothing was started in vain


def test_a_trace_without_an_answer_is_made_up_for() -> None:
    driver = Driver(SettledVote(confidence=0.95, lookahead=1), n=40)
    driver.fail(1)
    assert driver.open == {0, 2, 3, 4}


def test_lookahead_by_half_as_many_again() -> None:
    driver = Driver(SettledVote(confidence=0.95, lookahead=1.5), n=40)
    assert len(driver.open) == 6
    driver.end(0, ballot("a"))
    assert len(driver.open) == 5  # 3 more are needed, 4.5 rounded up


def test_lookahead_starts_no_more_than_there_are() -> None:
    driver = Driver(SettledVote(confidence=0.95, lookahead=9), n=5)
    assert len(driver.open) == 5
    assert Driver(SettledVote(confidence=0.999, lookahead=1), n=3).open == {0, 1, 2}


def test_lookahead_for_certain() -> None:
    driver = Driver(SettledVote(lookahead=1), n=7)
    assert driver.open == {0, 1, 2, 3}  # 4 to 0, 3 open
    driver.end(0, ballot("b"))
    assert len(driver.open) == 3


def test_lookahead_counts_on_the_ballots_of_pruned_traces() -> None:
    settle = SettledVote(confidence=0.95, lookahead=1, count_imputed=True)
    driver = Driver(Composed(DeepPrune(checkpoints=AT_2), settle), n=40)
    for trace in (0, 1, 2):
        driver.say(trace, " w w")
    driver.judge(1.0)
    assert driver.outcomes() == [None, "pruned", "pruned", None]
    driver.end(0, ballot("a"))
    assert driver.open == {3}  # 3 to 0, all but one imputed
    driver.end(3, ballot("a"))
    assert driver.ended_because == "settled"


def test_lookahead_counts_on_answers_that_wait_for_earlier_traces() -> None:
    driver = Driver(SettledVote(confidence=0.95, lookahead=1, order="start"), n=40)
    for trace in (1, 2, 3):
        driver.end(trace, ballot("a"))
    assert driver.open == {0}
    driver.end(0, ballot("a"))
    assert driver.ended_because == "settled"


@given(answers=st.lists(st.sampled_from("aaaabc-"), min_size=12, max_size=12))
def test_lookahead_starts_nothing_that_one_after_another_would_not(answers: list[str]) -> None:
    settled = SettledVote(confidence=0.9)
    parallel = Driver(settled.model_copy(update={"lookahead": 1.0}), n=12)
    one_by_one = Driver(Composed(Waves(width=1), settled), n=12)
    for driver in (parallel, one_by_one):
        while not driver.over:
            trace = min(driver.open)
            if answers[trace] == "-":
                driver.fail(trace)
            else:
                driver.end(trace, ballot(answers[trace]))
    assert parallel.started == one_by_one.started
    assert parallel.ended_because == one_by_one.ended_because


def test_ballots_of_any_weight_are_refused_before_a_trace_starts() -> None:
    with pytest.raises(ConfigurationError, match=r"DeepConf's do.*consensus="):
        Driver(Composed(DeepConf.low(warmup=2), SettledVote()), n=4)


def test_in_order_of_start_ballots_wait_for_the_traces_before_them() -> None:
    arrival, start = (
        Driver(SettledVote(confidence=0.95, order=order), n=20) for order in ("arrival", "start")
    )
    for driver in (arrival, start):
        for trace in (1, 2, 3, 4):
            driver.end(trace, ballot("a"))
    assert arrival.ended_because == "settled"
    assert start.ended_because is None
    start.fail(0)  # a trace without a ballot is passed over
    assert start.ended_because == "settled"


def test_in_order_of_start_an_open_claim_is_waited_for() -> None:
    settle = SettledVote(confidence=0.8, order="start")
    driver = Driver(Composed(DeepPrune(checkpoints=AT_2), settle), n=9)
    driver.say(1, " w w")
    driver.say(0, " w w")
    driver.judge(0.9)
    assert driver.outcomes()[0] == "pruned"
    for trace in (2, 3, 4):
        driver.end(trace, ballot("a"))
    assert driver.ended_because is None
    driver.end(1, ballot("a"))
    assert driver.ended_because == "settled"


# --- Composed -------------------------------------------------------------------------------------


def test_two_owners_of_the_vote_are_a_configuration_error() -> None:
    policy = Composed(DeepPrune(), SettledVote(), FullSampling())
    with pytest.raises(ConfigurationError, match=r"deepprune and cons both decide how votes are"):
        Driver(policy, n=2)


def test_composed_needs_a_policy_and_names_its_parts() -> None:
    with pytest.raises(ConfigurationError, match="at least one policy"):
        Composed()
    policy = Composed(DeepPrune(), SettledVote())
    assert policy.name == "deepprune+settled"
    assert repr(policy).startswith("Composed(DeepPrune(")
