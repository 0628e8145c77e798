"""Numbers that are spelled out: `twenty-seven`, `two thirds`, `dix-sept`, `二十四`."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

__all__ = ["read_spelled", "spelled_value"]

_ONES: Final = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
"""
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_PARTS: Final = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
    "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twelfth": 12,
}  # fmt: skip
# Zero to twenty, and then the tens, as they are counted.
_COUNTED: Final = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn"
    " sechzehn siebzehn achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig"
    " neunzig",
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
    " dix-sept dix-huit dix-neuf vingt trente quarante cinquante soixante soixante-dix"
    " quatre-vingts quatre-vingt-dix",
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince"
    " dieciséis diecisiete dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta"
    " ochenta noventa",
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici"
    " quindici sedici diciassette diciotto diciannove venti trenta quaranta cinquanta sessanta"
    " settanta ottanta novanta",
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze"
    " dezesseis dezessete dezoito dezenove vinte trinta quarenta cinquenta sessenta setenta oitenta"
    " noventa",
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать"
    " тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцать"
    " тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
    "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien"
    " zestien zeventien achttien negentien twintig dertig veertig vijftig zestig zeventig tachtig"
    " negentig",
)
_WORD: Final = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]{2,}){0,3}(?![\w-])", re.IGNORECASE)
_HUNDREDS: Final = re.compile(
    r"(?P<many>[a-z]{3,5}) hundred(?:(?: and)? (?P<rest>[a-z]{3,9}(?:-[a-z]{3,5})?))?(?![\w-])",
    re.IGNORECASE,
)
_FRACTION: Final = re.compile(
    r"(?P<many>an?|[a-z]{3,6})[ -](?P<part>[a-z]{4,8}?)s?(?![\w-])", re.IGNORECASE
)
_MINUS: Final = re.compile(r"(?:minus|negative|moins|menos|meno|минус) ", re.IGNORECASE)
_CHINESE: Final = re.compile(r"([二三四五六七八九])?([十百])?([一二三四五六七八九])?")
_DIGITS: Final = {sign: at for at, sign in enumerate("零一二三四五六七八九")}


@lru_cache(maxsize=1)
def _english() -> dict[str, int]:
    ones = {word: number for number, word in enumerate(_ONES.split())}
    tens = {word: 10 * number for number, word in enumerate(_TENS.split(), start=2)}
    both = {
        f"{ten}-{one}": above + below
        for ten, above in tens.items()
        for one, below in ones.items()
        if 0 < below < 10
    }
    return ones | tens | both | {"hundred": 100, "one hundred": 100}


@lru_cache(maxsize=1)
def _foreign() -> dict[str, int]:
    """The same words of other languages, where all that share a word mean the same number."""
    values: dict[str, set[int]] = {}
    for row in _COUNTED:
        words = row.split()
        numbers = [*range(21), *range(30, 100, 10)]
        counted = dict(zip(words, numbers, strict=True))
        joined = {"zwei": "und", "twee": "en"}.get(words[2])
        both = {
            f"{'ein' if one == 'eins' else one}{joined}{ten}": tens + ones
            for one, ones in counted.items()
            for ten, tens in counted.items()
            if joined and 0 < ones < 10 and tens >= 20
        }
        apart = {
            f"{ten}-{one}": tens + ones
            for one, ones in counted.items()
            for ten, tens in counted.items()
            if not joined and 0 < ones < 10 and 20 <= tens < 70
        }
        for word, number in (counted | both | apart).items():
            values.setdefault(word, set()).add(number)
    return {word: numbers.pop() for word, numbers in values.items() if len(numbers) == 1}


def read_spelled(text: str) -> tuple[Fraction, str] | None:
    """The value of the English word or fraction with which a text begins, and what follows it."""
    if not text[:1].isalpha():
        return None
    if minus := _MINUS.match(text):
        value = read_spelled(text[minus.end() :])
        return None if value is None or _MINUS.match(text, minus.end()) else (-value[0], value[1])
    if fraction := _FRACTION.match(text):
        many = {"a": 1, "an": 1}.get(fraction["many"].lower()) or _english().get(
            fraction["many"].lower()
        )
        part = _PARTS.get(fraction["part"].lower())
        if many and part:
            return Fraction(many, part), text[fraction.end() :]
    if (hundreds := _HUNDREDS.match(text)) and (many := _english().get(hundreds["many"].lower())):
        rest = _english().get((hundreds["rest"] or "zero").lower())
        if rest is not None and many < 10 and rest < 100:
            return Fraction(100 * many + rest), text[hundreds.end() :]
    word = _WORD.match(text)
    value = _english().get(word[0].lower()) if word else None
    return None if word is None or value is None else (Fraction(value), text[word.end() :])


def spelled_value(text: str) -> Fraction | None:
    """The value of a text that is a number in the words of some language and nothing else."""
    text = text.strip().lower()
    minus = _MINUS.match(text)
    word = text[minus.end() :] if minus else text
    if word in _foreign():
        return Fraction(-_foreign()[word] if minus else _foreign()[word])
    chinese = _CHINESE.fullmatch(word) if word else None
    if chinese is None or not chinese[2]:
        return None
    ten = 100 if chinese[2] == "百" else 10
    if ten == 100 and (chinese[3] or not chinese[1]):
        return None
    return Fraction(_DIGITS[chinese[1] or "一"] * ten + _DIGITS[chinese[3] or "零"])
