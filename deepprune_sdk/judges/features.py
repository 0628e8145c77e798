"""What can be read off one prefix without a model; read once, then compared with many others.

Numbers carry most: intermediate results decide where a trace ends. Those that stand in the question
say little, and those that only number a list say nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import fsum, log, sqrt
from typing import Final

__all__ = ["Profile", "read_profile"]

ORDERED: Final = 40
"""Numbers, from the end, whose order is compared."""
WORDING: Final = 256
"""Most words, from the end, whose pairs are compared."""

# Every repetition is bounded or ends at a character that no other one takes: the passes are linear.
_ENUMERATION: Final = re.compile(
    r"^[ \t]{0,12}[#>*_-]{0,6}[ \t]{0,4}"
    r"(?:\(?[0-9]{1,2}[.):](?=[\s*])|(?:step|part|case)[ ]{0,2}[0-9]{1,2}\b[:.)*]{0,4})"
    r"|\b(?:steps?|parts?|cases?|equations?|eqs?\.)[ ][0-9]{1,2}\b",
    re.IGNORECASE | re.MULTILINE,
)
_WRAPPED: Final = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt)?|math(?:rm|bf|it)|mbox|operatorname) ?\{([^{}]*)\}"
)
_FRACTION: Final = re.compile(r"\\[dtc]?frac ?\{([^{}]*)\} ?\{([^{}]*)\}")
_MARKS: Final = re.compile(r"\\[,$%!; ]|\{,\}|[$€£¥]")
# Scripts without spaces between words give one character a token.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = rf"[{_UNSPACED}]|[^\W\d_{_UNSPACED}]+"
_NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?"
_TOKEN: Final = re.compile(
    rf"({_NUMBER})|({_WORD})|(\\[a-zA-Z]+|\*\*+|[-=+*/^\n\u00b7\u00d7\u00f7\u2212\u2248])"
)
_NUMBERS: Final = re.compile(_NUMBER)
_WORDS: Final = re.compile(_WORD)

_SIGNS = {
    "+": ("+",),
    "-": ("-", "\u2212"),
    "*": ("*", "\u00b7", "\u00d7", "\\times", "\\cdot"),
    "/": ("/", "\u00f7", "\\div"),
    "^": ("^",),
    "=": ("=", "\u2248", "\\approx"),
}
_OPERATORS: Final = {sign: operator for operator, signs in _SIGNS.items() for sign in signs}
_OPERATOR_WORDS: Final = {
    word: operator
    for operator, words in (
        ("+", "add adding added adds sum plus total altogether combined"),
        ("-", "subtract subtracting subtracted minus difference remaining left fewer"),
        ("*", "multiply multiplying multiplied times product twice double"),
        ("/", "divide dividing divided quotient ratio half split per average"),
    )
    for word in words.split()
}
_NUMBER_WORDS: Final = {
    word: number
    for number, words in (
        ("0", "zero"),
        ("0.5", "half"),
        ("1", "one"),
        ("2", "two twice double"),
        ("3", "three thrice triple"),
        ("4", "four"),
        ("5", "five"),
        ("6", "six"),
        ("7", "seven"),
        ("8", "eight"),
        ("9", "nine"),
        ("10", "ten"),
        ("11", "eleven"),
        ("12", "twelve dozen"),
    )
    for word in words.split()
}
_FULLWIDTH: Final = {0xFF01 + offset: 0x21 + offset for offset in range(94)}
_LONGEST: Final = 40  # digits of a number that are kept

Step = tuple[str, ...]
_Token = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one prefix says, in the forms in which pairs are compared.

    Attributes:
        order: The last numbers as they follow each other.
        results: The last right sides of "=".
        new: Numbers that do not stand in the question, by the logarithm of how often, length 1.
        steps: Operator and the two numbers it joins, in symbols or words; "=" and a result.
        wording: Pairs of words that follow each other in the later half.
        unknowns: Whether it names a quantity by a letter.
    """

    order: tuple[str, ...]
    results: tuple[str, ...]
    new: Mapping[str, float]
    steps: frozenset[Step]
    wording: frozenset[tuple[str, str]]
    unknowns: bool


def read_profile(question: str, text: str) -> Profile:
    """Read one prefix, in time linear in its length. Total: any text has a profile."""
    given = _given(question)
    reader = _Reader()
    tokens = _TOKEN.findall(_plain(text))
    for position, (number, word, sign) in enumerate(tokens):
        if number:
            reader.number(_canonical(number))
        elif word:
            lowered = word.lower()
            if len(lowered) == 1 or lowered in _OPERATOR_WORDS:
                reader.word(lowered)
            else:  # most are mere words
                reader.words.append(lowered)
        elif sign == "\n":
            reader.settle()
        elif sign in _OPERATORS:
            before, after = tokens[position - 1 : position], tokens[position + 1 : position + 2]
            reader.sign(_OPERATORS[sign], before, after)
    reader.settle()
    recent = reader.words[len(reader.words) // 2 :][-WORDING:]
    return Profile(
        order=tuple(reader.order[-ORDERED:]),
        results=tuple(reader.results[-ORDERED:]),
        new=_unit(Counter(number for number in reader.order if number not in given)),
        steps=frozenset(reader.steps),
        wording=frozenset(pairwise(recent)),
        unknowns=reader.unknowns,
    )


class _Reader:
    """Follows the tokens of a text and notes what is computed from what."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.results: list[str] = []
        self.steps: set[Step] = set()
        self.words: list[str] = []
        self.unknowns = False
        self._operator = ""
        self._result = ""

    def number(self, number: str) -> None:
        self.settle()
        if self._operator == "=":
            self._result = number
        elif self._operator and self.order and self.order[-1] != number:
            before = self.order[-1]
            self.steps.add((self._operator, min(before, number), max(before, number)))
        self.order.append(number)
        self.words.append(number)
        self._operator = ""

    def word(self, word: str) -> None:
        self.words.append(word)
        self._operator = self._operator or _OPERATOR_WORDS.get(word, "")
        self.unknowns = self.unknowns or (len(word) == 1 and "b" <= word <= "z" and word != "i")

    def sign(self, operator: str, before: Sequence[_Token], after: Sequence[_Token]) -> None:
        bullet = not before or before[0][2] == "\n"
        if operator == "=":
            self.settle()
        elif operator == "/":
            # No division: 5 ounces/day.
            if not any(number for number, _, _ in (*before, *after)):
                return
        elif operator in "-*" and (bullet or not any(n or s for n, _, s in after)):
            return
        self._result = ""
        self._operator = operator

    def settle(self) -> None:
        """Take the number after "=" for a result, since no operator follows it."""
        if self._result:
            self.results.append(self._result)
            self.steps.add(("=", self._result))
            self._result = ""


def _plain(text: str) -> str:
    text = _ENUMERATION.sub(" ", text.translate(_FULLWIDTH))
    text = _MARKS.sub(lambda found: "," if found[0] == "{,}" else "", text)
    text = _WRAPPED.sub(r" \1 ", _WRAPPED.sub(r" \1 ", text))
    return _FRACTION.sub(r" \1/\2 ", text)


@lru_cache(maxsize=64)
def _given(question: str) -> frozenset[str]:
    numbers = {_canonical(found[0]) for found in _NUMBERS.finditer(_plain(question))}
    words = (_NUMBER_WORDS.get(found[0]) for found in _WORDS.finditer(question.lower()))
    return frozenset(numbers | {number for number in words if number})


def _canonical(number: str) -> str:
    number = number.replace(",", "")[:_LONGEST]
    if "." in number:
        return f"{float(number):.6g}"
    return number.lstrip("0") or "0"


def _unit(counts: Mapping[str, int]) -> dict[str, float]:
    weights = {number: 1.0 + log(count) for number, count in counts.items()}
    length = sqrt(fsum(weight * weight for weight in weights.values()))
    return {number: weight / length for number, weight in weights.items()}
