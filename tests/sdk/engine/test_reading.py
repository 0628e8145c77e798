"""How the answers of a run are read: by the user's own code, and by one that learns."""

from __future__ import annotations

import pytest
from support.driving import Driver

from deepprune_sdk import FullSampling, FunctionAnswers, method
from deepprune_sdk.answers import AutoAnswers
from deepprune_sdk.data.signals import End


def test_answers_are_put_right_when_the_kind_changes() -> None:
    driver = Driver(FullSampling(), n=5, answers=AutoAnswers())
    traces = driver.engine.roster.traces
    prose = "We add it all up from the left to the right, as always, and come to 7 in the end."
    driver.end(0, prose)
    assert traces[0].answer is None
    assert driver.result().answers == "auto: unread"
    driver.end(1, "so \\boxed{7}")
    assert traces[0].answer is None
    driver.end(2, "so \\boxed{7}")
    assert driver.result().answers == "auto: math"
    assert traces[0].answer == "7"
    assert driver.result().tally["7"].observed == 3


@pytest.mark.parametrize("keep_text", [True, False])
def test_texts_are_kept_until_they_will_not_be_read_again(keep_text: bool) -> None:
    driver = Driver(FullSampling(), n=20, answers=AutoAnswers(), keep_text=keep_text)
    for trace in range(20):
        driver.end(trace, "Paris")
        kept = [bool(each.text) for each in driver.engine.roster.traces]
        if not keep_text:
            assert any(kept[: trace + 1]) == (trace < 15)
    assert driver.result().tally["Paris"].observed == 20


def test_an_extractor_that_raises_costs_one_ballot() -> None:
    def read(text: str) -> str:
        return {"so 5": "5"}[text]

    driver = Driver(FullSampling(), n=3, answers=FunctionAnswers(read))
    driver.end(0, "so 5")
    driver.end(1, "so 6")
    assert driver.end(2, "so 5") == [End(reason="complete")]
    result = driver.result()
    assert (result.answer, result.tally["5"].observed) == ("5", 2)
    assert any(
        "failures of FunctionAnswers: 1 (KeyError: 'so 6')" in said for said in result.warnings
    )


def test_an_answer_that_is_not_a_string_is_none() -> None:
    class Numbers:
        def extract(self, text: str, *, complete: bool) -> int:
            return len(text)

        def equivalent(self, left: str, right: str) -> bool:
            return left == right

    driver = Driver(FullSampling(), n=1, answers=Numbers())  # pyright: ignore[reportArgumentType]
    driver.end(0, "so 5")
    result = driver.result()
    assert result.answer is None
    assert any("it gave 4, and an answer is a string or None" in said for said in result.warnings)


def test_a_comparison_that_raises_says_different() -> None:
    def same(left: str, right: str) -> bool:
        raise ZeroDivisionError(f"{left} by {right}")

    driver = Driver(FullSampling(), n=2, answers=FunctionAnswers(str.strip, same))
    driver.end(0, "a")
    driver.end(1, "b")
    assert driver.result().tally.keys() == {"a", "b"}
    assert any("ZeroDivisionError: a by b" in said for said in driver.result().warnings)


def test_faults_that_cannot_even_be_said_cost_one_ballot_each() -> None:
    class UnsayableError(Exception):
        def __str__(self) -> str:
            raise ValueError("no")

    class Unsayable:
        def __repr__(self) -> str:
            raise ValueError("no")

    class Hostile:
        def extract(self, text: str, *, complete: bool) -> object:
            if text == "a":
                raise UnsayableError
            return Unsayable() if text == "b" else text

        def equivalent(self, left: str, right: str) -> object:
            raise UnsayableError

    driver = Driver(FullSampling(), n=4, answers=Hostile())  # pyright: ignore[reportArgumentType]
    for trace, text in enumerate("abcd"):
        driver.end(trace, text)
    result = driver.result()
    assert [trace.answer for trace in result.traces] == [None, None, "c", "d"]
    assert any("failures of Hostile: 3 (UnsayableError)" in said for said in result.warnings)


@pytest.mark.parametrize("finish", ["length", "cut"])
def test_only_the_models_own_end_makes_a_text_whole(finish: str) -> None:
    driver = Driver(FullSampling(), n=3)
    driver.end(0, "that makes 7", finish=finish)  # pyright: ignore[reportArgumentType]
    driver.end(1, "so \\boxed{7}", finish=finish)  # pyright: ignore[reportArgumentType]
    driver.end(2, "that makes 7")
    result = driver.result()
    assert [trace.answer for trace in result.traces] == [None, "7", "7"]
    assert [trace.finish for trace in result.traces] == [finish, finish, "stop"]


def test_a_run_without_a_readable_answer_stops() -> None:
    policy = method("cons+stop-unread:after=3,share=0.1")
    driver = Driver(policy, n=8)
    driver.fail(0)
    driver.end(1, "hm hm hm")
    driver.end(2, "well well", finish="length")
    assert driver.end(3, "hm") == [End(reason="no readable answer")]
    assert driver.result().ended_because == "no readable answer"


def test_one_readable_answer_is_enough_to_go_on() -> None:
    driver = Driver(method("cons+stop-unread:after=2,share=0.1"), n=4)
    driver.end(0, "hm hm")
    driver.end(1, "\\boxed{3}")
    assert driver.end(2, "hm") == []
    assert driver.ended_because is None


def test_the_share_of_n_counts_where_that_is_more() -> None:
    driver = Driver(method("cons+stop-unread:after=1,share=0.5"), n=8)
    assert [driver.end(trace, "hm") for trace in range(3)] == [[], [], []]
    assert driver.end(3, "hm") == [End(reason="no readable answer")]
