"""Exact values of written numbers: fractions, percentages, powers, units.

Everything is `fractions.Fraction`; floats would make 0.1 + 0.2 of equivalence. Sizes are bounded
before anything is computed, so that `10^{10^9}` costs nothing.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

MAX_DIGITS: Final = 300
"""Longest numerator or denominator that is computed; a longer number is compared as text."""

# ASCII digits only: `\d` of other scripts would reach int() and give keys no reader expects.
_WHOLE = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+|[0-9]+"
_PLAIN = rf"(?:(?:{_WHOLE})(?:\.[0-9]*)?|\.[0-9]+)"
_EXPONENT = r"(?:\{ ?[+-]?[0-9]+ ?\}|\( ?[+-]?[0-9]+ ?\)|[+-]?[0-9]+)"
_POWER = rf"{_PLAIN} ?(?:\^|\*\*) ?{_EXPONENT}"

# Tried in order; a form that could be read as the beginning of a longer one comes later.
_FORMS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        # 1\frac{1}{2} and 1 1/2 are one and a half, as school mathematics writes them.
        ("mixed", r"([0-9]+) ?\\frac\{([0-9]+)\}\{([0-9]+)\}"),
        ("mixed", r"([0-9]+) ([0-9]+) ?/ ?([0-9]+)"),
        ("ratio", rf"\\frac\{{([+-]? ?{_PLAIN})\}}\{{([+-]? ?{_PLAIN})\}}"),
        ("scaled", rf"({_PLAIN}) ?(?:\*|x) ?({_POWER})"),
        ("power", rf"({_POWER})"),
        ("scientific", rf"({_PLAIN})[eE]([+-]?[0-9]+)(?![A-Za-z0-9])"),
        ("ratio", rf"({_PLAIN}) ?/ ?({_PLAIN})"),
        ("plain", rf"({_PLAIN})"),
    )
)
_SIGN: Final = re.compile(r"[+-]? ?")
_PERCENT: Final = re.compile(r" ?(?:%|per ?cent\b)")
_SCALE: Final = re.compile(r" ?(hundred|thousand|million|billion|trillion|dozen)\b", re.IGNORECASE)
_SCALES: Final = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}

_TAIL: Final = re.compile(r"[^\W\d_]+\.?|\^ ?(?:\{ ?-?[1-9] ?\}|-?[1-9])|[ °/*.'()-]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SINGLE_UNITS: Final = frozenset("mgshlLJNWVACFK")
_SHORT_UNITS: Final = _words(
    "km cm mm nm um ft in yd mi kg mg lb oz ml dl hr min sec ms mph kph kmh kw kwh hz khz mhz ghz "
    "kj kcal cal pa kpa atm mol ev kev mev usd eur gbp cents deg rad ha gb mb kb tb lbs hrs mins "
    "secs rpm sq cu days hours dollars"
)
_CONNECTORS: Final = _words("a an the per of all at on by each in")
_NEVER_UNITS: Final = _words(
    "and or nor not if is are plus minus times more less fewer than over under mod modulo divided "
    "multiplied remainder choose squared cubed factorial root am pm bc ad bce ce through to "
    "halves half thirds third fourths quarters quarter fifths sixths tenths hundredths pi sqrt sin "
    "cos tan cot csc log ln exp lim max gcd lcm hundred thousand million billion trillion dozen "
    "percent followed but except"
)


def exact(text: str) -> Fraction | None:
    """The value of a text that is one number, with its unit dropped, or None.

    Args:
        text: a single-spaced text as `normalize` prepares it.
    """
    sign = _SIGN.match(text)
    start = sign.end() if sign else 0
    negative = text[:start].startswith("-")
    for name, pattern in _FORMS:
        found = pattern.match(text, start)
        if found is None:
            continue
        value = _evaluate(name, found)
        rest = text[found.end() :]
        if value is None or (value := _scaled(value, rest)) is None or not _short(value):
            continue
        return -value if negative else value
    return None


def _evaluate(form: str, found: re.Match[str]) -> Fraction | None:
    if form == "power":
        return _power(found[1])
    first = _plain(found[1])
    if first is None:
        return None
    if form == "plain":
        return first
    if form == "scientific":
        return _times_power(first, Fraction(10), found[2])
    if form == "scaled":
        factor = _power(found[2])
        return None if factor is None else first * factor
    second = _plain(found[2])
    if form == "ratio":
        return first / second if second else None
    third = _plain(found[3])
    # 2\frac{3}{2} is no mixed number: more likely a product, and left as text.
    if second is None or not third or second >= third:
        return None
    return first + second / third


def _plain(literal: str) -> Fraction | None:
    literal = literal.replace(",", "").replace(" ", "")
    return Fraction(literal) if len(literal) <= MAX_DIGITS else None


def _power(text: str) -> Fraction | None:
    base, exponent = re.split(r"\^|\*\*", text)
    value = _plain(base)
    return None if value is None else _times_power(Fraction(1), value, exponent)


def _times_power(factor: Fraction, base: Fraction, exponent: str) -> Fraction | None:
    exponent = exponent.strip("{}() ").replace(" ", "")
    if len(exponent) > 5 or (base == 0 and exponent.startswith("-")):
        return None
    digits = max(len(str(base.numerator)), len(str(base.denominator)))
    if digits * abs(int(exponent)) > 2 * MAX_DIGITS:
        return None
    return factor * base ** int(exponent)


def _short(value: Fraction) -> bool:
    return max(abs(value.numerator), value.denominator) < 10**MAX_DIGITS


def _scaled(value: Fraction, rest: str) -> Fraction | None:
    """`value` with the percent sign, scale word and unit of `rest` applied; None: no such thing."""
    if percent := _PERCENT.match(rest):
        value /= 100
        rest = rest[percent.end() :]
    elif scale := _SCALE.match(rest):
        value *= _SCALES[scale[1].lower()]
        rest = rest[scale.end() :]
    return value if not rest.strip() or _is_unit(rest) else None


def _is_unit(text: str) -> bool:
    """Whether what follows a number is only its unit: `cm`, ` miles per hour`, `°C`, ` m/s^2`."""
    pieces = [piece[0] for piece in _TAIL.finditer(text)]
    # The pieces are the text without what the pattern skipped; equal lengths: it skipped nothing.
    if sum(map(len, pieces)) != len(text) or text.lstrip()[0] in "/*-^.')":
        return False
    # `5 m - g` is a difference and `foot-pounds` a unit; brackets must be balanced.
    if " -" in text or "- " in text or text.count("(") != text.count(")"):
        return False
    words = [piece.rstrip(".") for piece in pieces if piece[0].isalpha()]
    if not words:
        return "°" in text
    if words[0].lower() in {"a", "an"}:
        return False
    # Next to the digits, `5cm` is a length and `5ab` a product: only known units count there.
    if text[0].isalpha() and words[0].isascii() and words[0].lower() not in _SHORT_UNITS:
        return False
    return all(map(_is_unit_word, words))


def _is_unit_word(word: str) -> bool:
    if not word.isascii():
        # `5 元` is money, `5π` is not; Greek letters are variables and constants.
        return not any("\u0370" <= letter <= "\u03ff" for letter in word)
    lowered = word.lower()
    if len(word) == 1:
        return word in _SINGLE_UNITS or word == "a"
    if len(word) == 2:
        return lowered in _SHORT_UNITS or lowered in _CONNECTORS
    # "squared" makes an area of "cm" but a power of a bare number: _scaled never sees the former
    # alone, because a unit word must come first.
    return lowered not in _NEVER_UNITS
