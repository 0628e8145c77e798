"""The words that state an answer, in all languages: where they stand, and what they introduce."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple, cast

from deepprune_sdk.answers.languages import LANGUAGES, Language
from deepprune_sdk.answers.no_answer import is_placeholder
from deepprune_sdk.answers.values import Link, Reading, Statement, read_value

__all__ = ["Noun", "ends_open", "folded", "has_letters", "nouns_from_the_end", "read_noun"]

_NEAR: Final = 2_000  # characters from the end that are looked at first
_OPEN: Final = 120  # characters from the end in which an answer is announced
_LINE_BEFORE: Final = 80  # characters before a noun that are looked at

# One character for one: fullwidth forms, and the digits of all scripts. Punctuation that ends a
# clause only in its own script stays.
_KEPT: Final = "\uff01\uff0c\uff1b\uff1f"
_DIGIT_ZEROS: Final = (
    0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50
)  # fmt: skip
_FOLDED: Final = {
    **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)},
    **{zero + digit: str(digit) for zero in _DIGIT_ZEROS for digit in range(10)},
    **{ord(sign): sign for sign in _KEPT},
    0x66A: "%",
    0x66B: ".",
    0x66C: ",",
    0xFE55: ":",
}

_LETTERS: Final = re.compile(r"[^\W\d_]|####")
_MARKUP: Final = r"[*_\s\u200e\u200f]{0,8}"
_CLOSING: Final = r"[}\])\u3011\u300d\"']{0,2}"
# What may stand between the beginning of a line and "answer": markup, "The final".
_LEAD: Final = re.compile(
    r"(?:[\s#*_>|\\${}(\[\u3010\u300c\"'\u200e\u200f0-9.-]|(?:text|textbf|mathbf|boldsymbol)\{)*"
    r"(?:[^\W\d_]{1,16}[\s*_:,]{1,4}){0,3}"
)
_REVERSED: Final = re.compile(
    r"(?P<value>[^\n]{1,60}?)[*_\s$)]{0,6}\s(?:is|are|as)\s(?:therefore\s|thus\s|also\s)?"
    r"(?:the|my|our)\s(?:final\s|correct\s|right\s|required\s|desired\s)?\Z",
    re.IGNORECASE,
)
# The rest of a table's first row, and the rule below it.
_HEADER: Final = re.compile(r"[^\n]{0,200}\n[ \t]*\|?[ :|-]{3,200}(?:\n|\Z)")
_SENTENCE: Final = re.compile(r"[.!?;]\s")
_CLAUSE: Final = re.compile(r"[.;:,]\s|\b(?:that|so|thus|therefore|hence|get|have)\b")
_HYPOTHETICAL: Final = re.compile(
    r"\b(?:if|unless|suppose|assum\w+|whether|would)\b", re.IGNORECASE
)
_WRONG: Final = re.compile(
    r"(?:wrong|incorrect|false|falsche|mauvaise|fausse|incorrecta|errada|sbagliata|неверный"
    r"|неправильный|错误|錯誤)[\s的]{0,2}\Z",
    re.IGNORECASE,
)
_SINCE: Final = re.compile(r"[:=](?=\s|\Z)|\n")
_POINTS: Final = re.compile(
    r"(?:this|that|it|what|which|here|there|one)|.*(?:not|n't)", re.IGNORECASE
)


class Noun(NamedTuple):
    """A noun, or the mark `####`, in a text; `kind` is its field of `Language`, or `gsm`."""

    start: int
    word: str
    language: Language
    kind: str


def folded(text: str) -> str:
    """The text with the digits and signs of other scripts as ASCII, character for character."""
    return text if text.isascii() else text.translate(_FOLDED)


@lru_cache(maxsize=2)
def _nouns(*, ascii_only: bool) -> dict[str, list[tuple[Language, str]]]:
    nouns = {"####": [(LANGUAGES["en"], "gsm")]}
    for language in LANGUAGES.values():
        for kind in ("answer", "result", "option"):
            for word in cast("tuple[str, ...]", getattr(language, kind)):
                if word.isascii() or not ascii_only:
                    nouns.setdefault(word, []).append((language, kind))
    return nouns


def has_letters(text: str) -> bool:
    """Whether a text can say anything in words."""
    return _LETTERS.search(text) is not None


def nouns_from_the_end(text: str) -> Iterator[Noun]:
    """The nouns of a text in all languages, the last one first."""
    lowered = text.replace("\u0130", "i").lower()  # whose small letter is two characters
    nouns = _nouns(ascii_only=text.isascii())
    end = len(text)
    for begin in (max(0, end - _NEAR), 0):
        if begin >= end:
            return
        found: list[Noun] = []
        for word, meanings in nouns.items():
            at = lowered.rfind(word, begin, end)
            while at >= 0:
                found += (Noun(at, word, language, kind) for language, kind in meanings)
                at = lowered.rfind(word, begin, at)
        found.sort(key=_start, reverse=True)
        yield from found
        end = begin


def _start(noun: Noun) -> int:
    return noun.start


@lru_cache(maxsize=256)
def _marker(word: str, language: Language) -> re.Pattern[str]:
    """What a noun and its verb look like, up to the value."""
    end = "" if language.inside else r"(?![^\W\d_'\u2019])"
    begin = "" if language.inside else r"(?<![^\W\d_])"
    after = rf"(?:\s?(?:{language.after}){end}){{0,2}}" if language.after else ""
    of = rf"(?:\s(?:{language.of})\b[^.\n:=]{{1,80}}?)?" if language.of else ""
    bare = r"\s" if language.verb_last else r"(?!)"
    return re.compile(
        rf"{re.escape(word)}(?:s|\.|\(s\))?{after}(?:\s?#?[0-9]{{1,2}}(?=:))?(?:"
        rf"(?P<cell>[*_ ]{{0,6}}\|)"
        rf"|{_CLOSING}{_MARKUP}(?:[:=\u2192\u21d2]|->)"
        rf"|(?P<heading>{_CLOSING}[*_ .]{{0,8}}\n(?:[-=]{{3,99}}\n)?)"
        rf"|(?P<dash>[*_]{{0,3}}\s[-\u2013\u2014]\s)"
        rf"|{of}{_CLOSING}{_MARKUP}(?:{begin}(?P<verb>(?:{language.verbs}){end})|[:=])"
        rf"|(?P<bare>{bare})"
        rf")[*_\s:=\u200e\u200f]{{0,16}}",
        re.IGNORECASE,
    )


def read_noun(text: str, noun: Noun, how: Reading) -> Statement | None:
    """What a noun such as "answer" introduces, or None."""
    if not noun.language.inside and text[noun.start - 1 : noun.start].isalpha():
        return None
    line = text[max(0, noun.start - _LINE_BEFORE) : noun.start].rpartition("\n")[2]
    marker = _marker(noun.word, noun.language).match(text, noun.start)
    if marker is None:
        return _read_reversed(text, noun, line, how)
    sentence = _SENTENCE.split(line)[-1]
    leads = _LEAD.fullmatch(sentence) is not None
    verb = marker["verb"] is not None
    if marker["heading"] is not None and not (leads and noun.kind == "answer"):
        return None
    if marker["cell"] is not None and _HEADER.match(text, marker.end()):
        return None
    if marker["dash"] is not None and not (leads or verb):
        return None
    if noun.kind == "answer" and _WRONG.search(sentence):
        return None
    if verb and _HYPOTHETICAL.search(sentence + marker[0]):
        return None
    link: Link
    if noun.kind == "option":
        choices = how.choices
        if choices and choices.begins_list(text, marker.end(), complete=how.complete):
            return None
        link = "option"
    elif noun.kind == "result" and "final" not in sentence.lower():
        link = "result"
    elif (verb and ":" in marker[0]) or (leads and not verb and marker["bare"] is None):
        link = "label"
    else:
        link = "verb"
    return read_value(text, marker.end(), language=noun.language, link=link, how=how)


def _read_reversed(text: str, noun: Noun, line: str, how: Reading) -> Statement | None:
    """What stands before "is the answer": "(C) is the correct answer"."""
    found = _REVERSED.search(line)
    after = noun.start + len(noun.word)
    if found is None or noun.word != "answer" or text[after : after + 1].isalpha():
        return None
    value = _CLAUSE.split(found["value"])[-1].strip()
    if _HYPOTHETICAL.search(line) or _POINTS.fullmatch(value):
        return None
    how = how._replace(complete=True)
    return read_value(f"{value}.", 0, language=noun.language, link="verb", how=how)


def ends_open(text: str) -> bool:
    """Whether a text ends where an answer should follow: "The answer is: ____"."""
    end = folded(text[-_OPEN:])
    # Cheap, and mostly enough: the last words are no placeholder.
    last = _SINCE.split(end.rstrip())[-1]
    if not is_placeholder(last) and not is_placeholder(last.rpartition(" ")[2]):
        return False
    return any(
        marker is not None and is_placeholder(end[marker.end() :].strip())
        for noun in nouns_from_the_end(end)
        if noun.kind == "answer"
        for marker in [_marker(noun.word, noun.language).match(end, noun.start)]
    )
