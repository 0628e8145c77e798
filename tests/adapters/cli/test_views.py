"""The views of a run: text from elsewhere, the board, and frames of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from deepprune_adapters.cli.views.board import Board
from deepprune_adapters.cli.views.draw import ASCII, UNICODE, Glyphs, draw
from deepprune_adapters.cli.views.text import clean, number, seconds
from deepprune_sdk.data import (
    RunEnded,
    TraceClosed,
    TraceFailed,
    TraceFinished,
    TracePlaced,
    TraceProgress,
    TraceStarted,
    VoteChanged,
)

# --- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [bold]markup[/]", "plain [bold]markup[/]"),
        ("\x1b[31mred\x1b[0m \x1b[2J\x1b[H!", "red !"),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b", "ab"),
        ("\x9b31mred \x9d0;title\x9c!", "red !"),
        ("an unended \x1b]0;title", "an unended"),
        ("a\r\nb\tc\x00\x08d\x7f", "a b cd"),
        ("a\u202eb\u2066c\ufeffd\u200be", "abcde"),
        ("a\u2028b", "a b"),
        ("half \ud83d", "half"),
        ("Où ½ 数 😀", "Où ½ 数 😀"),
        ("\x1b", ""),
    ],
)
def test_untrusted_text_becomes_one_printable_line(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(st.characters(), max_size=60), st.integers(1, 20))
def test_cleaned_text_is_printable_and_no_longer_than_asked(text: str, limit: int) -> None:
    shown = clean(text, limit)

    assert shown.isprintable()
    assert len(shown) <= limit
    assert clean(shown) == shown


def test_long_text_is_cut_without_being_read_to_its_end() -> None:
    assert clean("word " * 1_000_000, 8) == "word wo…"


def test_figures() -> None:
    assert [number(3.0), number(2.46), number(1234.0)] == ["3", "2.5", "1,234"]
    assert [seconds(4.25), seconds(187), seconds(3723)] == ["4.2 s", "3:07", "1:02:03"]


# --- board ----------------------------------------------------------------------------------------


def board_of(n: int, started: int | None = None) -> Board:
    """A board with some traces of every kind."""
    board = Board(n, "How many \x1b[31m[red]primes[/red]?\nA second line.", "llama: m, judge j")
    board.clock = lambda: 0.0
    board.begin()
    for trace in range(n if started is None else started):
        board.tell(TraceStarted(trace=trace))
        board.tell(TraceProgress(trace=trace, tokens=40 + trace))
        board.tell(TracePlaced(trace=trace, cluster=trace % 3, checkpoint=0, similarity=None))
        match trace % 5:
            case 3:
                board.tell(closed(trace, into=trace % 3))
            case 2:
                board.tell(TraceFinished(trace=trace, answer="1 2", finish="stop", tokens=99))
            case 4:
                board.tell(TraceFailed(trace=trace, error="[red]\x1b[1mgone", tokens=5))
            case _:
                pass
    board.tell(VoteChanged(tally={"1\x1b[31m2": (2.0, 1.5), "数" * 40: (1.0, 0.0)}))
    board.clock = lambda: 10.0
    return board


def closed(trace: int, into: int | None, *, applied: bool = True) -> TraceClosed:
    return TraceClosed(
        trace=trace,
        outcome="pruned",
        reason="redundant",
        into=into,
        probability=0.875,
        tokens=64,
        applied=applied,
    )


def test_clusters_are_lettered_in_the_order_in_which_they_are_seen() -> None:
    board = Board(1, "", "")

    assert [board.letter(cluster) for cluster in (7, 3, 7, 9)] == ["A", "B", "A", "C"]
    assert [board.letter(cluster) for cluster in range(100, 130)][-4:] == ["AD", "AE", "AF", "AG"]


def test_the_end_of_a_run_stops_what_runs() -> None:
    board = board_of(5)

    board.tell(RunEnded(reason="settled"))

    assert board.counts() == {"running": 0, "closed": 1, "finished": 1, "failed": 1, "stopped": 2}
    assert board.phase == "settled"
    assert board.tokens == 40 + 41 + 99 + 64 + 5
    assert board.rate == board.tokens / 10


def test_a_closed_trace_that_is_continued_runs_again() -> None:
    board = board_of(5)

    board.tell(TraceStarted(trace=3, continued=True))

    assert board.rows[3].state == "running"
    assert board.rows[3].into is None


def test_in_shadow_mode_a_trace_runs_on() -> None:
    board = board_of(1)

    board.tell(closed(0, into=0, applied=False))

    assert board.rows[0].state == "running"
    assert "would close → A" in lines(draw(board, 80, 24))[2]


# --- frames ---------------------------------------------------------------------------------------


def lines(frame: list[Text]) -> list[str]:
    return [line.plain.rstrip() for line in frame]


def test_a_row_says_what_became_of_its_trace() -> None:
    frame = lines(draw(board_of(5), 80, 24))

    assert frame[0] == "How many [red]primes[/red]? A second line."
    assert frame[2].startswith("0 A ██")
    assert frame[2].endswith("running                          40")
    assert "answer 1 2" in frame[4]
    assert "redundant → A 0.88" in frame[5]
    assert "failed: [red]gone" in frame[6]
    assert frame[7].startswith("votes  12: 3.5   ")
    assert frame[8] == ("2 running · 1 closed · 1 finished · 1 failed · 10.0 s · 249 tokens · 25/s")


def test_64_traces_fit_into_a_small_terminal() -> None:
    frame = lines(draw(board_of(64), 80, 23))

    shown = " ".join(frame[2:-2])
    assert all(f"{trace:>2} " in shown for trace in range(64))


def test_where_not_all_traces_fit_those_that_run_or_failed_are_shown() -> None:
    frame = lines(draw(board_of(64), 40, 13))

    assert "traces more" in frame[-4]
    assert "fail" in frame[2]


@given(
    n=st.integers(1, 200),
    size=st.tuples(st.integers(1, 250), st.integers(1, 70)),
    glyphs=st.sampled_from([UNICODE, ASCII]),
    share=st.floats(0, 1),
    last=st.booleans(),
)
def test_a_frame_never_exceeds_its_terminal(
    n: int, size: tuple[int, int], glyphs: Glyphs, share: float, last: bool
) -> None:
    width, height = size
    board = board_of(n, started=int(n * share))

    frame = draw(board, width, height, glyphs, last=last)

    assert len(frame) <= height
    assert max(line.cell_len for line in frame) <= width
    assert all(line.plain.isprintable() for line in frame)
    assert glyphs is UNICODE or all(line.plain.isascii() for line in frame)
