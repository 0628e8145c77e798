"""What a person reads in an ending, the extractor of its kind reads too."""

from collections import Counter
from pathlib import Path

import pytest
from support.grade import Case, grade, grade_all, load

from deepprune_sdk import FunctionAnswers

CORPUS = Path(__file__).parents[2] / "corpus"
CASES = [case for path in sorted(CORPUS.glob("*.jsonl")) for case in load(path)]

WRONG_AT_MOST = 0.01
UNREAD_AT_MOST = 0.03


def case(
    text: str, answer: str | None, *, equals: tuple[str, ...] = (), differs: tuple[str, ...] = ()
) -> Case:
    return Case("one", "text", "en", "plain", text, True, answer, equals, differs)


def last_word(text: str) -> str | None:
    return text.rpartition(" ")[2] or None


def same_length(left: str, right: str) -> bool:
    return len(left) == len(right)


class Raising:
    """An extractor that can read nothing and says so by an exception."""

    def extract(self, text: str, *, complete: bool) -> str | None:
        raise ValueError(text, complete)

    def equivalent(self, left: str, right: str) -> bool:
        return left == right


LAST_WORD = FunctionAnswers(last_word)


@pytest.mark.parametrize("kind", sorted({case.base for case in CASES}))
def test_the_extractor_of_a_kind_reads_what_a_person_reads(kind: str) -> None:
    score = grade_all([case for case in CASES if case.base == kind])
    failures = [(each.case.id, each.mark, each.read, each.why) for each in score.failures]
    assert score.share("wrong") <= WRONG_AT_MOST, failures
    assert score.share("unread") <= UNREAD_AT_MOST, failures


def test_the_corpus_names_each_case_once() -> None:
    assert max(Counter(case.id for case in CASES).values()) == 1


def test_no_case_asks_for_two_answers_to_be_the_same_and_different() -> None:
    assert [case.id for case in CASES if {case.answer, *case.equals} & {*case.differs}] == []


@pytest.mark.parametrize(
    ("ending", "mark"),
    [
        (case("It is Paris", "Paris"), "right"),
        (case("It is Paris", "Lyon"), "wrong"),
        (case("It is Paris", "Lyon", equals=("Paris",)), "right"),
        (case("It is Paris", None), "wrong"),
        (case("", None), "right"),
        (case("", "Paris"), "unread"),
    ],
)
def test_an_ending_is_marked_by_what_is_read_in_it(ending: Case, mark: str) -> None:
    assert grade(ending, LAST_WORD).mark == mark


def test_a_right_reading_that_is_taken_for_another_answer_is_wrong() -> None:
    merging = FunctionAnswers(last_word, equivalent=same_length)
    assert grade(case("It is Paris", "Paris", differs=("London",)), merging).mark == "right"
    assert grade(case("It is Paris", "Paris", differs=("Dijon",)), merging).mark == "wrong"


def test_an_extractor_that_raises_reads_wrongly() -> None:
    assert grade(case("It is Paris", "Paris"), Raising()).mark == "wrong"
