"""One frame of the live view: a board, laid out for a terminal of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from deepprune_adapters.cli.views.board import Board, Row
from deepprune_adapters.cli.views.text import clean, count, number, seconds

__all__ = ["ASCII", "UNICODE", "Glyphs", "colour", "draw", "vote_bar"]

# Okabe and Ito's colours, told apart by colour-blind people too. A cluster's letter stands next to
# its colour, because there are only these seven and some terminals show none.
PALETTE: Final = (
    "#56b4e9",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#d55e00",
    "#0072b2",
    "#f0e442",
)
LONGEST_BAR: Final = 40
"""Cells: beyond that a bar says no more, and the state moves out of sight."""
WIDE, MEDIUM, NARROW = 64, 34, 18
"""Least cells of a column in which a row says all, most, or only what it must."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of a view; a terminal without Unicode gets others."""

    parts: str
    """Filled parts of a cell, the smallest first; the last one is the full cell."""
    closed: str
    into: str
    dot: str
    more: str

    def text(self, text: str) -> str:
        """Return `text` as the terminal can show it."""
        return text if self is UNICODE else text.encode("ascii", "replace").decode()


UNICODE: Final = Glyphs(parts="▏▎▍▌▋▊▉█", closed="░", into="→", dot=" · ", more="…")
ASCII: Final = Glyphs(parts="#", closed="-", into=">", dot=", ", more="...")


def colour(board: Board, cluster: int | None) -> str:
    """Return a cluster's colour; a trace outside of every cluster has the terminal's own."""
    return "default" if cluster is None else PALETTE[board.position(cluster) % len(PALETTE)]


def draw(
    board: Board, width: int, height: int, glyphs: Glyphs = UNICODE, *, last: bool = False
) -> list[Text]:
    """Lay `board` out in at most `height` lines of at most `width` cells.

    One column of traces where they fit, else several, and where these do not fit either, those
    that fail, run, or changed last. The `last` frame has no figures: a summary follows it.
    """
    lines = _head(board, width, glyphs)
    foot = [] if last else _foot(board, width, glyphs)
    room = max(1, height - len(lines) - len(foot))
    lines += _traces(board, width, room, glyphs)
    lines += foot
    for line in lines:
        line.no_wrap = True
        line.truncate(width, overflow="crop")
    return lines[: max(1, height)]


def _head(board: Board, width: int, glyphs: Glyphs) -> list[Text]:
    lines = ((board.title, "bold"), (board.subtitle, "dim"))
    return [_fit(glyphs.text(clean(text, 400)), width, style, glyphs) for text, style in lines]


# --- traces ---------------------------------------------------------------------------------------


def _traces(board: Board, width: int, room: int, glyphs: Glyphs) -> list[Text]:
    rows = [board.rows[trace] for trace in sorted(board.rows)]
    most = max(1, (width + 2) // (NARROW + 2))
    # By n and not by the traces started so far: the layout must not jump during a run.
    columns = min(most, -(-board.n // room))
    hidden = 0
    if len(rows) > columns * room:
        room -= 1
        shown = sorted(rows, key=_interest)[: columns * room]
        hidden = len(rows) - len(shown)
        rows = sorted(shown, key=lambda row: row.trace)
    each = (width - 2 * (columns - 1)) // columns
    longest = max((row.tokens for row in board.rows.values()), default=0)
    scale = 64
    while scale < longest:
        scale *= 2
    cells = [_row(board, row, each, scale, glyphs) for row in rows]
    # Column by column, so that neighbours stay neighbours.
    depth = min(room, -(-board.n // columns)) if not hidden else room
    lines = [_line(cells[begin::depth], each) for begin in range(min(depth, len(cells)))]
    if hidden:
        lines.append(Text(f"{glyphs.more} {count(hidden, 'trace')} more", style="dim"))
    return lines


def _interest(row: Row) -> tuple[int, int]:
    """What to show first: failures, then what runs, then the latest news."""
    order = {"failed": 0, "running": 1, "finished": 2, "closed": 3, "stopped": 4}
    return order[row.state], row.trace if row.state == "running" else -row.changed


def _line(cells: Sequence[Text], each: int) -> Text:
    line = Text()
    for position, cell in enumerate(cells):
        if position:
            line.append("  ")
        line.append_text(cell)
        line.append(" " * max(0, each - cell.cell_len))
    return line


def _row(board: Board, row: Row, width: int, scale: int, glyphs: Glyphs) -> Text:
    """`12 B ██████ → A 0.87   128`: number, cluster, bar, state, tokens."""
    digits = len(str(board.n - 1))
    name = "" if row.cluster is None else board.letter(row.cluster)
    tint = colour(board, row.cluster)
    room, figures = (27, 6) if width >= WIDE else (15, 6) if width >= MEDIUM else (4, 5)
    # Two cells of space and two for the cluster's name.
    length = max(1, min(LONGEST_BAR, width - digits - 4 - room - figures))
    if width >= WIDE:  # what a bar of full length leaves free is the state's
        room = width - digits - 4 - length - figures
    faded = "dim" if row.state in {"closed", "stopped"} else ""
    line = Text(f"{row.trace:>{digits}} ", style=faded)
    line.append(f"{name:<2}", style=f"bold {tint}")
    line.append(_bar(row, scale, length, glyphs), style=tint)
    line.append(" ")
    state = glyphs.text(_state(board, row, width, glyphs))
    line.append_text(_fit(state, room, _style(row), glyphs))
    line.append(f"{row.tokens:>{figures}}", style=faded)
    return line


def _bar(row: Row, scale: int, length: int, glyphs: Glyphs) -> str:
    filled = row.tokens / scale * length
    if row.state == "closed":
        bar = glyphs.closed * max(1, round(filled))
    else:
        steps = len(glyphs.parts)
        whole, part = divmod(round(filled * steps), steps)
        bar = glyphs.parts[-1] * whole + (glyphs.parts[part - 1] if part else "")
    return f"{bar:<{length}}"


def _style(row: Row) -> str:
    return {"finished": "bold", "failed": "red", "running": "dim"}.get(row.state, "")


def _state(board: Board, row: Row, width: int, glyphs: Glyphs) -> str:
    into = "" if row.into is None else f"{glyphs.into} {board.letter(row.into)}"
    sure = "" if row.probability is None else f" {row.probability:.2f}"
    answer = clean(row.detail, 80)
    if width >= WIDE:
        match row.state:
            case "running":
                return f"would close {into}{sure}" if row.into is not None else "running"
            case "closed":
                return f"redundant {into}{sure}" if into else f"closed: {answer}"
            case "finished":
                said = f"answer {answer}" if answer else "no answer"
                return f"{said} (would close {into})" if into else said
            case "failed":
                return f"failed: {answer}"
            case "stopped":
                return f"stopped: {answer}"
    if width < MEDIUM:
        match row.state:
            case "running":
                return f"({into})".replace(" ", "") if into else ""
            case "closed":
                return into.replace(" ", "") or "shut"
            case "finished":
                return f"={answer or '?'}"
            case _:
                return row.state[:4]
    match row.state:
        case "running":
            return f"({into}{sure})" if into else ""
        case "closed":
            return f"{into}{sure}" if into else "closed"
        case "finished":
            return f"= {answer or '?'}"
        case _:
            return row.state


def _fit(text: str, width: int, style: str, glyphs: Glyphs) -> Text:
    """Cut or pad to exactly `width` cells."""
    fitted = Text(text, style=style)
    if cell_len(text) > width:
        fitted.truncate(max(0, width - len(glyphs.more)))
        fitted.append(glyphs.more)
    fitted.append(" " * max(0, width - fitted.cell_len))
    return fitted


# --- vote and figures -----------------------------------------------------------------------------


def _foot(board: Board, width: int, glyphs: Glyphs) -> list[Text]:
    counts = board.counts()
    waiting = board.n - len(board.rows)
    states = [f"{counts['running']} running", f"{counts['closed']} closed"]
    states += [f"{counts['finished']} finished"]
    states += [f"{counts[state]} {state}" for state in ("failed", "stopped") if counts[state]]
    if waiting:
        states.append(f"{waiting} waiting")
    figures = [board.phase] if board.phase != "running" else []
    figures += [
        seconds(board.elapsed),
        count(board.tokens, "token"),
        f"{board.rate:,.0f}/s",
    ]
    both = glyphs.dot.join([*states, *figures])
    if len(both) <= width:
        return [_votes(board, width, glyphs), Text(both, style="dim")]
    return [
        _votes(board, width, glyphs),
        _fit(glyphs.dot.join(states), width, "dim", glyphs),
        _fit(glyphs.dot.join(figures), width, "dim", glyphs),
    ]


def _votes(board: Board, width: int, glyphs: Glyphs) -> Text:
    """The tally so far, the leader first, as many answers as fit in one line."""
    line = Text("votes  ")
    if not board.tally:
        return line.append("none yet", style="dim")
    for position, (answer, (observed, imputed)) in enumerate(board.tally.items()):
        entry = glyphs.text(f"{clean(answer, 24)}: {number(observed + imputed)}")
        if position and line.cell_len + cell_len(entry) + 5 > width:
            return line.append(glyphs.more)
        line.append(entry, style="bold" if position == 0 else "")
        line.append("   ")
    return line


def vote_bar(observed: float, imputed: float, total: float, length: int, glyphs: Glyphs) -> str:
    """Return a bar of the share of a vote: what was seen, then what was imputed."""
    seen = round(observed / total * length) if total else 0
    all_of_it = round((observed + imputed) / total * length) if total else 0
    return glyphs.parts[-1] * seen + glyphs.closed * (all_of_it - seen)
