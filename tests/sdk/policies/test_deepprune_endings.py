"""DeepPrune when a representative is lost, and the paper's reading: the largest cluster votes."""

from support.driving import Driver

from deepprune_sdk import Checkpoints, DeepPrune
from deepprune_sdk.data.signals import Close, Ended, Start
from deepprune_sdk.data.types import Usage

AT_2 = Checkpoints.tokens(2)
FIVE, SIX = "so \\boxed{5}", "so \\boxed{6}"


def reach(driver: Driver, *traces: int) -> None:
    for trace in traces:
        driver.say(trace, f" {trace} {trace}")


def pruned(probability: dict[tuple[int, int], float] | float = 0.9) -> Driver:
    """Three traces of which 1 and 2 were closed into 0, at a backend that can continue them."""
    driver = Driver(DeepPrune(checkpoints=AT_2), n=3, can_continue=True)
    reach(driver, 0, 1, 2)
    driver.judge(probability)
    return driver


# --- a representative is lost ---------------------------------------------------------------------


def test_a_lost_representative_is_replaced_by_the_likeliest_of_its_closed_traces() -> None:
    driver = pruned({(1, 0): 0.7, (2, 0): 0.9, (2, 1): 0.8})
    assert driver.outcomes() == [None, "pruned", "pruned"]
    driver.say(2, " late")
    assert driver.fail(0) == [Start(trace=2, prefix=" 2 2 late")]
    driver.end(2, FIVE)
    result = driver.result()
    assert [(t.answer, t.imputed) for t in result.traces] == [
        (None, False),
        ("5", True),
        ("5", False),
    ]
    assert result.orphaned == 0
    assert driver.ended_because == "complete"


def test_of_equally_likely_heirs_the_first_is_continued_and_then_the_next() -> None:
    driver = pruned()
    assert driver.fail(0) == [Start(trace=1, prefix=" 1 1")]
    # Cut off, 1 ends without an answer.
    assert driver.end(1, " so", finish="length") == [Start(trace=2, prefix=" 2 2")]
    driver.fail(2)
    assert driver.result().answer is None
    assert driver.ended_because == "complete"


def test_a_continued_trace_adds_its_second_usage_to_the_first() -> None:
    driver = pruned()
    driver.say(1, "", usage=Usage(prompt=10, generated=2))
    driver.fail(0)
    driver.say(1, "so \\boxed{5}", usage=Usage(prompt=12, generated=1))
    driver.say(1, "", usage=Usage(prompt=12, generated=2))
    trace = driver.engine.roster.traces[1]
    assert trace.cost == Usage(prompt=22, generated=4)
    driver.end(1)
    assert trace.answer == "5"


def test_a_continued_trace_forgets_how_its_first_request_ended() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=2, can_continue=True)
    reach(driver, 0)
    driver.say(1, " 1 1", finish="length")
    driver.judge(0.9)
    driver.fail(0)
    driver.say(1, " 5")
    driver.tell(Ended(trace=1))
    assert driver.engine.roster.traces[1].answer == "5"


def test_a_continued_trace_is_compared_at_its_later_checkpoints() -> None:
    policy = DeepPrune(checkpoints=Checkpoints.tokens(2, 4))
    driver = Driver(policy, n=3, can_continue=True)
    reach(driver, 0, 1, 2)
    driver.judge({(1, 0): 0.1, (2, 0): 0.1, (2, 1): 0.9})
    driver.fail(1)  # 2 goes on for it
    reach(driver, 0, 2)
    assert driver.waiting_keys == [(2, 0)]
    assert driver.waiting[0].left.checkpoint == 1
    driver.judge(0.9)
    assert driver.clusters == {0: [0, 1, 2]}


def test_without_continuing_a_later_trace_takes_the_place_of_the_lost_one() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=3, concurrency=2)
    reach(driver, 0, 1)
    driver.judge(0.9)
    assert sorted(driver.open) == [0, 2]
    driver.fail(0)
    assert driver.result().orphaned == 1  # so far
    reach(driver, 2)
    driver.judge(0.8)
    assert driver.clusters == {0: [0, 1, 2]}
    assert driver.outcomes() == ["failed", "pruned", None]
    driver.end(2, FIVE)
    result = driver.result()
    assert (result.answer, result.tally["5"].imputed, result.orphaned) == ("5", 0.9, 0)


def test_when_nothing_is_left_the_cluster_is_orphaned_and_its_ballots_lapse() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=4)
    reach(driver, 0, 1, 2)
    driver.judge(0.9)
    assert driver.fail(0) == []
    driver.end(3, SIX)
    result = driver.result()
    assert result.orphaned == 1
    assert {answer: (e.observed, e.imputed) for answer, e in result.tally.items()} == {"6": (1, 0)}
    assert [trace.weight for trace in result.traces] == [0, 0, 0, 1]


def test_an_answered_trace_speaks_on_after_the_others_fail() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2, keep=2), n=3)
    reach(driver, 0, 1, 2)
    driver.judge(0.9)
    driver.end(0, FIVE)
    assert driver.fail(1) == driver.actions[-1:]  # nothing but the end
    assert driver.result().tally["5"].imputed == 0.9


def test_ballots_are_kept_when_their_speaker_moves_on() -> None:
    policy = DeepPrune(checkpoints=Checkpoints.tokens(2, 4), keep=2)
    driver = Driver(policy, n=4, can_continue=True)
    reach(driver, 0, 1, 2, 3)
    driver.judge(alike((0,), (1, 2, 3)))
    driver.end(0, FIVE)
    reach(driver, 1)
    driver.end(1, " \\boxed{5}")  # it speaks for 3, and joins 0, which has the same answer
    assert driver.clusters == {0: [0, 1], 1: [2, 3]}
    driver.fail(2)
    assert driver.outcomes()[3] == "pruned"
    result = driver.result()
    assert (result.tally["5"].observed, result.tally["5"].imputed) == (2, 0.9)
    assert result.orphaned == 0


def test_a_pruned_trace_whose_answer_was_seen_casts_an_observed_ballot() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=2)
    reach(driver, 0)
    driver.say(1, FIVE)
    driver.judge(0.9)
    assert driver.outcomes() == [None, "pruned"]
    driver.end(0, SIX)
    tally = driver.result().tally
    assert {answer: (e.observed, e.imputed) for answer, e in tally.items()} == {
        "6": (1, 0),
        "5": (1, 0),
    }


# --- finish="largest" -----------------------------------------------------------------------------


def largest(driver_n: int = 5, **settings: int) -> Driver:
    policy = DeepPrune.model_validate(
        {"checkpoints": AT_2, "finish": "largest", "vote": "survivors", **settings}
    )
    return Driver(policy, n=driver_n)


def alike(*groups: tuple[int, ...]) -> dict[tuple[int, int], float]:
    """Verdicts: alike within a group."""
    group = {trace: number for number, traces in enumerate(groups) for trace in traces}
    return {(a, b): 0.9 if group[a] == group[b] else 0.1 for a in group for b in group if a > b}


def test_the_largest_cluster_goes_on_with_k2_members_and_the_others_are_dropped() -> None:
    driver = largest(largest_members=2)
    reach(driver, 0, 1, 2, 3, 4)
    driver.judge(alike((0,), (1, 2, 4), (3,)))
    assert driver.outcomes() == ["pruned", None, None, "pruned", "pruned"]
    reasons = [(a.trace, a.reason) for a in driver.actions if isinstance(a, Close)]
    assert reasons == [(4, "redundant"), (0, "not selected"), (3, "not selected")]
    driver.end(1, FIVE)
    driver.end(2, SIX)
    assert driver.result().tally.keys() == {"5", "6"}


def test_selection_waits_until_every_trace_is_placed_or_over() -> None:
    driver = largest(3)
    reach(driver, 0, 1)
    driver.judge(0.9)
    assert driver.outcomes() == [None, None, None]
    driver.say(2, " 2")
    driver.end(2, " \\boxed{6}")
    driver.judge(0.1)
    assert driver.outcomes() == [None, None, "finished"]
    driver.end(0, FIVE)
    driver.end(1, FIVE)
    result = driver.result()
    assert result.answer == "5"
    assert result.traces[2].weight == 0  # it had answered, and was not selected


def test_of_singletons_k3_drawn_by_the_seed_go_on() -> None:
    drawn: set[tuple[int, ...]] = set()
    for seed in range(8):
        policy = DeepPrune(checkpoints=AT_2, finish="largest", singletons=2)
        first, again = (Driver(policy, n=5, seed=seed) for _ in range(2))
        for driver in (first, again):
            reach(driver, 0, 1, 2, 3, 4)
            driver.judge(0.1)
        live = tuple(sorted(first.open))
        assert live == tuple(sorted(again.open))
        assert len(live) == 2
        drawn.add(live)
    assert len(drawn) > 2


def test_fewer_singletons_than_k3_all_go_on() -> None:
    driver = largest(2)
    reach(driver, 0, 1)
    driver.judge(0.1)
    assert sorted(driver.open) == [0, 1]


def test_a_cluster_of_which_nothing_is_left_is_not_selected() -> None:
    driver = largest(4)
    reach(driver, 0, 1, 2)
    driver.judge(alike((0, 1), (2,)))
    driver.fail(0)
    driver.fail(1)
    reach(driver, 3)
    driver.judge(alike((0, 1), (2,), (3,)))
    assert sorted(driver.open) == [2, 3]


def test_where_all_selected_fail_what_was_seen_before_counts() -> None:
    driver = largest(3)
    driver.end(2, SIX)
    reach(driver, 0, 1)
    driver.judge(alike((0, 1), (2,)))
    assert driver.result().answer is None  # for now: the selected ones are to say
    driver.fail(0)
    driver.fail(1)
    result = driver.result()
    assert result.answer == "6"
    assert result.traces[2].weight == 1


def test_the_papers_settings() -> None:
    policy = DeepPrune.paper()
    assert policy.checkpoints.at == (500,)
    assert (policy.tau, policy.max_clusters, policy.compare_members) == (0.5, 32, 10)
    assert (policy.largest_members, policy.finish, policy.vote) == (20, "largest", "survivors")
    assert policy.judge_threshold is None
