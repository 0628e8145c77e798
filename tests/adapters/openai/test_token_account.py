"""The account of a stream's tokens: what the server reports, and what is counted here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepprune_adapters.openai.events import Reported
from deepprune_adapters.openai.token_account import INVISIBLE, TokenAccount
from deepprune_sdk.data.types import Usage


class Words:
    """Counts words, so that what was counted here shows."""

    exact = False

    def split(self, text: str) -> list[str]:
        return [f"{word} " for word in text.split(" ")[:-1]] + [text.rpartition(" ")[2]]


def report(total: int, *, reasoning: int = 0) -> Reported:
    return Reported(generated=total, prompt=9, cached=0, reasoning=reasoning)


def take(account: TokenAccount, text: str, total: int | None, *, ended: bool = False) -> list[str]:
    """Take an event the long way; return the pieces, each with a * where it is not exact."""
    count = None
    if total is not None:
        account.note(report(total))
        count = account.count(text, report(total), ended=ended)
    tokens = account.cut(text, count)
    account.add(len(tokens.pieces))
    assert "".join(tokens.pieces) == text
    return [piece if tokens.exact else f"{piece}*" for piece in tokens.pieces]


def told(*events: tuple[str, int | None]) -> tuple[list[list[str]], TokenAccount]:
    account = TokenAccount(Words())
    return [take(account, text, total) for text, total in events], account


@pytest.mark.parametrize(
    ("events", "pieces"),
    [
        # Figure and text keep step: each text is a token, whatever our counter says.
        ([("a", 1), ("b c", 2)], [["a"], ["b c"]]),
        # Several tokens in one text: their number is the server's, the cuts are ours.
        ([("a", 1), ("b c", 3)], [["a"], ["b *", "c*"]]),
        ([("a", 1), ("b c", 4)], [["a"], ["b *", "c*", "*"]]),
        # A token whose text is held back is an empty piece, and the text that then comes is one.
        ([("a", 1), ("", 2), ("\u00e9", 3)], [["a"], [""], ["\u00e9"]]),
        ([("a", 1), ("", 3), ("b", 4)], [["a"], ["", ""], ["b"]]),
        # The figure comes late: the next one pays for the text before.
        ([("a", 1), ("b", 1), ("c", 3)], [["a"], ["b*"], ["c"]]),
        ([("a", 1), ("b", None), ("c", 3)], [["a"], ["b*"], ["c"]]),
        # A text beyond what is reported is still a piece, until the figures have caught up.
        ([("a", 1), ("b", 1), ("c", 2), ("", 3)], [["a"], ["b*"], ["c*"], []]),
        # A figure that falls is none: the largest holds.
        ([("a", 5), ("b", 3), ("c", 7)], [["a*"] + ["*"] * 4, ["b*"], ["c"]]),
        # Nothing is reported at all.
        ([("a b", None), ("c", None)], [["a *", "b*"], ["c*"]]),
    ],
)
def test_a_text_has_what_the_total_has_grown_by(
    events: list[tuple[str, int | None]], pieces: list[list[str]]
) -> None:
    assert told(*events)[0] == pieces


@pytest.mark.parametrize("wrong", [INVISIBLE + 5, 10_000])
def test_a_figure_that_cannot_be_starts_the_account_anew(wrong: int) -> None:
    pieces, account = told(("a", 1), ("b c", wrong), ("d e", wrong + 1))

    assert pieces == [["a"], ["b *", "c*"], ["d e"]]
    assert account.tokens == 4


def test_as_many_tokens_without_a_text_are_believed() -> None:
    pieces, account = told(("a", 1), ("", 1 + INVISIBLE))

    assert pieces[1] == [""] * INVISIBLE
    assert account.tokens == 1 + INVISIBLE


def test_running_usage_that_begins_amid_a_text_counts_from_there() -> None:
    pieces, _ = told(("a b", None), ("c d", 7), ("e f", 8))

    assert pieces == [["a *", "b*"], ["c *", "d*"], ["e f"]]


def test_usage_with_the_end_only_says_nothing_of_the_last_text() -> None:
    account = TokenAccount(Words())
    take(account, "a b", None)

    assert take(account, "c d", 9, ended=True) == ["c *", "d*"]
    assert (account.reported, account.running_usage) == (True, False)


def test_the_end_counts_where_usage_was_running() -> None:
    account = TokenAccount(Words())
    take(account, "a", 1)

    assert take(account, "b c", 2, ended=True) == ["b c"]


def test_the_largest_report_is_taken_once() -> None:
    account = TokenAccount(Words())
    assert (account.take_usage(), account.reported) == (None, False)
    for total, reasoning in ((3, 1), (5, 4), (4, 2)):
        account.note(report(total, reasoning=reasoning))

    assert account.take_usage() == Usage(prompt=9, generated=5)
    assert account.take_usage() is None
    assert account.reasoning == 4


EVENTS = st.lists(
    st.tuples(st.sampled_from(["", "a", "b c", "d e f"]), st.integers(0, 4)), min_size=1
)


@given(EVENTS)
def test_the_pieces_are_as_many_as_the_server_says_as_soon_as_they_can_be(
    events: list[tuple[str, int]],
) -> None:
    account, total = TokenAccount(Words()), 0
    for text, grown in events:
        too_many = account.tokens - total
        total += grown
        take(account, text, total)
        can_be = grown - too_many >= bool(text)
        assert account.tokens == total if can_be else account.tokens > total


@given(EVENTS)
def test_the_short_way_leaves_the_account_as_the_long_way_does(
    events: list[tuple[str, int]],
) -> None:
    short, long, total = TokenAccount(Words()), TokenAccount(Words()), 0
    for text, grown in events:
        total += grown
        said = total if grown else None
        pieces = take(long, text, said)
        if text and said is None:
            assert pieces == [f"{piece}*" for piece in short.add_counted(text)]
        elif text and short.is_next(report(total)):
            short.add_next(report(total))
            assert pieces == [text]
        else:
            take(short, text, said)
        assert vars(short) | {"_counter": None} == vars(long) | {"_counter": None}


def test_nothing_is_beyond_doubt_before_usage_runs_or_while_it_lags() -> None:
    account = TokenAccount(Words())
    assert not account.is_next(report(1))
    take(account, "a", 1)
    assert account.is_next(report(2))
    assert not account.is_next(report(3))
    take(account, "b", None)
    assert not account.is_next(report(2))
