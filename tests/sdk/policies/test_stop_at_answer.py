"""StopAtAnswer: closes a trace when the run's extractor says that its answer is stated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.driving import Driver, tokens
from support.labels import FINISHED_ONLY, LABELS, Bare

from deepprune_sdk import Answers, Composed, ConfigurationError, FullSampling, StopAtAnswer
from deepprune_sdk.data.signals import Arrived, Close
from deepprune_sdk.data.types import Chunk
from deepprune_sdk.policies import Checkpoints, DeepPrune
from deepprune_sdk.protocols import AnswerExtractor

AT_ONCE = StopAtAnswer(every=1)


def write(driver: Driver, text: str | Sequence[str], *, reasoning: bool = False) -> None:
    """Say a text token by token until the trace is closed: what is under way then would count."""
    for piece in tokens(text) if isinstance(text, str) else text:
        if 0 in driver.open:
            driver.say(0, [piece], reasoning=reasoning)


def closings(driver: Driver) -> list[tuple[int, int, str | None]]:
    """Trace, its tokens, its answer."""
    traces = driver.engine.roster.traces
    return [
        (action.trace, traces[action.trace].tokens, traces[action.trace].answer)
        for action in driver.actions
        if isinstance(action, Close)
    ]


def test_an_extractor_of_ones_own_says_when_an_answer_is_stated() -> None:
    driver = Driver(AT_ONCE, n=2, answers=LABELS)
    write(driver, "a \\boxed{5} is no answer here, LABEL: cat and more words that are not needed")
    assert closings(driver) == [(0, 9, "cat")]  # at " and", which ends the word
    assert driver.outcomes() == ["answered", None]
    assert driver.result().answer == "cat"


def test_the_default_extractor_still_waits_for_the_brace() -> None:
    driver = Driver(AT_ONCE, n=1)
    write(driver, ["The answer is 4. ", "So \\boxed{", "4", "2", "}", " bye"])
    assert closings(driver) == [(0, 5, "42")]


def test_a_box_that_holds_no_answer_closes_nothing() -> None:
    driver = Driver(AT_ONCE, n=1)
    write(driver, ["Put it in \\boxed{?}", " or in \\boxed{\\ldots}", " so \\boxed{7}", " bye"])
    assert closings(driver) == [(0, 3, "7")]


def test_a_draft_in_thinking_that_was_left_in_the_text_closes_nothing() -> None:
    driver = Driver(AT_ONCE, n=1)
    write(driver, ["<think>", "\\boxed{5}", " no", "</think>", "It is ", "\\boxed{6}", " bye"])
    assert closings(driver) == [(0, 6, "6")]


@pytest.mark.parametrize("answers", [Answers(), LABELS])
def test_an_answer_in_the_reasoning_counts_where_that_is_asked_for(
    answers: AnswerExtractor,
) -> None:
    text = ["hm ", "LABEL: 5 or \\boxed{5}", " wait", " and"]
    deaf, keen = (
        Driver(StopAtAnswer(every=1, in_reasoning=wanted), n=1, answers=answers)
        for wanted in (False, True)
    )
    for driver in (deaf, keen):
        write(driver, text, reasoning=True)
        write(driver, ["LABEL: 6 or \\boxed{6}", " bye", " bye"])
    assert closings(deaf) == [(0, 5, "6")]
    assert closings(keen) == [(0, 2, "5")]


def test_an_answer_of_the_answer_part_comes_before_a_draft_of_the_reasoning() -> None:
    driver = Driver(StopAtAnswer(every=8, in_reasoning=True), n=1)
    write(driver, ["a", "b", "c", "d", "\\boxed{5}", "e"], reasoning=True)
    write(driver, ["\\boxed{6}", "f", "g"])
    assert closings(driver) == [(0, 8, "6")]


def test_the_last_speaker_of_a_cluster_is_closed_once_its_answer_is_stated() -> None:
    policy = Composed(
        DeepPrune(checkpoints=Checkpoints.tokens(2)), StopAtAnswer(every=1, in_reasoning=True)
    )
    driver = Driver(policy, n=1, answers=LABELS)
    write(driver, ["a", "b", "LABEL: cat ", "c"], reasoning=True)
    assert closings(driver) == [(0, 3, "cat")]


def test_in_shadow_the_decision_has_the_answer_and_the_stream_goes_on() -> None:
    driver = Driver(AT_ONCE, n=1, answers=LABELS, shadow=True)
    driver.say(0, ["LABEL: cat ", "no, "])
    driver.end(0, "LABEL: dog")
    result = driver.result()
    assert result.answer == "dog"
    assert result.shadow is not None
    assert (result.shadow.answer, result.shadow.answer_differs) == ("cat", True)


@pytest.mark.parametrize(
    ("answers", "name"), [(FINISHED_ONLY, "FunctionAnswers"), (Bare(), "Bare")]
)
@pytest.mark.parametrize("policy", [AT_ONCE, Composed(FullSampling(), AT_ONCE)])
def test_an_extractor_that_reads_finished_texts_only_is_refused(
    policy: StopAtAnswer | Composed, answers: AnswerExtractor, name: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"^stop-at-answer .* {name} .* incomplete="):
        Driver(policy, n=1, answers=answers)


@pytest.mark.parametrize("answers", [FINISHED_ONLY, Bare()])
def test_what_lets_traces_end_takes_any_extractor(answers: AnswerExtractor) -> None:
    driver = Driver(FullSampling(), n=2, answers=answers)
    driver.end(0, "LABEL: cat")
    driver.end(1, "LABEL: Cat")
    assert driver.result().tally["cat"].observed == 2


class Counted:
    """Counts what is read of unfinished texts."""

    reads_incomplete = True

    def __init__(self) -> None:
        self.read = 0

    def extract(self, text: str, *, complete: bool) -> str | None:
        del complete
        self.read += len(text)
        return None

    def equivalent(self, left: str, right: str) -> bool:
        return left == right


def test_a_long_trace_is_not_read_again_at_every_look() -> None:
    answers = Counted()
    driver = Driver(AT_ONCE, n=1, answers=answers)
    driver.say(0, [" word"] * 5000)
    length = 5 * 5000
    assert 10 * length < answers.read < 40 * length  # at every look: 2,500 times the length


def cut(pieces: list[str], cuts: list[int]) -> Iterator[Chunk]:
    bounds = [0, *sorted(at % (len(pieces) + 1) for at in cuts), len(pieces)]
    for begin, end in pairwise(bounds):
        yield Chunk(pieces=tuple(pieces[begin:end]))


WORDS = [" w", " LABEL: ", "cat", "\\boxed{", "4", "}", " so", ".", "\n"]


@given(
    pieces=st.lists(st.sampled_from(WORDS), max_size=120),
    cuts=st.lists(st.integers(0, 200), max_size=10),
    every=st.integers(1, 9),
    answers=st.sampled_from([Answers(), LABELS]),
    beside=st.sampled_from([3, 7, 20]),
)
def test_how_text_is_cut_changes_no_closing(
    pieces: list[str], cuts: list[int], every: int, answers: AnswerExtractor, beside: int
) -> None:
    policy = Composed(DeepPrune(checkpoints=Checkpoints.tokens(beside)), StopAtAnswer(every=every))
    whole, in_parts = (Driver(policy, n=1, answers=answers) for _ in range(2))
    whole.say(0, pieces)
    for chunk in cut(pieces, cuts):
        in_parts.tell(Arrived(trace=0, chunk=chunk))
    assert whole.actions == in_parts.actions
    # The engine keeps what a stream brings after its trace was closed, so only the answer is held.
    assert whole.engine.roster.traces[0].answer == in_parts.engine.roster.traces[0].answer
