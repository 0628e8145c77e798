"""Numbers written otherwise than in digits alone: `1억 2천만`, `R$ 5,00`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

__all__ = ["plain_money", "read_east_asian"]

_WITHIN: Final = {**dict.fromkeys("十십", 10), **dict.fromkeys("百백", 100)} | dict.fromkeys(
    "千천", 1000
)
_GROUPS: Final = {
    **dict.fromkeys("万萬만", 10**4),
    **dict.fromkeys("亿億억", 10**8),
    **dict.fromkeys("兆조", 10**12),
}
_EAST: Final = re.compile(
    rf"(?P<digits>[0-9]{{1,9}}(?:,[0-9]{{3}}){{0,3}}(?:\.[0-9]{{1,9}})?)?"
    # Not the kilogram: 3千克.
    rf"(?P<scale>[{''.join(_WITHIN)}{''.join(_GROUPS)}](?![克米瓦卡焦赫]))?"
)

_CODES: Final = "USD|EUR|GBP|CHF|CAD|AUD|CNY|RMB|JPY|KRW|INR|BRL|MXN|SEK|NOK|DKK|PLN|Rs|kr|Kč|zł|Ft"
_CURRENCY: Final = re.compile(
    rf"(?P<sign>[-+]?)(?:(?:US|CA|AU|NZ|HK|NT|A|C|R|S|MX)?[$€£]|(?:{_CODES})\.?(?=[ 0-9])"
    r"|(?P<pointed>Rp\.?|IDR|VND|COP|CLP|₫)) ?(?P<amount>[0-9][0-9., ]*)(?![0-9])"
)
_CENTS: Final = re.compile(r"([0-9]{1,3}(?:[. ][0-9]{3})*|[0-9]+),([0-9]{2})")
_POINTED: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?![0-9])")


def read_east_asian(text: str) -> tuple[Fraction, str] | None:
    """The value of a number in groups of ten thousand, and what follows it: `1억 2천만 원`."""
    if not text[:1].isdecimal():
        return None
    total = section = Fraction(0)
    at, scales, last = 0, 0, 10**16
    while (found := _EAST.match(text, at)) is not None and found[0]:
        number = Fraction(found["digits"].replace(",", "")) if found["digits"] else Fraction(0)
        scale = found["scale"]
        scales += scale is not None
        if scale in _GROUPS:
            if _GROUPS[scale] >= last:
                return None
            last = _GROUPS[scale]
            total += (section + number) * last
            section = Fraction(0)
        else:
            section += number * _WITHIN.get(scale, 1) if scale else number
        at = found.end()
        if not found["digits"] or (text[at : at + 1] == " " and text[at + 1 : at + 2].isdecimal()):
            at += text[at : at + 1] == " "
        if scale is None:
            break
    return (total + section, text[at:]) if scales else None


def plain_money(text: str) -> str:
    """An amount of money with the currency before it as a plain number; any other text as it is."""
    found = _CURRENCY.fullmatch(text)
    if found is None:
        return text
    amount = found["amount"].rstrip("., ")
    if found["pointed"] and _POINTED.match(amount):
        amount = amount.replace(".", "").replace(",", ".")
    elif cents := _CENTS.fullmatch(amount):
        amount = f"{re.sub('[. ]', '', cents[1])}.{cents[2]}"
    return f"{found['sign']}{amount}"
