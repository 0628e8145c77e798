"""Explicitly stated answers: boxes, and in words "The answer is 5", "Antwort: B", "#### 42"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple, cast

from deepprune_sdk.answers.boxed import BOX_REACH, last_box
from deepprune_sdk.answers.choices import Choices
from deepprune_sdk.answers.languages import LANGUAGES, Language
from deepprune_sdk.answers.no_answer import is_placeholder
from deepprune_sdk.answers.quantities import NUMBER
from deepprune_sdk.answers.values import LINE, Link, Rank, Statement, equated, read_value

__all__ = ["REACH", "ends_open", "last_statement", "stated"]

REACH: Final = 20_000
"""Characters from the end in which statements are looked for: an answer stands at the end."""

_NEAR: Final = 2_000  # characters from the end that are looked at first
_WRAPPED: Final = 1_200  # longest answer in a tag or a key
_OPEN: Final = 120  # characters from the end in which an answer is announced
_MARKUP: Final = r"[*_\s\u200e\u200f]{0,8}"
_CLOSING: Final = r"[}\])\u3011\u300d\"']{0,2}"
_DIGITS: Final = {
    zero + digit: str(digit)
    for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50)
    for digit in range(10)
}
# One character for one: fullwidth forms, and the digits of all scripts. Punctuation that ends a
# clause in one script alone stays.
_FOLDED: Final = {
    **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)},
    **_DIGITS,
    **{ord(sign): sign for sign in "\uff01\uff0c\uff1b\uff1f"},
    ord("\u066a"): "%", ord("\u066b"): ".", ord("\u066c"): ",", ord("\ufe55"): ":", ord("\u0130"): "I",
}  # fmt: skip
_TAG: Final = re.compile(
    r"<(?P<tag>(?:final[_ -]?)?answer|ans|final|solution|result)\b[^<>\n]{0,40}>|\[(?P<mark>(?:final )?answer)\](?!:)",
    re.IGNORECASE,
)
_KEY: Final = re.compile(r"[\"']\s{0,8}:\s{0,8}")
_GSM: Final = re.compile(r"####[ ]{0,4}(?=[-+$.0-9\\\u2212])")
_REVERSED: Final = re.compile(
    r"(?P<value>[^\n]{1,60}?)[*_\s$)]{0,6}\s(?:is|are|as)\s(?:therefore\s|thus\s|also\s)?(?:the|my|our)\s"
    r"(?:final\s|correct\s|right\s|required\s|desired\s)?\Z",
    re.IGNORECASE,
)
_HYPOTHETICAL: Final = re.compile(
    r"\b(?:if|unless|suppose|assum\w+|whether|would)\b", re.IGNORECASE
)
_TEXT: Final = re.compile(r"\\(?:text|textbf|mathrm|mbox)\s?\{([^{}]*)\}")
_WORD: Final = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_POINTS: Final = re.compile(
    r"(?:this|that|it|what|which|here|there|one)|.*(?:not|n't)", re.IGNORECASE
)
_LEAD: Final = re.compile(
    r"(?:[\s#*_>\\${}(\[\u3010\u300c\"'\u200e\u200f0-9.-]|(?:text|textbf|mathbf|boldsymbol)\{)*"
    r"(?:[^\W\d_]{1,16}[\s*_:,]{1,4}){0,3}"
)
_LATEX_IN_JSON: Final = re.compile(r"(?<!\\)(?:\\\\)*\\[A-Za-z]{2}")

Kind = str
"""`answer`, `result` or `option`: what a noun names."""


class _Noun(NamedTuple):
    start: int
    word: str
    language: Language
    kind: Kind


@lru_cache(maxsize=2)
def _nouns(ascii_only: bool) -> dict[str, list[tuple[Language, Kind]]]:
    nouns: dict[str, list[tuple[Language, Kind]]] = {"####": [(LANGUAGES["en"], "gsm")]}
    for language in LANGUAGES.values():
        for kind in ("answer", "result", "option"):
            for word in cast("tuple[str, ...]", getattr(language, kind)):
                if word.isascii() or not ascii_only:
                    nouns.setdefault(word, []).append((language, kind))
    return nouns


@lru_cache(maxsize=256)
def _marker(word: str, language: Language) -> re.Pattern[str]:
    """What a noun and its verb look like, up to the value."""
    end = "" if language.inside else r"(?![^\W\d_'\u2019])"
    begin = "" if language.inside else r"(?<![^\W\d_])"
    after = rf"(?:\s?(?:{language.after}){end}){{0,2}}" if language.after else ""
    of = rf"(?:\s(?:{language.of})\b[^.\n:=]{{1,80}}?)?" if language.of else ""
    bare = r"|(?P<bare>\s)" if language.verb_last else "|(?P<bare>(?!))"
    return re.compile(
        rf"{re.escape(word)}(?:s|\.|\(s\))?{after}(?:"
        rf"{_CLOSING}{_MARKUP}(?P<label>[:=\uff1a\uff1d\u2192\u21d2]|->)"
        rf"|(?P<heading>{_CLOSING}[*_ .]{{0,8}}\n(?:[-=]{{3,99}}\n)?)"
        rf"|(?P<dash>[*_]{{0,3}}\s[-\u2013\u2014]\s)"
        rf"|{of}{_CLOSING}{_MARKUP}(?:{begin}(?P<verb>(?:{language.verbs}){end})|(?P<colon>[:=\uff1a])){bare}"
        rf")[*_\s:=\uff1a\uff1d\u200e\u200f]{{0,16}}",
        re.IGNORECASE,
    )


def stated(text: str, *, complete: bool) -> str | None:
    """The explicitly stated answer of a text, boxed or in words, or None; never a bare number.

    Thinking should have been taken out before (`without_thinking`).

    Args:
        text: any text.
        complete: whether the model ended the text itself; otherwise the statement must have ended.
    """
    return last_statement(text, complete=complete, choices=None)


def last_statement(text: str, *, complete: bool, choices: Choices | None) -> str | None:
    """The answer that a text states last: in a box, after a noun such as "answer", in a tag.

    A box is only beaten by a plain statement that comes after it. A statement in free words only
    counts where no other is plainer.

    Args:
        text: any text.
        complete: whether the model ended the text itself; otherwise the statement must have ended.
        choices: the labels to accept, or None.
    """
    box = last_box(text[-BOX_REACH:], complete=complete)
    begin = max(0, len(text) - BOX_REACH) + box.end if box is not None else 0
    tail = _folded(text[max(begin, len(text) - REACH) :])
    if choices is not None and (complete or tail.endswith("\n")) and (line := choices.line(tail)):
        return line
    found = _find(
        tail, complete=complete, choices=choices, least=Rank.FREE if box is None else Rank.LABEL
    )
    if found is not None:
        return found
    if box is None:
        return None
    inner = _inner(_folded(box.content), choices) or box.content
    return choices.labelled(inner) if choices is not None else inner


def ends_open(text: str) -> bool:
    """Whether a text ends where an answer should follow: "The answer is: ____"."""
    end = _folded(text[-_OPEN:])
    return any(
        marker is not None and is_placeholder(end[marker.end() :].strip())
        for noun in _from_the_end(end)
        if noun.kind == "answer"
        for marker in [_marker(noun.word, noun.language).match(end, noun.start)]
    )


def _folded(text: str) -> str:
    return text if text.isascii() else text.translate(_FOLDED)


def _find(text: str, *, complete: bool, choices: Choices | None, least: int) -> str | None:
    """The last statement that says enough, or else the last that says the most."""
    chosen = choices.chosen(text, complete=complete) if choices is not None else None
    result: Statement | None = None
    for noun in _from_the_end(text):
        if chosen is not None and chosen.start > noun.start:
            return chosen.label
        statement = _read(text, noun, complete=complete, choices=choices)
        if statement is None or statement.rank < least:
            continue
        if statement.rank >= Rank.NAME:
            return statement.answer
        if result is None or statement.rank > result.rank:
            result = statement
    if chosen is not None:
        return chosen.label
    return result.answer if result is not None else None


def _inner(content: str, choices: Choices | None) -> str | None:
    r"""The answer of a statement inside of a box or a tag: `\boxed{\text{The answer is } 91}`."""
    if len(content) > LINE:
        return None
    content = _TEXT.sub(r"\1", content)
    for noun in _from_the_end(content):
        statement = _read_words(content, noun, complete=True, choices=choices)
        if statement is not None and statement.rank >= Rank.LABEL:
            return statement.answer
    labelled = choices is not None and choices.labelled(content) != content
    if labelled or len(_WORD.findall(content)) < 2:
        return None
    return equated(content)


def _from_the_end(text: str) -> Iterator[_Noun]:
    """The nouns and marks of a text, the last one first."""
    lowered = text.lower()
    nouns = _nouns(text.isascii())
    end = len(text)
    for begin in (max(0, end - _NEAR), 0):
        if begin >= end:
            return
        found: list[_Noun] = []
        for word, meanings in nouns.items():
            at = lowered.rfind(word, begin, end)
            while at >= 0:
                found += (_Noun(at, word, language, kind) for language, kind in meanings)
                at = lowered.rfind(word, begin, at)
        found.sort(key=lambda noun: -noun.start)
        yield from found
        end = begin


def _read(text: str, noun: _Noun, *, complete: bool, choices: Choices | None) -> Statement | None:
    if noun.kind == "gsm":
        return _read_gsm(text, noun.start, complete=complete, choices=choices)
    before = text[noun.start - 1 : noun.start]
    if (
        before
        and before in "<[_ -"
        and (tagged := _read_tag(text, noun, complete=complete, choices=choices))
    ):
        return tagged
    if key := _KEY.match(text, noun.start + len(noun.word)):
        return _read_json(text, key.end(), complete=complete, choices=choices)
    return _read_words(text, noun, complete=complete, choices=choices)


def _read_words(
    text: str, noun: _Noun, *, complete: bool, choices: Choices | None
) -> Statement | None:
    """What a noun such as "answer" introduces."""
    if not noun.language.inside and text[noun.start - 1 : noun.start].isalpha():
        return None
    marker = _marker(noun.word, noun.language).match(text, noun.start)
    line = text[max(0, noun.start - 80) : noun.start].rpartition("\n")[2]
    if marker is None:
        return _read_reversed(text, noun, line, complete=complete, choices=choices)
    sentence = re.split(r"[.!?;]\s", line)[-1]
    leads = _LEAD.fullmatch(sentence) is not None
    if marker["heading"] is not None and not (leads and noun.kind == "answer"):
        return None
    if marker["dash"] is not None and not leads and marker["verb"] is None:
        return None
    link: Link = "label"
    if noun.kind == "option":
        link = "option"
    elif noun.kind == "result" and "final" not in sentence.lower():
        link = "result"
    elif ":" in marker[0]:
        link = "label"
    elif not leads or (marker["verb"] is not None or marker["bare"] is not None):
        link = "verb"
    if marker["verb"] is not None and _HYPOTHETICAL.search(sentence + marker[0]):
        return None
    return read_value(
        text, marker.end(), language=noun.language, link=link, complete=complete, choices=choices
    )


def _read_gsm(
    text: str, start: int, *, complete: bool, choices: Choices | None
) -> Statement | None:
    """`#### 42`, as GSM8K writes it; `#### 4. A heading` is none."""
    found = _GSM.match(text, start)
    if found is None:
        return None
    value, newline, _ = text[found.end() : found.end() + LINE].partition("\n")
    clause = value.strip(" .*$")
    number = NUMBER.match(clause)
    if number is None or not (complete or newline):
        return None
    if re.search(r"[A-Za-z]{3}", clause[number.end() :]):
        return None
    return Statement(clause, Rank.PLAIN)


def _read_tag(
    text: str, noun: _Noun, *, complete: bool, choices: Choices | None
) -> Statement | None:
    """`<answer>12</answer>`, `[ANSWER] 12 [/ANSWER]`."""
    start = max(text.rfind("<", 0, noun.start), text.rfind("[", 0, noun.start))
    tag = _TAG.match(text, start) if 0 <= noun.start - start <= 8 else None
    if tag is None:
        return None
    closing = f"</{tag['tag']}" if tag["tag"] else f"[/{tag['mark']}"
    rest = text[tag.end() : tag.end() + _WRAPPED]
    end = rest.lower().find(closing.lower())
    if end < 0 and not complete:
        return None
    return _whole(rest[:end] if end >= 0 else rest.partition("\n")[0], choices)


def _whole(content: str, choices: Choices | None) -> Statement | None:
    """A text that is an answer and nothing else, but for what it may be wrapped in."""
    content = content.strip()
    if is_placeholder(content):
        return None
    box = last_box(content, complete=True)
    if box is not None:
        content = box.content
    content = _inner(content, choices) or content
    return Statement(choices.labelled(content) if choices else content, Rank.PLAIN)


def _read_json(
    text: str, start: int, *, complete: bool, choices: Choices | None
) -> Statement | None:
    """The value of a key in JSON: `"answer": 42`."""
    rest = text[start : start + _WRAPPED]
    try:
        value, end = cast("tuple[object, int]", json.JSONDecoder().raw_decode(rest))
    except (ValueError, RecursionError):
        quoted = re.match(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"", rest)
        if quoted is None:
            return None
        return _whole(quoted[1] or quoted[2] or "", choices)
    if end >= len(rest) and not complete:
        return None
    if isinstance(value, str):
        # A model that writes LaTeX in JSON often forgets to double the backslash.
        raw = rest[1 : end - 1]
        return _whole(raw if _LATEX_IN_JSON.search(raw) else value, choices)
    if value is None:
        return None
    return _whole(rest[:end], choices)


def _read_reversed(
    text: str, noun: _Noun, line: str, *, complete: bool, choices: Choices | None
) -> Statement | None:
    """ "(C) is the correct answer"."""
    found = _REVERSED.search(line)
    after = text[noun.start + len(noun.word) : noun.start + len(noun.word) + 1]
    if found is None or noun.word != "answer" or after.isalpha():
        return None
    value = re.split(r"[.;:,]\s|\b(?:that|so|thus|therefore|hence|get|have)\b", found["value"])[
        -1
    ].strip()
    if _HYPOTHETICAL.search(line) or _POINTS.fullmatch(value):
        return None
    return read_value(
        value + ".", 0, language=noun.language, link="verb", complete=True, choices=choices
    )
