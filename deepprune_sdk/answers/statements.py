"""Explicitly stated answers: boxes, and in words "The answer is 5", "Antwort: B", "#### 42"."""

from __future__ import annotations

from itertools import islice
from typing import Final

from deepprune_sdk.answers.boxed import BOX_REACH, last_box
from deepprune_sdk.answers.choices import Choices
from deepprune_sdk.answers.markers import (
    Noun,
    ends_open,
    folded,
    has_letters,
    nouns_from_the_end,
    read_noun,
)
from deepprune_sdk.answers.structured import inner_answer, key_value, read_key, read_mark, read_tag
from deepprune_sdk.answers.values import Rank, Reading, Statement

__all__ = ["REACH", "ends_open", "last_statement", "stated"]

REACH: Final = 20_000
"""Characters from the end in which statements are looked for: an answer stands at the end."""

_NOUNS: Final = 400  # from the end that are read at most


def stated(text: str, *, complete: bool) -> str | None:
    """The explicitly stated answer of a text, boxed or in words, or None; never a bare number.

    Thinking should have been taken out before (`without_thinking`).

    Args:
        text: Any text.
        complete: Whether the model ended the text itself; otherwise the statement must have ended.
    """
    return last_statement(text, complete=complete, choices=None)


def last_statement(text: str, *, complete: bool, choices: Choices | None) -> str | None:
    """The answer that a text states last: in a box, after a noun such as "answer", in a tag.

    A box is only beaten by a plain statement that comes after it. A statement in free words only
    counts where no other is plainer.

    Args:
        text: Any text.
        complete: Whether the model ended the text itself; otherwise the statement must have ended.
        choices: The labels to accept, or None.
    """
    how = Reading(complete, choices)
    box = last_box(text[-BOX_REACH:], complete=complete)
    begin = max(0, len(text) - BOX_REACH) + box.end if box is not None else 0
    tail = folded(text[max(begin, len(text) - REACH) :])
    if box is None or has_letters(tail):
        ended = complete or tail.endswith("\n")
        if choices is not None and ended and (line := choices.line(tail)) is not None:
            return line
        found = _find(tail, how, least=Rank.FREE if box is None else Rank.LABEL)
        if found is not None or box is None:
            return found
    answer = inner_answer(folded(box.content), how) or box.content
    return choices.labelled(answer) if choices is not None else answer


def _find(text: str, how: Reading, *, least: int) -> str | None:
    """The last statement that says enough, or else the last that says the most."""
    chosen = how.choices.chosen(text, complete=how.complete) if how.choices is not None else None
    best: Statement | None = None
    for noun in islice(nouns_from_the_end(text), _NOUNS):
        if chosen is not None and chosen.start > noun.start:
            break
        statement = _read(text, noun, how)
        if statement is None or statement.rank < least:
            continue
        if statement.rank >= Rank.NAME:
            return statement.answer
        if best is None or statement.rank > best.rank:
            best = statement
    if chosen is not None:
        return chosen.label
    return best.answer if best is not None else None


def _read(text: str, noun: Noun, how: Reading) -> Statement | None:
    if noun.kind == "gsm":
        return read_mark(text, noun.start, how)
    if (tagged := read_tag(text, noun, how)) is not None:
        return tagged
    if (start := key_value(text, noun)) is not None:
        return read_key(text, start, how)
    return read_noun(text, noun, how)
