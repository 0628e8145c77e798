"""Exact values of written numbers: fractions, percentages, powers, units.

Everything is `fractions.Fraction`; floats would make 0.1 + 0.2 of equivalence. Sizes are bounded
before anything is computed, so that `10^{10^9}` costs nothing.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import factorial
from typing import Final

from deepprune_sdk.answers.spelled_numbers import read_spelled
from deepprune_sdk.answers.units import is_known_unit, is_unit
from deepprune_sdk.answers.written_numbers import read_east_asian

MAX_DIGITS: Final = 300
"""Longest numerator or denominator that is computed; a longer number is compared as text."""

# ASCII digits only: `\d` of other scripts would reach int() and give keys no reader expects.
_WHOLE = (
    r"(?!0,)[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])"
    r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?![0-9])"  # 1,00,000
    r"|[0-9]{1,3}(?: [0-9]{3})+(?![0-9])|[0-9]{1,3}(?:'[0-9]{3})+(?![0-9])|[0-9]+"
)
# Groups between full stops, and a comma before the decimals, where nothing else can be meant.
_COMMA = (
    r"[0-9]{1,3}(?:\.[0-9]{3}){2,}(?:,[0-9]+)?(?![0-9.])"
    r"|[0-9]{1,3}(?:[. ][0-9]{3})+,(?:[0-9]{1,2}|[0-9]{4,})(?![0-9,])"
)
_PLAIN = rf"(?:{_COMMA}|(?:{_WHOLE})(?:\.[0-9]*)?|\.[0-9]+)"
_EXPONENT = r"(?:\{ ?[+-]?[0-9]+ ?\}|\( ?[+-]?[0-9]+ ?\)|[+-]?[0-9]+)"
_POWER = rf"{_PLAIN} ?(?:\^|\*\*) ?{_EXPONENT}"
_TERM = rf"(?:{_POWER}|{_PLAIN})"

# Tried in order; a form that could be read as the beginning of a longer one comes later.
_FORMS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        # 1\frac{1}{2} and 1 1/2 are one and a half, as school mathematics writes them.
        ("mixed", r"([0-9]+) ?\\frac\{([0-9]+)\}\{([0-9]+)\}"),
        ("mixed", r"([0-9]+) ([0-9]+) ?/ ?([0-9]+)"),
        ("ratio", rf"\\frac\{{([+-]? ?{_TERM})\}}\{{([+-]? ?{_TERM})\}}"),
        ("ratio", rf"({_PLAIN}) ?/ ?({_POWER})"),
        ("scaled", rf"({_PLAIN}) ?(?:\*|x) ?({_POWER})"),
        ("power", rf"({_POWER})"),
        ("scientific", rf"({_PLAIN})[eE]([+-]?[0-9]+)(?![A-Za-z0-9])"),
        ("ratio", rf"({_PLAIN}) ?/ ?({_PLAIN})"),
        (
            "repeating",
            r"([0-9]*)\.([0-9]*)(?:\\(?:overline|bar|dot) ?\{ ?([0-9]+) ?\}|\(([0-9]+)\))",
        ),
        ("repeating", r"([0-9]*)\.([0-9]*?)(?:([0-9])\3\3+|([0-9]{2,9})\4+) ?\\ldots"),
        # With a unit behind it, and no space, a comma divides no list.
        (
            "comma",
            r"([0-9]+,[0-9]{1,2})(?= ?(?:%|[^\W\d_]{2}|[^\W\d_a-zA-Z]|[°mgshlLCFVAWK](?!\w)))",
        ),
        ("comma", r"(0,[0-9]{3,20})(?![0-9,])"),
        ("factorial", r"([0-9]{1,3})!(?!!)"),
        ("plain", rf"({_PLAIN})(?! ?\\ldots)"),
    )
)
_FACTORIAL: Final = 160  # the largest whose factorial has no more digits than that
_SPACED_COMMA: Final = re.compile(r"[0-9]{4,},(?:[0-9]{1,2}|[0-9]{4,})")
_SIGN: Final = re.compile(r"[+-]? ?")
_PERCENT: Final = re.compile(r" ?(?:%|per ?cent\b)")
_SCALES: Final = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 10**3,
    **dict.fromkeys(("million", "millions", "millionen", "mio", "millones", "milhões"), 10**6),
    **dict.fromkeys(("milioni", "миллион", "миллиона", "миллионов", "milyon", "miljoen"), 10**6),
    **dict.fromkeys(("billion", "billions", "milliard", "milliards", "milliarde"), 10**9),
    **dict.fromkeys(
        ("milliarden", "миллиард", "миллиарда", "миллиардов", "milyar", "miljard"), 10**9
    ),
    "trillion": 10**12,
    **dict.fromkeys(("lakh", "lakhs"), 10**5),
    **dict.fromkeys(("crore", "crores"), 10**7),
    **dict.fromkeys("万萬만", 10**4),
    **dict.fromkeys("亿億억", 10**8),
}
_SIGNS: Final = 6  # scales of one letter, which need no space
_SCALE: Final = re.compile(
    rf" ?(?:({'|'.join(sorted(_SCALES, key=len, reverse=True)[:-_SIGNS])})\b\.?|([万萬만亿億억]))",
    re.IGNORECASE,
)


def exact(text: str) -> Fraction | None:
    """The value of a text that is one number, with its unit dropped, or None.

    Args:
        text: a single-spaced text as `normalize` prepares it.
    """
    sign = _SIGN.match(text)
    start = sign.end() if sign else 0
    negative = text[:start].startswith("-")
    written = read_east_asian(text[start:]) if not text.isascii() else None
    if written is not None and (not written[1].strip() or is_unit(written[1])):
        return -written[0] if negative else written[0]
    spelled = read_spelled(text) if start == 0 else None
    if spelled is not None and (not spelled[1].strip() or is_known_unit(spelled[1])):
        return spelled[0]
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
    if form == "factorial":
        return Fraction(factorial(int(found[1]))) if int(found[1]) <= _FACTORIAL else None
    if form == "repeating":
        return _repeating(found[1], found[2], found[3] or found[4])
    first = _term(found[1].replace(",", ".") if form == "comma" else found[1])
    if first is None:
        return None
    if form in {"plain", "comma"}:
        return first
    if form == "scientific":
        return _times_power(first, Fraction(10), found[2])
    if form == "scaled":
        factor = _power(found[2])
        return None if factor is None else first * factor
    second = _term(found[2])
    if form == "ratio":
        return first / second if second else None
    third = _plain(found[3])
    # 2\frac{3}{2} is no mixed number: more likely a product, and left as text.
    if second is None or not third or second >= third:
        return None
    return first + second / third


def _plain(literal: str) -> Fraction | None:
    literal = literal.replace(" ", "").replace("'", "")
    if literal.count(".") > 1 or 0 <= literal.find(".") < literal.find(","):
        literal = literal.replace(".", "").replace(",", ".")
    elif _SPACED_COMMA.fullmatch(literal):
        literal = literal.replace(",", ".")
    literal = literal.replace(",", "")
    return Fraction(literal) if len(literal) <= MAX_DIGITS else None


def _repeating(whole: str, start: str, block: str) -> Fraction | None:
    """`0.1666...`: `start` is 1, `block` is 6."""
    if len(whole) + len(start) + len(block) > MAX_DIGITS:
        return None
    ones = Fraction(int(block), 10 ** len(block) - 1)
    return int(whole or 0) + (int(start or 0) + ones) / 10 ** len(start)


def _term(literal: str) -> Fraction | None:
    if "^" not in literal and "**" not in literal:
        return _plain(literal)
    negative = literal.startswith("-")
    value = _power(literal.lstrip("+- "))
    return -value if negative and value is not None else value


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
        value *= _SCALES[(scale[1] or scale[2]).lower()]
        rest = rest[scale.end() :]
    return value if not rest.strip() or is_unit(rest) else None
