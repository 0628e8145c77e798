"""What follows "the answer is": whether it is an answer, and how plainly it says so."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from deepprune_sdk.answers.choices import Choices
from deepprune_sdk.answers.clauses import (
    counts_orders,
    end_of_clause,
    first_formula,
    first_sentence,
    trimmed,
    value_of_sentence,
    whole_number,
)
from deepprune_sdk.answers.languages import Language
from deepprune_sdk.answers.last_words import bold_in
from deepprune_sdk.answers.no_answer import is_placeholder, is_refusal

__all__ = ["LINE", "Link", "Rank", "Reading", "Statement", "read_value"]

LINE: Final = 300
"""Longest value that is read, in characters."""

_FREE_TEXT: Final = 80  # longest answer in free words
_NAME: Final = 40  # longest name

Link = Literal["label", "verb", "result", "option"]
"""How a value is stated: "Answer: 5", "the answer is 5", "the result is 5", "option: B"."""


class Rank:
    """How much a statement says; a higher one beats a lower one that comes later."""

    FREE: Final = 0
    """Words after "is" that may only speak about the answer."""
    RESULT: Final = 1
    """A result, which may be an intermediate one."""
    NAME: Final = 2
    """A name after "is"."""
    LABEL: Final = 3
    """Words after a colon or below a heading."""
    PLAIN: Final = 4
    """A number, a formula or a label of a choice."""


class Statement(NamedTuple):
    """An answer stated in words, and how plainly: see `Rank`."""

    answer: str
    rank: int


class Reading(NamedTuple):
    """How a text is read.

    Attributes:
        complete: Whether the model ended the text itself; otherwise a statement must have ended.
        choices: The labels to accept, or None.
    """

    complete: bool
    choices: Choices | None


_BULLET: Final = re.compile(r"[-*•+]\s+(?=\S)")
_OPENING: Final = re.compile(r"(?:\*{1,3}|_{1,3}|[\s}>#»\u200e\u200f]|[\"“„«'`](?=\w))+")
_FULL_STOPS: Final = "\u3002\uff01\uff1b\u0964\u06d4"  # which are no decimal points
_UNCERTAIN: Final = "?\uff1f\u061f"
_UNKNOWN: Final = re.compile(
    r"(?:unknown|unclear|undetermined|(?:see|as|given) (?:above|below|follows)|unbekannt|inconnue?"
    r"|desconocid[oa]|desconhecid[oa]|неизвестно|未知|不明)\b",
    re.IGNORECASE,
)
_THE: Final = (
    r"(?:the|la|le|les|l['\u2019]|el|los|las|der|die|das|il|lo|o|a|os|as|het|de)(?<!\w\w\w\w)\b"
)
# "The capital of France is Paris."
_DESCRIBED: Final = re.compile(
    rf"(?:thus|therefore|hence|so)?,?\s?{_THE}\s?.{{1,80}}?\s(?:is|was|are|ist|est|es|é|è)\s(.+)",
    re.IGNORECASE,
)


class _Phrases(NamedTuple):
    filler: re.Pattern[str]
    no_value: re.Pattern[str]
    ending: re.Pattern[str]


@lru_cache(maxsize=64)
def _phrases(language: Language) -> _Phrases:
    never = r"(?!)"
    end = "" if language.inside else r"(?![^\W\d_])"
    # "a" may lead up to a value where "A" is one.
    words = [word for word in language.filler.split("|") if len(word) > 1] or [never]
    letters = [word for word in language.filler.split("|") if len(word) == 1] or [never]
    return _Phrases(
        re.compile(rf"(?:(?i:{'|'.join(words)})|{'|'.join(letters)}){end}[\s,:]{{0,4}}"),
        re.compile(rf"(?:{language.no_value or never}){end}", re.IGNORECASE),
        re.compile(rf"(?:{language.ending or never})\s*\Z", re.IGNORECASE),
    )


def read_value(
    text: str, start: int, *, language: Language, link: Link, how: Reading
) -> Statement | None:
    """Read the answer of a statement whose value begins at `start`, or None where it is none."""
    value = text[start : start + LINE]
    ended = how.complete or start + LINE < len(text)
    filler, no_value, ending = _phrases(language)
    value = _opened(value, filler, below=text[start - 1 : start] == "\n")
    if link != "label" and no_value.match(value):
        return None
    if how.choices is not None:
        label = how.choices.stated(value)
        if label is not None:
            after = value[value.lower().find(label.lower()) + len(label) :]
            return Statement(label, Rank.PLAIN) if after.strip(" ") or ended else None
        if link == "label" and ended and (named := how.choices.named_in(first_sentence(value))):
            return Statement(named, Rank.PLAIN)
    if link == "option":
        return None
    plain = Rank.RESULT if link == "result" else Rank.PLAIN
    if (formula := first_formula(value)) is not None:
        return None if is_placeholder(formula) else Statement(formula, plain)
    # A box that holds something has been read before.
    if value.startswith("\\boxed") or (not ended and value.startswith(("\\(", "\\["))):
        return None
    end = end_of_clause(value, language)
    if not (ended or "\n" in value or (end is not None and _has_ended(value, end))):
        return None
    if end is not None and end[0] in _UNCERTAIN:
        return None
    said = trimmed(value[: end.start()] if end else value)
    clause = trimmed(ending.sub("", said))
    if end is not None and end[0] == "!" and clause[-1:].isalnum() and counts_orders(text, start):
        clause += "!"
    if is_placeholder(clause) or _UNKNOWN.match(clause):
        return None
    if not any(sign.isalnum() or sign in "∅∞" for sign in clause):
        return None
    if (number := whole_number(clause)) is not None:
        return Statement(number, plain)
    if language.verb_last and link == "verb" and clause == said:
        return None
    if link == "label":
        if (bold := bold_in(first_sentence(text[start : start + LINE]))) is not None:
            clause = bold.content
        whole = whole_number(clause) or value_of_sentence(value)
        if whole is not None:
            return Statement(whole, plain)
    return _read_words(clause, link, plain)


def _read_words(clause: str, link: Link, plain: int) -> Statement | None:
    if len(clause) > _FREE_TEXT or is_refusal(clause):
        return None
    if "=" in clause or "\\" in clause:
        return Statement(clause, plain)
    if link == "label":
        described = _DESCRIBED.fullmatch(clause)
        return Statement(trimmed(described[1]) if described else clause, Rank.LABEL)
    if link == "result":
        return None
    is_name = len(clause) <= _NAME and not (clause[0].isascii() and clause[0].islower())
    return Statement(clause, Rank.NAME if is_name else Rank.FREE)


def _opened(value: str, filler: re.Pattern[str], *, below: bool) -> str:
    """The value without the markup and the words that only lead up to it.

    `below` says that it begins a line, where a hyphen may be a bullet.
    """
    while True:
        if below and (bullet := _BULLET.match(value)):
            value = value[bullet.end() :]
        below = False
        if skipped := _OPENING.match(value):
            below = "\n" in skipped[0]
        elif (skipped := filler.match(value)) is None:
            return value
        value = value[skipped.end() :]


def _has_ended(value: str, end: re.Match[str]) -> bool:
    # A full stop at the very end of an unfinished text may be a decimal point.
    return end[0] in _FULL_STOPS or end.end() < len(value)
