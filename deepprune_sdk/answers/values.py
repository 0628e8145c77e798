"""What follows "the answer is": where a stated value ends, and what of it is the answer."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from deepprune_sdk.answers.choices import Choices
from deepprune_sdk.answers.languages import Language
from deepprune_sdk.answers.no_answer import is_placeholder, is_refusal
from deepprune_sdk.answers.quantities import NUMBER, last_number

__all__ = ["LINE", "Link", "Rank", "Statement", "equated", "read_value"]

LINE: Final = 300
"""Longest value that is read, in characters."""

_FREE_TEXT: Final = 80  # longest answer in free words

Link = Literal["label", "verb", "result", "option"]
"""How a value is stated: "Answer: 5", "the answer is 5", "the result is 5", "option: B"."""


class Rank:
    """How much a statement says; a higher one beats a lower one that comes later."""

    FREE: Final = 0
    """Words after "is" that may only speak about the answer."""
    RESULT: Final = 1
    """A result, which may be an intermediate one."""
    NAME: Final = 2
    """A name after "is"."""
    LABEL: Final = 3
    """Words after a colon or below a heading."""
    PLAIN: Final = 4
    """A number, a formula or a label of a choice."""


class Statement(NamedTuple):
    """An answer stated in words, and how plainly."""

    answer: str
    rank: int


_SPACES: Final = " \t\u00a0\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_BULLET: Final = re.compile(r"[-*•+]\s+(?=\S)")
_OPENING: Final = re.compile(r"(?:\*{1,3}|_{1,3}|[\s}>#»\u200e\u200f]|[\"“„«'`](?=\w))+")
_MATH: Final = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_MATH_AGAIN: Final = re.compile(
    r"\s*(?:,|;|,?\s?(?:and|or)|und|oder|et|ou|y|o|e|и|或|和|、)\s*(?:\$([^$\n]{1,80})\$|\\\((.{1,80}?)\\\))"
)
_PROSE: Final = re.compile(r"[0-9.,]\s+[A-Za-z]{2}")
_SPAN: Final = re.compile(
    r"\$[^$\n]+\$|\\\(.+?\\\)|\\text\{[^{}\n]*\}|[(\[{\uff08][^()\[\]{}\uff08\uff09\n]*[)\]}\uff09]"
)
_BREAK: Final = (
    r"[.!?;](?=\s*\Z)|(?<!\.[A-Z])(?<!\. [A-Z])(?:(?<![a-z] [A-Z])|(?<=and [A-Z])|(?<=or [A-Z]))(?<!\b(?:Dr|St|Mt|Mr|Ms|vs|No))[.!?;](?=\s|\Z|[*_\"')\]}$<`])"
    r"(?!\s?[A-Z]\.)"
    r"|[\u3002\uff01\uff1f\uff1b\u0964\u061f\u061b\u06d4]|\n|</|<\||\*\*(?=[\s.,;:!?)]|\Z)|__|```"
    r"|,\s(?![-0-9(\\$]|[A-Z]\b|[a-z](?:_\w)?(?:\s?[=<>,]|\b)|and\b|or\b)|[\uff0c\u060c]\s?(?![-0-9(\\$a-z])"
    r"|\s?[\u2014\u2013]\s?(?=[^\W\d_]{2})|\s-\s(?=[A-Za-z])"
    r"|(?:\s|(?<=[0-9\u3040-\uffdc]))[(\uff08](?!mod\b|base\b)(?=[^()]{0,40}?[^\W\d_]{3})"
)
_CONTINUES: Final = re.compile(
    r"\s+(?:(?:or|and|to|und|oder|bis|et|ou|à|y|o|e|ed|a|и|или|до)\s+(?=[-+$(\\.0-9\u2212]|[a-zA-Z]\b)"
    r"|or\s(?:more|fewer|less)|dozen|hundred|thousand|[mbt]r?illion|percent|[-+*/^=\\:<>]|[a-zA-Z]\b)"
)
_FULL_STOPS: Final = "\u3002\uff01\uff1b\u0964\u06d4"  # which are no decimal points
_UNCERTAIN: Final = re.compile(r"[?\uff1f\u061f]")
_UNKNOWN: Final = re.compile(
    r"(?:unknown|unclear|undetermined|see (?:above|below)|as (?:above|below|follows)|given (?:above|below)"
    r"|unbekannt|inconnue?|desconocid[oa]|desconhecid[oa]|неизвестно|未知|不明)\b",
    re.IGNORECASE,
)
_GSM_WORD: Final = re.compile(r"[A-Za-z]{3}")
_IS: Final = (
    r"(?:is|are|was|were|equals|equal to|has|have|ist|sind|beträgt|est|sont|vaut|es|son|é|são|è|sono"
    r"|равна|равно|равен|составляет|wynosi|jest|bedraagt)"
)
_THE: Final = (
    r"(?:the|la|le|les|l['\u2019]|el|los|las|der|die|das|il|lo|o|a|os|as|het|de)(?<!\w\w\w\w)\b"
)
_NAMED: Final = re.compile(
    rf"(?:thus|therefore|hence|so)?,?\s?{_THE}\s?.{{1,80}}?\s(?:is|was|are|ist|est|es|é|è)\s(.+)",
    re.IGNORECASE,
)
_EQUATES: Final = re.compile(
    rf".*(?:\b{_IS}\b|[=\uff1d]|:(?![0-9])|[是为為])\s*(?:exactly|about|only|approximately|genau|exactement|exactamente)?\s*(.+)",
    re.DOTALL,
)


_ASIDE: Final = re.compile(
    r",?\s(?:which|where|because|since|weil|da|car|parce|porque|perché|poiché|потому|omdat|ponieważ|çünkü)\s"
    r"|因为|因為|क्योंकि|لأن"
)
_WORD: Final = re.compile(r"[^\W\d_]{2}")
_SENTENCE_END: Final = re.compile(r"[.!](?=\s|\Z|\*)|[\u3002\u0964]")
# What is no one value: "between 5 and 10".
_QUALIFIED: Final = re.compile(
    r"(?:between|from|at least|at most|more than|less than|over|under|up to|either|zwischen|mindestens"
    r"|höchstens|entre|tra|fra|między|от|между|tussen)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def _breaks(language: Language) -> re.Pattern[str]:
    conjunctions = rf"|\s(?:{language.breaks})(?![^\W_])" if language.breaks else ""
    if language.inside and language.breaks:
        conjunctions = rf"|[\s,\uff0c]?(?:{language.breaks})"
    return re.compile(_BREAK + conjunctions)


@lru_cache(maxsize=64)
def _patterns(language: Language) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    never = r"(?!)"
    end = "" if language.inside else r"(?![^\W\d_])"
    # "a" may lead up to a value where "A" is one.
    words = [word for word in language.filler.split("|") if len(word) > 1] or [never]
    letters = [word for word in language.filler.split("|") if len(word) == 1] or [never]
    filler = rf"(?:(?i:{'|'.join(words)})|{'|'.join(letters)}){end}[\s,:]{{0,4}}"
    return (
        re.compile(filler),
        re.compile(rf"(?:{language.no_value or never}){end}", re.IGNORECASE),
        re.compile(rf"(?:{language.ending or never})\s*\Z", re.IGNORECASE),
    )


def read_value(
    text: str,
    start: int,
    *,
    language: Language,
    link: Link,
    complete: bool,
    choices: Choices | None,
) -> Statement | None:
    """Read the answer of a statement whose value begins at `start`, or None where it is none."""
    value = text[start : start + LINE]
    ended = complete or start + LINE < len(text)
    filler, no_value, ending = _patterns(language)
    if text[start - 1 : start] == "\n" and (bullet := _BULLET.match(value)):
        value = value[bullet.end() :]
    value = _opened(value, filler)
    if link != "label" and no_value.match(value):
        return None
    if choices is not None and (label := choices.stated(value)) is not None:
        after = value[value.lower().find(label.lower()) + len(label) :]
        return Statement(label, Rank.PLAIN) if after.strip(" ") or ended else None
    if link == "option":
        return None
    if link == "label" and choices is not None and ended:
        sentence = _first_sentence(value)
        if (label := choices.named_in(sentence)) is not None:
            return Statement(label, Rank.PLAIN)
    plain = Rank.RESULT if link == "result" else Rank.PLAIN
    if (formula := _formula(value)) is not None:
        return None if is_placeholder(formula) else Statement(formula, plain)
    if not ended and value.startswith(("\\(", "\\[", "\\boxed")):
        return None
    end = _breaks(language).search(_masked(value))
    # A full stop at the very end of an unfinished text may be a decimal point.
    finished = ended or (end is not None and end[0] in _FULL_STOPS) or (end is not None and end.end() < len(value)) or "\n" in value
    if end is not None and _UNCERTAIN.match(end[0]):
        return None
    clause = _trimmed(value[: end.start()] if end else value)
    clause = _trimmed(ending.sub("", clause))
    if not finished or not any(sign.isalnum() or sign in "∅∞" for sign in clause):
        return None
    if is_placeholder(clause) or _UNKNOWN.match(clause):
        return None
    if number := NUMBER.match(clause):
        rest = clause[number.end() :]
        return Statement(clause if _continues(rest) else number[0].strip(), plain)
    if (
        language.verb_last
        and link == "verb"
        and not ending.search(_trimmed(value[: end.start() if end else None]))
    ):
        return None
    if link == "label" and (whole := _value_of_sentence(value)) is not None:
        return Statement(whole, plain)
    if len(clause) > _FREE_TEXT or is_refusal(clause):
        return None
    if "=" in clause or "\\" in clause:
        return Statement(clause, plain)
    if link == "label":
        named = _NAMED.fullmatch(clause)
        return Statement(_trimmed(named[1]) if named else clause, Rank.LABEL)
    if link == "result":
        return None
    named_so = not clause[0].islower() or not clause[0].isascii()
    return Statement(clause, Rank.NAME if named_so and len(clause) <= 40 else Rank.FREE)


def _opened(value: str, filler: re.Pattern[str]) -> str:
    """The value without the markup and the words that only lead up to it."""
    while True:
        if skipped := _OPENING.match(value):
            newline = "\n" in skipped[0]
            value = value[skipped.end() :]
            if newline and (bullet := _BULLET.match(value)):
                value = value[bullet.end() :]
        elif skipped := filler.match(value):
            value = value[skipped.end() :]
        else:
            return value


def _formula(value: str) -> str | None:
    """The formula between signs of mathematics with which a value begins; several are joined."""
    for opening, closing in _MATH:
        if not value.startswith(opening):
            continue
        inside, closed, after = value[len(opening) :].partition(closing)
        # "$5 and $6" is money.
        if not closed or not inside.strip() or _PROSE.search(inside):
            continue
        parts = [inside.strip()]
        while again := _MATH_AGAIN.match(after):
            parts.append((again[1] or again[2]).strip())
            after = after[again.end() :]
        return ", ".join(parts)
    return None


def _masked(value: str) -> str:
    """The value with nothing in its formulas and brackets that could end it; the same length."""
    for _ in range(4):
        masked = _SPAN.sub(_mask, value)
        if masked == value:
            break
        value = masked
    return value


def _mask(span: re.Match[str]) -> str:
    inside = span[0]
    if inside[0] == "$" and _PROSE.search(inside):
        return inside
    # The first sign stays, and so do letters: an aside in brackets is told by them.
    hidden = inside[0].translate(_HIDDEN) + re.sub(r"[^\w]|_", "\ue000", inside[1:])
    return hidden[:-1] + ")" if inside[-1] == ")" else hidden


_HIDDEN: Final = {ord(sign): "\ue001" for sign in "[{$\\"}


def _trimmed(clause: str) -> str:
    clause = clause.strip(" \t\n*_\"'`“”„«»\u200e\u200f:,")
    # What closes something that was opened before the value.
    while clause and clause[-1] in ")]}$":
        opening = {")": "(", "]": "[", "}": "{", "$": "$"}[clause[-1]]
        opened = sum(clause.count(sign) for sign in (opening if opening in "{$" else "(["))
        closed = sum(clause.count(sign) for sign in (clause[-1] if opening in "{$" else ")]"))
        if (opening == "$" and opened % 2 == 0) or (opening != "$" and opened >= closed):
            break
        if opening == "$" and clause[:-1].lstrip()[:1] == "$":
            break
        clause = clause[:-1].rstrip(" \t\n*_\"'`.")
    return clause


def _continues(rest: str) -> bool:
    """Whether a number continues as a formula, a second number or a scale word."""
    return (
        bool(rest[:1].strip())
        or any(sign.isdigit() for sign in rest)
        or _CONTINUES.match(rest) is not None
    )


def _first_sentence(value: str) -> str:
    line = value.partition("\n")[0]
    end = _SENTENCE_END.search(line)
    return line[: end.start()] if end else line


def equated(line: str) -> str | None:
    """The number or formula that a sentence ends in after its verb: "the sum equals 42"."""
    said = _EQUATES.fullmatch(line)
    if said is None or not (_is_unspaced(line) or _WORD.search(line[: said.start(1)])):
        return None
    complement = said[1].strip()
    if (formula := _formula(complement)) is not None and not is_placeholder(formula):
        return formula
    number = NUMBER.match(complement)
    if number is None:
        return None
    whole = _continues(complement[number.end() :]) and len(complement) < _FREE_TEXT
    return _trimmed(complement) if whole else number[0]


def _is_unspaced(line: str) -> bool:
    """Whether a script is used that puts no spaces between words."""
    return any("\u3040" <= sign < "\uff00" for sign in line)


def _value_of_sentence(value: str) -> str | None:
    """The one value of a whole sentence below a heading: "Maria has 14 marbles left." says 14."""
    line = _first_sentence(value).replace("**", "").replace("__", "")
    line = _ASIDE.split(line, maxsplit=1)[0]
    words = line.split()
    if _QUALIFIED.match(line):
        return None
    unspaced = _is_unspaced(line)
    if len(words) < 3 and not unspaced:
        return None
    if (value := equated(line)) is not None:
        return value
    if is_refusal(line) or line.split()[0].lower().strip(",") in {"yes", "no", "true", "false"}:
        return None
    prose = len(_WORD.findall(line)) > 1 and len(words) > 3
    return last_number(line) if prose or unspaced else None
