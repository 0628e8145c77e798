"""When prefixes are frozen."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepprune_sdk import Checkpoints
from deepprune_sdk.data import Chunk, Trace, TracePrefix
from deepprune_sdk.policies.checkpoints import REASONING_WORDS


def prefixes(checkpoints: Checkpoints, *pieces: str) -> list[str]:
    """Grow a trace piece by piece as an engine does."""
    tracker, trace = checkpoints.track(), Trace(0)
    found: list[TracePrefix] = []
    for piece in pieces:
        trace.append(Chunk(pieces=(piece,)), 0, 1)
        if trace.tokens == (tracker.interest(trace) or 0) or tracker.interest(trace) is None:
            pass
        prefix = tracker.reached(trace)
        if prefix is not None:
            found.append(prefix)
    assert [prefix.checkpoint for prefix in found] == list(range(len(found)))
    assert tracker.done(trace) == (len(found) == len(checkpoints.at))
    assert (tracker.interest(trace) is None) == tracker.done(trace)
    return [prefix.text for prefix in found]


def test_token_checkpoints() -> None:
    assert prefixes(Checkpoints.tokens(1, 3), *"abcd") == ["a", "abc"]
    assert prefixes(Checkpoints.tokens(5), *"abcd") == []


def test_interest_is_the_next_checkpoint() -> None:
    tracker, trace = Checkpoints.tokens(2, 4).track(), Trace(0)
    assert tracker.interest(trace) == 2
    trace.append(Chunk(pieces=("a", "b")), 0, 2)
    assert tracker.reached(trace) is not None
    assert tracker.interest(trace) == 4
    assert tracker.reached(trace) is None


def test_k_steps_are_complete_where_the_next_one_opens() -> None:
    text = ("First", ".", " So", " x", ".", " But", " y", ".", " Hmm", " z")
    assert prefixes(Checkpoints.steps(1, 2), *text) == ["First. So x. ", "First. So x. But y. "]


def test_a_word_counts_once_it_cannot_go_on() -> None:
    once = Checkpoints.steps(1)
    assert prefixes(once, "so", " a", " so", "me", " so") == []
    assert prefixes(once, "so", " a", " so", "me", " so", ".") == ["so a some "]
    assert prefixes(once, "so", " a", " s", "o", "!") == ["so a "]
    assert prefixes(once, "so also", " person so_far", " so2") == []
    assert prefixes(once, "SO\n", "WAIT\n") == ["SO\n"]
    assert prefixes(once, "x" * 500, "so so so ") == ["x" * 500 + "so so "]


def test_own_words() -> None:
    checkpoints = Checkpoints.steps(1, words=("donc", "donc2"))
    assert prefixes(checkpoints, "donc a so b donc2 ") == ["donc a so b "]


def test_a_trace_that_ended_gives_its_full_text_once() -> None:
    tracker, trace = Checkpoints.tokens(2, 4).track(), Trace(0)
    trace.append(Chunk(pieces=("a", "b", "c")), 0, 3)
    assert tracker.reached(trace) is not None
    trace.outcome = "finished"
    prefix = tracker.ended(trace)
    assert prefix == TracePrefix(trace=0, checkpoint=1, text="abc", tokens=3, finished=True)
    assert tracker.ended(trace) is None
    assert tracker.done(trace)


pieces = st.lists(
    st.sampled_from([*REASONING_WORDS, "so", "So", "s", "o", "me", " ", ".", "\n", "_", "é", "1"]),
    max_size=40,
)


@given(pieces, st.integers(1, 4))
def test_steps_open_where_the_whole_text_says(pieces: list[str], k: int) -> None:
    text = "".join(pieces)
    opened = [
        m.start()
        for m in re.finditer(rf"(?i)\b(?:{'|'.join(REASONING_WORDS)})\b(?=.)", text, re.DOTALL)
    ]
    expected = [text[: opened[k]]] if len(opened) > k else []
    assert prefixes(Checkpoints.steps(k), *pieces) == expected


@pytest.mark.parametrize("unit", ["tokens", "steps"])
def test_settings_survive_a_round_trip(unit: str) -> None:
    checkpoints = Checkpoints.model_validate({"at": [1, 2], "unit": unit})
    assert Checkpoints.model_validate(checkpoints.model_dump(mode="json")) == checkpoints
