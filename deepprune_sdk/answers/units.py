"""Units of measurement after a number, which two answers of one vote share."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_known_unit", "is_unit", "without_unit"]

_TAIL: Final = re.compile(r"[^\W\d_]+\.?|\^ ?(?:\{ ?-?[1-9] ?\}|-?[1-9])|[ °/*.'()-]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SINGLE_UNITS: Final = frozenset("mgshlLJNWVACFK")
_SHORT_UNITS: Final = _words(
    "km cm mm nm um ft in yd mi kg mg lb oz ml dl hr min sec ms mph kph kmh kw kwh hz khz mhz ghz "
    "kj kcal cal pa kpa atm mol ev kev mev usd eur gbp cents deg rad ha gb mb kb tb lbs hrs mins "
    "secs rpm sq cu kr days hours dollars ohm kohm mohm"
)
_CONNECTORS: Final = _words("a an the per of all at on by each in")
_NEVER_UNITS: Final = _words(
    "and or nor not if is are plus minus times more less fewer than over under mod modulo divided "
    "multiplied remainder choose squared cubed factorial root am pm bc ad bce ce through to "
    "halves half thirds third fourths quarters quarter fifths sixths tenths hundredths pi sqrt sin "
    "cos tan cot csc log ln exp lim max gcd lcm hundred thousand million billion trillion dozen "
    "percent followed but except where when for all any every real with without such that ldots"
)

# Units that are dropped after a formula, where other words may be a part of it.
_LONG_UNITS: Final = _words(
    "meter meters metre metres centimeter centimeters centimetre centimetres millimeters kilometer "
    "kilometers kilometre kilometres inch inches foot feet yard yards mile miles unit units square "
    "cubic second seconds minute minutes hour hours day days week weeks month months year years "
    "dollar dollars cent cents euro euros pound pounds gram grams kilogram kilograms liter liters "
    "litre litres degree degrees radian radians newton newtons joule joules watt watts volt volts "
    "ampere amperes amps ohm ohms pascal pascals mole moles kelvin celsius percent per sq cu"
)
_ATTACHED: Final = _SHORT_UNITS | _LONG_UNITS
_OHM: Final = re.compile(r"(?<=[0-9}]) ?(k|M|m)? ?\\(?:Omega|mho)(?![A-Za-z])")
_MICRO: Final = re.compile(r"(?<=[0-9}]) ?\\mu ?(?=[mgsLlFACVHW](?![A-Za-z]))")
_TEXT_UNIT: Final = re.compile(
    r"(?:\\[,;:! ]|[\s~])*\\(?:text|mathrm|textrm|rm|operatorname|mbox|textnormal)\s?"
    r"\{([^{}\\$]*)\}"
    r"\s?((?:\^\s?(?:\{\s?-?[1-9]\s?\}|-?[1-9]))?)[\s.$]*\Z"
)
# Its unit is told by `exact`, which needs it: `6,5 cm` is a decimal and `6,5` a list.
_PLAIN_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9.,' ]*(?:[A-Za-z°%]|\\text|\\mathrm|\\[,;: ])")
_WORD_UNIT: Final = re.compile(r"(?<=[0-9A-Za-z})!]) ((?:[A-Za-z/* .]|\^-?[1-9])+)\Z")


def without_unit(text: str) -> str:
    r"""A formula without the unit behind it: `4\sqrt3\text{ cm}^2`, `12\pi square units`."""
    if "\\" in text:
        text = _MICRO.sub(" u", _OHM.sub(r" \1ohm", text))
    if _PLAIN_NUMBER.match(text):
        return text
    if not any(sign.isdigit() or sign == "\\" for sign in text):
        return text
    found = _TEXT_UNIT.search(text)
    if found is not None and found.start() > 0:
        words = f" {found[1].strip()}{found[2]}"
        if words.strip() and is_unit(words) and _is_known(words):
            return text[: found.start()]
    found = _WORD_UNIT.search(text)
    if found is not None and found.start() > 1 and is_unit(f" {found[1].strip()}"):
        head = found[1].split()[0]
        if len(head) > 1 and _is_known(found[1]):
            return text[: found.start()]
    return text


def _is_known(words: str) -> bool:
    names = re.findall(r"[A-Za-z]+", words)
    return all(
        name.lower() in _SHORT_UNITS or name.lower() in _LONG_UNITS or name in _SINGLE_UNITS
        for name in names
    )


def is_known_unit(text: str) -> bool:
    """Whether what follows a number is a unit of which every word is known as one."""
    return is_unit(text) and _is_known(text)


def is_unit(text: str) -> bool:
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
    if text[0].isalpha() and words[0].isascii() and words[0].lower() not in _ATTACHED:
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
