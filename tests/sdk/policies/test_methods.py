"""Methods by name, and each of them on cases that are worked out by hand."""

import pytest
from support.driving import Driver

from deepprune_sdk import (
    Answers,
    Checkpoints,
    Composed,
    ConfigurationError,
    Deadline,
    DeepConf,
    DeepPrune,
    FullSampling,
    MoneyBudget,
    ParallelProbe,
    ParallelReasoner,
    Price,
    SettledVote,
    StopAtAnswer,
    TokenBudget,
    UnanimousWindow,
    Waves,
    method,
)
from deepprune_sdk.data import Chunk
from deepprune_sdk.data.signals import Arrived, End, Ended, Failed, Probe, Probed, Tick
from deepprune_sdk.engine import Engine
from deepprune_sdk.policies import METHODS, Policy
from deepprune_sdk.policies.base import RunSetup
from deepprune_sdk.testing import ScriptedBackend

FIVE = "\\boxed{5}"


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cons", FullSampling()),
        ("deepprune", DeepPrune()),
        ("deepconf:kept=0.1,vote=tail", DeepConf(kept=0.1, vote="tail")),
        ("esc:window=3", UnanimousWindow(window=3)),
        ("parallel-probe:every=64,stable=5", ParallelProbe(every=64, stable=5)),
        ("waves:width=4,sliding=true", Waves(width=4, sliding=True)),
        (
            "money-budget:run=2,price=0.15/0.6",
            MoneyBudget(run=2, price=Price(input=0.15, output=0.6)),
        ),
    ],
)
def test_a_name_with_its_settings(text: str, expected: object) -> None:
    assert method(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deepprune-paper", DeepPrune.paper()),
        ("deepconf-low", DeepConf.low()),
        ("deepconf-high:warmup=8", DeepConf.high(warmup=8)),
        ("deepconf-low:vote=tail,top=0.1", DeepConf(kept=0.1, vote="tail", top=0.1)),
        ("deepconf-high:warmup=none", DeepConf(kept=0.9, warmup=None)),
        (
            "deepprune-paper:checkpoints=64/128,tau=0.7",
            DeepPrune.paper().model_copy(
                update={"checkpoints": Checkpoints.tokens(64, 128), "tau": 0.7}
            ),
        ),
    ],
)
def test_settings_under_a_name_of_their_own(text: str, expected: Policy) -> None:
    policy = method(text)
    assert isinstance(policy, Composed)
    assert policy.policies == (expected,)
    assert policy.name == text.partition(":")[0]


def test_a_setting_goes_to_the_part_that_has_it() -> None:
    policy = method("adaptive-consistency:width=4,confidence=0.99")
    assert isinstance(policy, Composed)
    assert policy.policies == (Waves(width=4), SettledVote(confidence=0.99))
    ours = method("deepprune-settled:tau=0.8,lookahead=none")
    assert isinstance(ours, Composed)
    assert ours.policies == (
        DeepPrune(tau=0.8),
        SettledVote(confidence=0.95, of="full-vote", count_imputed=True),
    )


def test_methods_are_composed_by_plus() -> None:
    policy = method("esc:window=4+stop-at-answer+deadline:seconds=60+token-budget:run=900")
    assert isinstance(policy, Composed)
    assert policy.policies == (
        UnanimousWindow(window=4),
        StopAtAnswer(),
        Deadline(seconds=60),
        TokenBudget(run=900),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("best", r"no method 'best'; known: cons, .*parallel-probe; to go with one, joined by \+"),
        ("cons:width=3", "cons has no setting 'width=3'; known: none"),
        ("esc:window", r"esc: window needs a value, as in esc:window=\.\.\."),
        ("esc:windows=3", "esc has no setting 'windows=3': did you mean window\\? known: window"),
        ("ecs", r"no method 'ecs': did you mean esc\? known: cons, "),
        ("deeprune", r"no method 'deeprune': did you mean deepprune or deepprune-"),
        ("esc+cons", r"esc and cons are methods of their own, .*: keep one of them; .*deadline"),
        ("deadline", "deadline needs a setting, such as deadline:seconds=60"),
        ("deepconf", "deepconf needs a setting, such as deepconf:kept=0.5"),
        ("money-budget:run=2", "MoneyBudget needs price"),
        ("esc:window=1", "greater than or equal to 2"),
        ("deepprune:tau=high", r"tau='high'"),
        ("deepprune:nothing=1", "deepprune has no setting 'nothing=1'; known: checkpoints, tau"),
        ("esc+waves:wide=3", "waves has no setting 'wide=3': did you mean width"),
        ("cons+token-budget", "token-budget needs a setting, such as token-budget:run=100000"),
        ("token-budget:trace=none", "give run=, trace= or both"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        method(text)
    assert "\n" not in str(caught.value)


READY = [name for name, row in METHODS.items() if row.ready]


@pytest.mark.anyio
@pytest.mark.parametrize("name", [name for name in READY if not name.startswith("deepconf")])
async def test_every_method_runs_live(name: str) -> None:
    backend = ScriptedBackend([f"two and three {FIVE}"], continues_prefix=True)
    result = await ParallelReasoner(backend, policy=method(name)).solve("2 + 3?", n=6)
    assert result.answer == "5"
    assert result.method == name
    assert backend.open == 0


# --- waves ----------------------------------------------------------------------------------------


def test_a_wave_waits_for_the_one_before_it() -> None:
    driver = Driver(Waves(width=2), n=5)
    assert driver.open == {0, 1}
    driver.end(0, FIVE)
    assert driver.open == {1}
    driver.fail(1)
    assert driver.open == {2, 3}
    driver.end(2, FIVE)
    driver.end(3, FIVE)
    assert driver.open == {4}


def test_a_sliding_wave_starts_one_whenever_one_is_over() -> None:
    driver = Driver(Waves(width=2, sliding=True), n=5)
    driver.end(0, FIVE)
    assert driver.open == {1, 2}
    driver.fail(1)
    assert driver.open == {2, 3}


# --- ESC ------------------------------------------------------------------------------------------


def test_a_window_without_an_answer_is_not_unanimous() -> None:
    driver = Driver(UnanimousWindow(window=2), n=6)
    driver.end(0, FIVE)
    driver.fail(1)
    assert driver.open == {2, 3}
    driver.end(3, FIVE)
    assert driver.ended_because is None  # one of two
    driver.end(2, "\\boxed{5.0}")
    assert driver.ended_because == "unanimous"


def test_windows_do_not_overlap() -> None:
    driver = Driver(UnanimousWindow(window=2), n=6)
    for trace, answer in enumerate("6556"):
        driver.end(trace, f"\\boxed{{{answer}}}")
    assert driver.open == {4, 5}


def test_the_last_window_may_be_cut_short_by_n_and_is_none_then() -> None:
    driver = Driver(UnanimousWindow(window=2), n=3)
    for trace, answer in enumerate("566"):
        driver.end(trace, f"\\boxed{{{answer}}}")
    assert driver.ended_because == "complete"
    assert driver.result().answer == "6"


# --- Adaptive-Consistency -------------------------------------------------------------------------


def test_four_unanimous_answers_settle_it_and_three_do_not() -> None:
    driver = Driver(method("adaptive-consistency"), n=40)
    for trace in range(3):
        assert driver.open == {trace}
        driver.end(trace, FIVE)
    assert driver.ended_because is None
    driver.end(3, FIVE)
    assert driver.ended_because == "settled"
    result = driver.result()
    assert result.posterior == pytest.approx(0.96875)  # 1 - 2^-5
    assert result.agreement == 1.0


def test_after_one_dissent_seven_are_needed() -> None:
    driver = Driver(method("adaptive-consistency"), n=40)
    for trace, answer in enumerate("5655555"):
        assert driver.ended_because is None
        driver.end(trace, f"\\boxed{{{answer}}}")
    assert driver.ended_because == "settled"
    assert driver.result().posterior == pytest.approx(1 - 9 / 256)  # 6 to 1


# --- Parallel-Probe -------------------------------------------------------------------------------


def probing(policy: ParallelProbe | Composed, n: int) -> Engine:
    setup = RunSetup(n=n, seed=0, question="?", can_probe=True)
    engine = Engine(policy, setup, Answers())
    engine.begin()
    return engine


def probe(engine: Engine, trace: int, answer: str | None) -> None:
    """Let a trace grow by one token, at which it is asked and says `answer`."""
    asked = engine.handle(Arrived(trace=trace, chunk=Chunk(pieces=("w",))))
    tokens = engine.roster.traces[trace].tokens
    assert Probe(trace=trace, tokens=tokens) in asked
    text = None if answer is None else f"{answer}}}"
    engine.handle(Probed(trace=trace, tokens=tokens, text=text))


def test_a_leader_that_changes_starts_the_count_anew() -> None:
    engine = probing(ParallelProbe(every=1, stable=3), n=1)
    for answer in ("5", "5", "6", None, "6", "6"):
        probe(engine, 0, answer)
        assert engine.ended_because is None
    probe(engine, 0, "6")
    assert engine.ended_because == "stable"
    assert engine.roster.tally().answer == "6"


def test_a_round_waits_for_all_live_traces_and_not_for_those_that_are_over() -> None:
    engine = probing(ParallelProbe(every=1, stable=1), n=2)
    probe(engine, 0, "5")
    assert engine.ended_because is None
    engine.handle(Failed(trace=1, error="broken"))
    assert engine.ended_because == "stable"


def test_a_dropped_trace_casts_no_ballot_and_an_ended_one_does() -> None:
    engine = probing(ParallelProbe(every=1, stable=9, drop_after=2, warmup=0), n=3)
    engine.handle(Arrived(trace=2, chunk=Chunk(pieces=(FIVE,))))
    engine.handle(Ended(trace=2))
    for _ in range(2):
        probe(engine, 0, "5")
        probe(engine, 1, "6")
    assert [trace.outcome for trace in engine.roster.traces] == [None, "pruned", "finished"]
    assert engine.roster.traces[1].reason == "disagrees"
    assert {ballot.trace for ballot in engine.roster.ballots()} == {0, 2}


def test_other_policies_look_at_other_tokens() -> None:
    policy = Composed(ParallelProbe(every=2, stable=9), StopAtAnswer(every=1), Deadline(seconds=9))
    engine = probing(policy, n=1)
    assert engine.handle(Arrived(trace=0, chunk=Chunk(pieces=("w",)))) == []
    assert engine.handle(Tick(seconds=1)) == []
    assert len(engine.handle(Arrived(trace=0, chunk=Chunk(pieces=("w",))))) == 1
    assert engine.handle(Tick(seconds=9)) == [End(reason="deadline")]


@pytest.mark.parametrize("policy", [UnanimousWindow(window=2), DeepConf(kept=0.9, warmup=1)])
@pytest.mark.parametrize("shadow", [False, True])
def test_a_deadline_ends_any_method_also_in_its_warm_up(policy: Policy, shadow: bool) -> None:
    driver = Driver(Composed(policy, Deadline(seconds=9)), n=4, shadow=shadow)
    driver.tell(Tick(seconds=9))
    assert driver.ended_because == "deadline"


# --- the posterior --------------------------------------------------------------------------------


def test_the_posterior_counts_what_was_seen() -> None:
    driver = Driver(DeepPrune(checkpoints=Checkpoints.tokens(2)), n=4)
    for trace in range(3):
        driver.say(trace, " w w")
    driver.judge(0.9)
    assert driver.result().posterior == 0.5  # nothing seen
    assert [t.outcome for t in driver.result().traces] == ["live", "pruned", "pruned", "live"]
    driver.end(0, FIVE)
    assert driver.result().posterior == pytest.approx(0.75)  # 1 to 0, two imputed
    driver.end(3, "\\boxed{6}")
    assert driver.result().answer == "5"
    assert driver.result().posterior == pytest.approx(0.5)  # 1 to 1
