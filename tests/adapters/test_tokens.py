"""Token counters: text is kept, and no test touches the network."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from deepprune_adapters.tokens import (
    OFFLINE,
    HeuristicCounter,
    TiktokenCounter,
    default_counter,
    fit,
)
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.protocols import TokenCounter

ENGLISH = """
So the number of primes below 100 is 25, since 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43,
47, 53, 59, 61, 67, 71, 73, 79, 83, 89 and 97 are prime. Wait, let me check whether 91 is prime:
$91 = 7 \\cdot 13$, therefore it is not. Alternatively we could use the prime counting function
$\\pi(x) \\approx \\frac{x}{\\ln x}$, which gives approximately 21.7 for $x = 100$; the actual value
is somewhat larger. Hence the final answer is \\boxed{25}.

def count_primes(limit):
    return sum(all(n % d for d in range(2, n)) for n in range(2, limit))
"""


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> tiktoken.Encoding:
        raise ConnectionError("no network in tests")

    monkeypatch.setattr(tiktoken, "get_encoding", refuse)


@given(st.text())
def test_the_heuristic_keeps_the_text(text: str) -> None:
    pieces = HeuristicCounter().split(text)
    assert "".join(pieces) == text
    assert all(pieces)


@given(st.text())
def test_tiktoken_keeps_the_text_and_counts_every_token(text: str) -> None:
    pieces = TiktokenCounter(OFFLINE).split(text)
    assert "".join(pieces) == text
    assert len(pieces) == len(tiktoken.get_encoding(OFFLINE).encode_ordinary(text))


def test_what_is_remembered_stays_as_it_was() -> None:
    counter = TiktokenCounter(OFFLINE)
    first = counter.split(" twelve pencils")
    kept = list(first)
    first.append("more")
    assert counter.split(" twelve pencils") == kept


def test_tokens_inside_a_character() -> None:
    pieces = TiktokenCounter(OFFLINE).split("a \U0001f9ee b")
    assert "".join(pieces) == "a \U0001f9ee b"
    assert "" in pieces


def test_text_that_no_utf8_can_hold() -> None:
    assert "".join(TiktokenCounter(OFFLINE).split("a\ud800b")) == "a\ud800b"


def test_special_tokens_are_text() -> None:
    assert "".join(TiktokenCounter(OFFLINE).split("<|endoftext|>")) == "<|endoftext|>"


def test_the_heuristic_is_close_on_english_and_mathematics() -> None:
    exact = len(TiktokenCounter(OFFLINE).split(ENGLISH))
    assert len(HeuristicCounter().split(ENGLISH)) == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("text", ["a" * 200_000, " " * 200_000, "\n" * 200_000, "(" * 200_000])
def test_the_heuristic_is_linear(text: str) -> None:
    assert "".join(HeuristicCounter().split(text)) == text


def test_a_download_that_fails_falls_back_once(
    no_network: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="deepprune_adapters")
    counter = TiktokenCounter("cl100k_base", exact=True)
    assert counter.exact
    for _ in range(2):
        assert counter.split("two words") == HeuristicCounter().split("two words")
    assert not counter.exact
    assert len(caplog.records) == 1
    assert "cl100k_base" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"encoding": "nonsense"}, "nonsense"),
        ({"model": "nonsense"}, "nonsense"),
        ({"encoding": "cl100k_base", "model": "gpt-4"}, "not both"),
    ],
)
def test_names_that_tiktoken_does_not_know(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        TiktokenCounter(**arguments)


def test_an_encoding_is_chosen_by_the_model(no_network: None) -> None:
    assert repr(TiktokenCounter(model="gpt-4")) == "TiktokenCounter('cl100k_base')"
    assert repr(TiktokenCounter()) == "TiktokenCounter('cl100k_base')"


def test_the_default_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    default_counter.cache_clear()
    counter: TokenCounter = default_counter()
    assert repr(counter) == f"TiktokenCounter({OFFLINE!r})"
    assert default_counter() is counter
    monkeypatch.setattr(tiktoken, "list_encoding_names", lambda: ["cl100k_base"])
    default_counter.cache_clear()
    assert isinstance(default_counter(), HeuristicCounter)
    default_counter.cache_clear()


@given(st.lists(st.text(max_size=3)), st.integers(1, 20))
def test_fitting_keeps_the_text_and_gives_the_count(pieces: list[str], count: int) -> None:
    fitted = fit(pieces, count)
    assert len(fitted) == count
    assert "".join(fitted) == "".join(pieces)
