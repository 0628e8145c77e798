"""Ballots, tallies, answer classes and the Beta rule."""

from fractions import Fraction
from math import comb, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepprune_sdk import Answers
from deepprune_sdk.answers.classes import AnswerClasses
from deepprune_sdk.data import Ballot, ClusterWeightedVote, SurvivorsVote, Vote
from deepprune_sdk.data.voting import Tally
from deepprune_sdk.policies.beta_rule import leader_keeps_lead, leader_stays_ahead


def observed(*answers: str) -> list[Ballot]:
    return [Ballot(trace=trace, answer=answer) for trace, answer in enumerate(answers)]


def imputed(trace: int, answer: str, weight: float) -> Ballot:
    return Ballot(trace=trace, answer=answer, weight=weight, imputed=True)


def totals(tally: Tally) -> dict[str, float]:
    return {answer: entry.total for answer, entry in tally.entries.items()}


def test_majority() -> None:
    tally = SurvivorsVote().tally(observed("5", "6", "5"))
    assert (tally.answer, tally.lead) == ("5", 1)
    assert tally.agreement == pytest.approx(2 / 3)
    assert list(totals(tally)) == ["5", "6"]
    assert tally.weights == {0: 1, 1: 1, 2: 1}


def test_no_ballot_no_answer() -> None:
    tally = ClusterWeightedVote().tally([])
    assert (tally.answer, tally.lead, tally.agreement) == (None, 0, 0)


def test_imputed_ballots_count_by_weight_or_not_at_all() -> None:
    ballots = [*observed("5", "6"), imputed(2, "6", 0.75), imputed(3, "5", 0.5)]
    weighted, survivors = ClusterWeightedVote().tally(ballots), SurvivorsVote().tally(ballots)
    assert totals(weighted) == {"6": 1.75, "5": 1.5}
    assert weighted.entries["6"].observed == 1
    assert weighted.entries["6"].imputed == 0.75
    assert weighted.weights == {0: 1, 1: 1, 2: 0.75, 3: 0.5}
    assert totals(survivors) == {"5": 1, "6": 1}
    assert survivors.weights == {0: 1, 1: 1}
    assert ClusterWeightedVote.counts_imputed
    assert not SurvivorsVote.counts_imputed


def test_a_tie_goes_to_more_observed_weight_then_to_the_lowest_trace() -> None:
    vote = ClusterWeightedVote()
    assert vote.tally([imputed(0, "6", 1.0), Ballot(trace=1, answer="5")]).answer == "5"
    assert vote.tally(observed("6", "5")).answer == "6"
    assert vote.tally(observed("6", "5")[::-1]).answer == "6"


def test_agreement_is_a_share_of_observed_ballots() -> None:
    ballots = [*observed("5", "6"), imputed(2, "6", 1.0), imputed(3, "6", 1.0)]
    assert ClusterWeightedVote().tally(ballots).agreement == 0.5
    assert ClusterWeightedVote().tally(ballots[2:]).agreement == 0


votes = st.sampled_from([ClusterWeightedVote(), SurvivorsVote()])
many = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1), st.booleans()), max_size=12).map(
    lambda ballots: [
        Ballot(trace=trace, answer=answer, weight=weight if late else 1.0, imputed=late)
        for trace, (answer, weight, late) in enumerate(ballots)
    ]
)


@given(votes, many, st.data())
def test_the_order_of_ballots_does_not_matter(
    vote: Vote, ballots: list[Ballot], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(ballots))
    first, second = vote.tally(ballots), vote.tally(shuffled)
    assert list(first.entries.items()) == list(second.entries.items())
    assert first.lead == second.lead


@given(votes, many)
def test_the_winner_leads(vote: Vote, ballots: list[Ballot]) -> None:
    tally = vote.tally(ballots)
    weights = list(totals(tally).values())
    assert weights == sorted(weights, reverse=True)
    assert tally.lead >= 0
    assert 0 <= tally.agreement <= 1
    assert set(tally.weights) <= {ballot.trace for ballot in ballots}


def test_equal_answers_go_by_the_form_seen_first() -> None:
    classes = AnswerClasses(Answers().equivalent)
    assert [classes.name(text) for text in ("0.5", "7", "1/2", "0.5", "7.0")] == [
        "0.5",
        "7",
        "0.5",
        "0.5",
        "7",
    ]


def test_a_form_is_compared_once_with_each_group() -> None:
    compared: list[tuple[str, str]] = []

    def equivalent(left: str, right: str) -> bool:
        compared.append((left, right))
        return left.lower() == right.lower()

    classes = AnswerClasses(equivalent)
    assert [classes.name(text) for text in ("a", "b", "B", "B", "a", "A")] == list("abbbaa")
    assert compared == [("a", "b"), ("a", "B"), ("b", "B"), ("a", "A")]


# --- the Beta rule --------------------------------------------------------------------------------


def exactly(leader: int, second: int) -> Fraction:
    """1 - I_0.5(a + 1, b + 1), for whole numbers a sum of binomial coefficients."""
    a, n = leader + 1, leader + second + 1
    return 1 - Fraction(sum(comb(n, j) for j in range(a, n + 1)), 2**n)


@pytest.mark.parametrize(
    ("leader", "second", "probability"), [(0, 0, 0.5), (3, 0, 0.9375), (4, 0, 0.96875), (2, 2, 0.5)]
)
def test_the_numbers_of_the_paper(leader: int, second: int, probability: float) -> None:
    assert leader_stays_ahead(leader, second) == pytest.approx(probability, abs=1e-12)


@given(st.integers(0, 600), st.integers(0, 600))
def test_the_beta_rule_is_exact(leader: int, second: int) -> None:
    assert leader_stays_ahead(leader, second) == pytest.approx(
        float(exactly(leader, second)), abs=1e-12
    )


@given(st.floats(0, 200), st.floats(0, 200))
def test_the_beta_rule_is_a_probability_and_symmetric(leader: float, second: float) -> None:
    ahead, behind = leader_stays_ahead(leader, second), leader_stays_ahead(second, leader)
    assert 0 <= ahead <= 1
    assert ahead + behind == pytest.approx(1, abs=1e-9)
    assert (ahead >= behind - 1e-9) == (leader >= second) or ahead == pytest.approx(behind)


def test_one_more_ballot_for_the_leader_never_lowers_the_probability() -> None:
    for second in range(20):
        last = -inf
        for leader in range(40):
            assert last <= (last := leader_stays_ahead(leader, second))


# --- the full vote --------------------------------------------------------------------------------


def predicted(leader: int, second: int, left: int, wins_ties: bool) -> Fraction:
    """By urn: each further ballot goes to either with probability (its ballots + 1) / (all + 2)."""
    if left == 0:
        return Fraction(leader > second or (wins_ties and leader == second))
    share = Fraction(leader + 1, leader + second + 2)
    won = predicted(leader + 1, second, left - 1, wins_ties)
    return share * won + (1 - share) * predicted(leader, second + 1, left - 1, wins_ties)


@pytest.mark.parametrize(
    ("leader", "second", "left", "probability"),
    [
        (2, 0, 1, 1.0),
        (2, 0, 2, 0.9),  # lost where both go to the runner-up: 1/4 * 2/5
        (2, 0, 3, 0.95),  # 1/4 * 2/5 * 3/6
        (1, 0, 1, 2 / 3),
        (1, 1, 1, 0.5),
        (0, 0, 3, 0.5),
        (3, 0, 0, 1.0),
        (1, 1, 0, 0.0),  # a tie is no lead
    ],
)
def test_the_full_vote_by_hand(leader: int, second: int, left: int, probability: float) -> None:
    assert leader_keeps_lead(leader, second, left) == pytest.approx(probability, abs=1e-12)


@pytest.mark.parametrize(
    ("leader", "second", "left", "probability"),
    [(2, 0, 2, 1.0), (2, 0, 3, 0.95), (1, 1, 0, 1.0), (1, 0, 1, 1.0)],
)
def test_the_full_vote_by_hand_where_the_leader_wins_ties(
    leader: int, second: int, left: int, probability: float
) -> None:
    found = leader_keeps_lead(leader, second, left, wins_ties=True)
    assert found == pytest.approx(probability, abs=1e-12)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_the_full_vote_is_exact(leader: int, second: int, left: int, wins_ties: bool) -> None:
    if leader >= second:
        found = leader_keeps_lead(leader, second, left, wins_ties=wins_ties)
        exact = float(predicted(leader, second, left, wins_ties))
        assert found == pytest.approx(exact, abs=1e-12)


@given(st.integers(0, 60), st.integers(0, 20))
def test_a_full_vote_without_end_is_the_beta_rule(lead: int, second: int) -> None:
    assert leader_keeps_lead(second + lead, second, 4_001) == pytest.approx(
        leader_stays_ahead(second + lead, second), abs=2e-3
    )


@given(st.floats(0, 100), st.floats(0, 100), st.integers(0, 600))
def test_one_more_ballot_for_the_leader_helps_in_a_full_vote(
    lead: float, second: float, left: int
) -> None:
    before = leader_keeps_lead(second + lead, second, left + 1)
    after = leader_keeps_lead(second + lead + 1.0, second, left)
    assert 0 <= before <= after + 1e-9 <= 1 + 2e-9
