"""Lists, tuples, intervals and sets, and the text of what is none of these."""

from __future__ import annotations

import re
from typing import Final

from deepprune_sdk.answers.latex import slashed
from deepprune_sdk.answers.numbers import exact

__all__ = ["WORDS", "as_text", "elements"]

WORDS: Final = re.compile(r"[^\W\d_]+(?:[ '-]+[^\W\d_]+)*")
"""Words and nothing else."""

_TIGHT_THOUSANDS: Final = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_ENCLOSED: Final = re.compile(r"(\\\{|[(\[])(.*)(\\\}|[)\]])")
_SEMICOLON: Final = re.compile(r"(?<=[0-9)\]}a-z]) ?; ?(?=[-+0-9(\[\\a-z])")
_DECIMAL_COMMA: Final = re.compile(r"(?<=[0-9]),(?=[0-9])")
_AND: Final = re.compile(r",? (?:and|und|et|и) |,? ?& ?| ?和 ?")
_OR: Final = re.compile(r",? (?:or|oder|ou|или) ")
_EQUATION: Final = re.compile(r"([A-Za-z]) ?= ?([^=]+)")
# What two parts joined by "and" must be to be a list: not a title in words.
_VALUE: Final = re.compile(r".{1,2}|(?!.*(?<![A-Za-z\\])[A-Za-z]{3}).*[0-9\\=()^/].*")
_LOOSE_SPACE: Final = re.compile(r"(?<=\W) | (?=\W)|(?<=[0-9]) (?=[A-Za-z](?!\w))")


def elements(text: str, depth: int = 0) -> str | None:
    """A list, tuple, interval or set with every element in canonical form, or None."""
    if ";" in text and _SEMICOLON.search(text):  # then a comma is a decimal point
        text = _SEMICOLON.sub(", ", _DECIMAL_COMMA.sub(".", text))
    enclosed = _ENCLOSED.fullmatch(text)
    opening, inner, closing = enclosed.groups() if enclosed else ("", text, "")
    if not enclosed:
        inner = _joined(inner)
    parts = _split(inner, bare=not enclosed)
    if parts is None and enclosed:  # "(1,2), (3,4)" begins and ends with brackets of two pairs
        opening = closing = ""
        parts = _split(_joined(text), bare=True)
    if parts is None or len(parts) < 2 or not all(parts):
        return None
    if not opening:
        parts = _values(parts)
    forms = [_element(part, depth) for part in parts]
    if opening == "\\{" and closing == "\\}":  # the order of a set says nothing
        forms.sort()
    return f"{opening}{', '.join(forms)}{closing}"


def _joined(text: str) -> str:
    """`9 and 10` as `9, 10`; titles in words stay."""
    parts = _AND.split(text)
    if len(parts) > 1 and all(map(_VALUE.fullmatch, ", ".join(parts).split(", "))):
        text = ", ".join(parts)
    if "=" in text:
        parts = _OR.split(text)
        if len(parts) > 1 and all("=" in part for part in parts):
            text = ", ".join(parts)
    return text


def _values(parts: list[str]) -> list[str]:
    """The values of `x = 1, x = 2`; the parts as they are where the names differ."""
    equations = [_EQUATION.fullmatch(part) for part in parts]
    names = {equation[1] if equation else None for equation in equations}
    if len(names) != 1 or None in names:
        return parts
    return [equation[2] for equation in equations if equation]


def _split(text: str, *, bare: bool) -> list[str] | None:
    """The parts between the commas outside of brackets; None where brackets do not match."""
    # A comma before three digits is a thousands separator where other commas have a space after
    # them or there is no bracket: "(1,200, 3)" holds two numbers, "(1,200)" two as well.
    if bare or ", " in text:
        text = _TIGHT_THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    parts: list[str] = []
    depth = start = 0
    for position, sign in enumerate(text):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth < 0:
                return None
        elif sign == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return parts


def _element(text: str, depth: int) -> str:
    value = exact(text)
    if value is not None:
        return str(value)
    # Points of points are read a few levels deep; the bound is against hostile nesting.
    return (elements(text, depth + 1) if depth < 4 else None) or as_text(text)


def as_text(text: str) -> str:
    """The text of what is neither a number nor a list: without case and loose spaces."""
    text = slashed(text)
    # Case tells variables apart (`a` from `A` in `A + a`) but not words, nor one letter by itself.
    lowered = text.lower()
    if WORDS.fullmatch(lowered):
        return lowered
    # Spaces between words and between digits stay: "1 2" is not 12, "5 or 6" stays readable.
    return _LOOSE_SPACE.sub("", text)
