"""DeepPrune, worked by hand: who joins what, who is closed, and who speaks for whom."""

import pytest
from support.driving import Driver, Kept

from deepprune_sdk import Checkpoints, Composed, DeepPrune
from deepprune_sdk.data.signals import Close, End, Placed
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.policies.base import Advanced, Observation, PolicyState, RunSetup, RunView

AT_2 = Checkpoints.tokens(2)
AT_2_AND_4 = Checkpoints.tokens(2, 4)
FIVE, SIX = "so \\boxed{5}", "so \\boxed{6}"


def reach(driver: Driver, *traces: int) -> None:
    """Bring traces to their next checkpoint, two tokens on."""
    for trace in traces:
        driver.say(trace, f" {trace} {trace}")


def closings(driver: Driver) -> list[tuple[int, int | None, float | None]]:
    return [(a.trace, a.into, a.probability) for a in driver.actions if isinstance(a, Close)]


def placements(driver: Driver) -> list[tuple[int, int, float | None]]:
    return [(a.trace, a.cluster, a.similarity) for a in driver.actions if isinstance(a, Placed)]


# --- who joins what -------------------------------------------------------------------------------


def test_a_trace_joins_the_most_similar_cluster_and_is_closed_there() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=3)
    reach(driver, 0, 1, 2)
    driver.judge({(1, 0): 0.2, (2, 0): 0.6, (2, 1): 0.7})
    assert driver.clusters == {0: [0], 1: [1, 2]}
    assert closings(driver) == [(2, 1, 0.7)]
    assert placements(driver) == [(0, 0, None), (1, 1, None), (2, 1, 0.7)]


def test_of_two_equally_similar_clusters_the_older_one_is_joined() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=3)
    reach(driver, 1, 0, 2)
    driver.judge({(0, 1): 0.2, (2, 0): 0.6, (2, 1): 0.6})
    assert driver.clusters == {1: [1, 2], 0: [0]}


@pytest.mark.parametrize(("probability", "joins"), [(0.5, False), (0.5000001, True)])
def test_similarity_must_exceed_tau(probability: float, joins: bool) -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2, tau=0.5), n=2)
    reach(driver, 0, 1)
    driver.judge(probability)
    assert (driver.engine.roster.traces[1].outcome == "pruned") == joins


@pytest.mark.parametrize(
    ("threshold", "similarity"), [(None, 0.8), (0.6, 1.0), (0.8, 0.5), (0.95, None)]
)
def test_a_threshold_turns_each_verdict_into_0_or_1(
    threshold: float | None, similarity: float | None
) -> None:
    policy = DeepPrune(checkpoints=AT_2, tau=0.4, judge_threshold=threshold, keep=2)
    driver = Driver(policy, n=4)
    reach(driver, 0, 1, 2)
    driver.judge({(1, 0): 1.0, (2, 0): 0.7, (2, 1): 0.9})
    assert placements(driver)[2] == (2, 2 if similarity is None else 0, similarity)
    # The ballot's weight is the mean probability, whatever the threshold made of it.
    assert closings(driver) == ([] if similarity is None else [(2, 0, 0.8)])


@pytest.mark.parametrize(
    ("when_full", "home", "closed"), [("keep", {0: 0, 1: 1}, []), ("join", None, [(2, 1, 0.3)])]
)
def test_at_k_clusters_a_trace_stays_outside_or_joins_the_nearest(
    when_full: str, home: dict[int, int] | None, closed: list[tuple[int, int, float]]
) -> None:
    policy = DeepPrune.model_validate(
        {"checkpoints": AT_2, "max_clusters": 2, "when_full": when_full}
    )
    driver = Driver(policy, n=3)
    reach(driver, 0, 1, 2)
    driver.judge({(1, 0): 0.2, (2, 0): 0.1, (2, 1): 0.3})
    assert driver.state.clusters.home == (home or {0: 0, 1: 1, 2: 1})
    assert closings(driver) == closed


def test_at_k_clusters_without_any_verdict_there_is_no_nearest() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2, max_clusters=1, when_full="join"), n=2)
    reach(driver, 0, 1)
    driver.judge(None)
    assert driver.state.clusters.home == {0: 0}
    driver.finish()


def test_an_unscored_pair_does_not_count_in_the_mean() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2, keep=2), n=3)
    reach(driver, 0, 1, 2)
    driver.judge({(1, 0): 0.9, (2, 0): None, (2, 1): 0.7})
    assert closings(driver) == [(2, 0, 0.7)]


def asked_by(driver: Driver, trace: int) -> set[int]:
    return {key.right for key in driver.asked if key.left == trace}


@pytest.mark.parametrize("seed", range(5))
def test_the_k1_sample_does_not_depend_on_the_order_of_calls(seed: int) -> None:
    policy = DeepPrune(checkpoints=AT_2, compare_members=2)
    one_by_one, at_once, free = (
        Driver(policy, n=9, free_judge=judge, seed=seed) for judge in (False, False, True)
    )
    for trace in range(9):
        reach(one_by_one, trace)
        one_by_one.judge(0.9)
    for driver in (at_once, free):
        reach(driver, *range(9))
        driver.judge(0.9)
    assert [len(asked_by(one_by_one, trace)) for trace in range(9)] == [0, 1, 2, 2, 2, 2, 2, 2, 2]
    assert one_by_one.asked == at_once.asked
    assert placements(one_by_one) == placements(at_once) == placements(free)


def test_another_seed_draws_another_sample() -> None:
    policy = DeepPrune(checkpoints=AT_2, compare_members=2)
    drawn: set[frozenset[int]] = set()
    for seed in range(10):
        driver = Driver(policy, n=9, free_judge=False, seed=seed)
        for trace in range(9):
            reach(driver, trace)
            driver.judge(0.9)
        drawn.add(frozenset(asked_by(driver, 8)))
    assert len(drawn) > 3


def test_another_checkpoint_draws_another_sample() -> None:
    policy = DeepPrune(checkpoints=AT_2_AND_4, compare_members=2, keep=9)
    drawn: set[tuple[int, ...]] = set()
    for seed in range(10):
        driver = Driver(policy, n=9, free_judge=False, seed=seed)
        for trace in (*range(9), *range(9)):
            reach(driver, trace)
            driver.judge(0.9)
        by_checkpoint = [
            sorted(k.right for k in driver.asked if (k.left, k.checkpoint) == (8, checkpoint))
            for checkpoint in (0, 1)
        ]
        assert [len(sample) for sample in by_checkpoint] == [2, 2]
        drawn.add(tuple(by_checkpoint[0]) if by_checkpoint[0] != by_checkpoint[1] else ())
    assert len(drawn - {()}) > 3


# --- which pairs are asked ------------------------------------------------------------------------


def test_a_free_judge_gets_all_waiting_pairs_in_one_batch() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=4)
    reach(driver, 0, 1, 2, 3)
    assert driver.waiting_keys == [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]
    assert driver.judge(0.1) == 1
    driver.finish()


def test_a_costly_judge_gets_only_the_pairs_that_the_order_needs() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=4, free_judge=False)
    reach(driver, 0, 1, 2, 3)
    # Trace 0 founds the first cluster for certain; whether 1 and 2 found others is not known yet.
    assert driver.waiting_keys == [(1, 0), (2, 0), (3, 0)]
    # All alike: 1, 2 and 3 join 0, and are compared with 0's other members in turn.
    assert driver.judge(0.9) == 3
    assert len(driver.asked) == 6


def test_a_costly_judge_is_not_asked_about_a_trace_whose_answer_is_known() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=4, free_judge=False)
    driver.end(0, FIVE)
    reach(driver, 1)
    driver.judge(0.1)
    reach(driver, 2)  # waits for its verdicts, and keeps 3 waiting
    driver.end(3, "\\boxed{5}")
    assert asked_by(driver, 3) == set()
    driver.judge(0.1)
    assert driver.clusters == {0: [0, 3], 1: [1], 2: [2]}


def test_a_finished_trace_is_compared_by_its_full_text() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=3)
    driver.end(0, "\\boxed{5}")
    reach(driver, 1)
    (pair,) = driver.waiting
    assert (pair.left.text, pair.left.finished) == (" 1 1", False)
    assert (pair.right.text, pair.right.finished) == ("\\boxed{5}", True)
    driver.end(2, "\\boxed{6}")
    assert [(p.left.text, p.right.text) for p in driver.waiting[1:]] == [("\\boxed{6}", " 1 1")]
    driver.judge({(1, 0): 0.1, (2, 1): 0.8})
    # The finished trace joins the unfinished one and speaks for it; nothing is closed.
    assert driver.clusters == {0: [0], 1: [1, 2]}
    assert closings(driver) == []


def test_two_answered_traces_are_compared_by_their_answers_without_a_judge() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=3)
    driver.end(0, "\\boxed{5}")
    driver.end(1, "\\boxed{6}")
    driver.end(2, "\\boxed{5.0}")
    assert driver.clusters == {0: [0, 2], 1: [1]}
    assert not driver.asked
    assert placements(driver)[2] == (2, 0, 1.0)


def test_a_verdict_that_comes_after_its_trace_has_ended_is_dropped() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=3)
    reach(driver, 0, 1, 2)
    driver.end(1, FIVE)
    driver.fail(2)
    driver.judge(0.9)
    assert placements(driver) == [(0, 0, None), (1, 1, None)]
    assert closings(driver) == []


def test_a_late_verdict_does_not_keep_the_answer_from_being_matched() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2), n=3)
    driver.end(0, FIVE)
    reach(driver, 1)
    driver.end(1, FIVE)
    assert placements(driver) == [(0, 0, None), (1, 0, 1.0)]
    driver.judge(0.1)
    assert driver.clusters == {0: [0, 1]}


# --- who stays alive ------------------------------------------------------------------------------


def test_keep_members_of_a_cluster_stay_alive() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2, keep=2), n=4)
    reach(driver, 0, 1, 2, 3)
    driver.judge(0.9)
    assert driver.outcomes() == [None, None, "pruned", "pruned"]
    driver.end(1, FIVE)
    assert driver.result().tally["5"].imputed == pytest.approx(1.8)


def test_at_a_second_checkpoint_a_cluster_takes_its_claims_along() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2_AND_4), n=3)
    reach(driver, 0, 1, 2)
    driver.judge({(1, 0): 0.2, (2, 0): 0.1, (2, 1): 0.8})
    reach(driver, 0, 1)
    assert driver.waiting_keys == [(1, 0)]
    assert driver.waiting[0].left.text == " 1 1 1 1"
    driver.judge(0.9)
    assert driver.clusters == {0: [0, 1, 2]}
    driver.end(0, FIVE)
    result = driver.result()
    assert [trace.weight for trace in result.traces] == [1.0, 0.9, pytest.approx(0.72)]
    assert [trace.into for trace in result.traces] == [None, 0, 0]


def test_a_trace_that_leaves_company_behind_goes_alone() -> None:
    driver = Driver(DeepPrune(checkpoints=AT_2_AND_4, keep=2), n=4)
    reach(driver, 0, 1, 2)
    driver.judge({(1, 0): 0.2, (2, 0): 0.1, (2, 1): 0.8})
    reach(driver, 0, 1)
    driver.judge(0.9)
    assert driver.clusters == {0: [0, 1], 1: [2]}


def test_a_protected_trace_has_no_claim_while_it_lives() -> None:
    kept = Kept(DeepPrune(checkpoints=AT_2))
    driver = Driver(Composed(kept, Sanctuary()), n=2)
    reach(driver, 0, 1)
    driver.judge(0.9)
    assert kept.state.clusters.members == {0: [0, 1]}
    assert driver.outcomes() == [None, None]
    assert not driver.engine.roster.imputations
    driver.end(0, FIVE)
    assert driver.result().tally["5"].imputed == 0


class Sanctuary:
    """Protects every trace."""

    name = "sanctuary"

    def begin(self, setup: RunSetup) -> PolicyState:
        del setup
        return _Protecting()


class _Protecting(PolicyState):
    def protects(self, trace: Trace, view: RunView) -> bool:
        return True


class Impatient:
    """Wants the run to end, and every trace closed, at the third token."""

    name = "impatient"

    def begin(self, setup: RunSetup) -> PolicyState:
        del setup
        return _ImpatientState()


class _ImpatientState(PolicyState):
    def interest(self, trace: Trace) -> int | None:
        return 3

    def observe(self, seen: Observation, view: RunView) -> list[Close | End]:
        if not isinstance(seen, Advanced) or seen.trace.tokens < 3:
            return []
        return [Close(trace=seen.trace.index, reason="late"), End(reason="impatient")]


def test_the_last_of_a_cluster_is_closed_by_no_policy() -> None:
    kept = Kept(DeepPrune(checkpoints=AT_2, finish="largest"))
    driver = Driver(Composed(kept, Impatient()), n=3)
    reach(driver, 0, 1)
    driver.judge(0.1)
    driver.say(0, " x")
    assert closings(driver) == []
    # Nor may another policy end the run before the largest cluster is known.
    assert driver.ended_because is None
    driver.say(2, " a b")
    driver.judge(0.1)
    driver.say(1, " x")
    assert driver.ended_because == "impatient"
