"""The value in which a text ends that does not state its answer."""

from __future__ import annotations

import re
from typing import Final

from deepprune_sdk.answers.choices import Choices
from deepprune_sdk.answers.clauses import first_formula, trimmed, whole_number
from deepprune_sdk.answers.dates import canonical_moment
from deepprune_sdk.answers.last_words import bold_in, last_line, without_afterword
from deepprune_sdk.answers.no_answer import is_placeholder
from deepprune_sdk.answers.quantities import last_number

__all__ = ["last_value"]

_BEFORE: Final = 24  # characters before a number that are looked at
_MINUS: Final = re.compile(
    r"(?<![0-9]\s)(?<![^\W\d_])(?:minus|negative|moins|menos|meno|минус|eksi)\s\Z"
    r"|(?:负|負|マイナス|마이너스)\s?\Z",
    re.IGNORECASE,
)
_REFUTED: Final = re.compile(
    r"(?<![^\W\d_])(?:not|nicht|pas|no es|não é|non è|не)\s(?:equal to\s)?\Z|不是\s?\Z",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"(?<![\\A-Za-z])[^\W\d_]{3}")


def last_value(text: str, choices: Choices | None) -> str | None:
    """What the last line has in bold, where that is a value or a label; else the last number."""
    text = without_afterword(text)
    bold = bold_in(last_line(text))
    if bold is not None and (value := _value(bold, choices)) is not None:
        return value
    number = last_number(text)
    if number is None:
        return None
    before = text[max(0, text.rfind(number) - _BEFORE) : text.rfind(number)]
    if _REFUTED.search(before):
        return None
    return f"-{number}" if _MINUS.search(before) and number[0].isdecimal() else number


def _value(bold: str, choices: Choices | None) -> str | None:
    clause = trimmed(bold)
    if (formula := first_formula(clause)) is not None:
        return None if is_placeholder(formula) else formula
    if choices is not None and (label := choices.line(clause)) is not None:
        return label
    if canonical_moment(clause) is not None or ("=" in clause and not _WORD.search(clause)):
        return clause
    return whole_number(clause) or last_number(bold)
