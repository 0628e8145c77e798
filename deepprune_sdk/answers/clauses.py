"""Where a stated value ends in its sentence, and what of the sentence is the value."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from deepprune_sdk.answers.adjuncts import without_adjunct
from deepprune_sdk.answers.languages import Language
from deepprune_sdk.answers.no_answer import is_placeholder, is_refusal
from deepprune_sdk.answers.quantities import NUMBER, last_number

__all__ = [
    "AND",
    "counts_orders",
    "end_of_clause",
    "equated",
    "equations_in",
    "first_formula",
    "first_sentence",
    "trimmed",
    "value_of_sentence",
    "whole_number",
]

_MATH: Final = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_MATH_AGAIN: Final = re.compile(
    r"\s*(?:,|;|,?\s?(?:and|or)|und|oder|et|ou|y|o|e|и|或|和|、)\s*"
    r"(?:\$([^$\n]{1,80})\$|\\\((.{1,80}?)\\\))"
)
_MONEY: Final = re.compile(r"[0-9.,]\s+[A-Za-z]{2}")
_SPAN: Final = re.compile(r"\$[^$\n]+\$|\\\(.+?\\\)|\\text\{[^{}\n]*\}|[(\[{][^()\[\]{}\n]*[)\]}]")
_HIDDEN: Final = {ord(sign): "\ue001" for sign in "[{$\\"}
_NOT_WORD: Final = re.compile(r"[^\w]|_")

# Initials and titles end no sentence: "J. K. Rowling", "George W. Bush", "St. Petersburg".
_INITIAL: Final = r"(?<!\.[A-Z])(?<!\. [A-Z])(?:(?<![a-z] [A-Z])|(?<=and [A-Z])|(?<=or [A-Z]))"
_TITLE: Final = r"(?<!\bDr)(?<!\bSt)(?<!\bMt)(?<!\bMr)(?<!\bMs)(?<!\bvs)(?<!\bNo)"
_BREAK: Final = "|".join(
    (
        r"[.!?;](?=\s*\Z)|\s?\|[ \t]*(?=\n|\Z)",
        rf"{_INITIAL}{_TITLE}(?:[.!?]|;(?!\s?[-+0-9(]))(?=\s|[*_\"')\]}}$<`])(?!\s?[A-Z]\.)",
        r"[\u3002\uff01\uff1f\uff1b\u0964\u061f\u061b\u06d4]|\n|</|<\||__|```",
        r"\*\*(?=[\s.,;:!?)]|\Z)",  # the end of what is bold, not the beginning
        # But for a list: numbers, letters, "and", single words up to an "and".
        r",\s(?![-0-9(\\$]|[A-Z]{1,2}\b|[a-z](?:_\w)?(?:\s?[=<>,]|\b)|and\b|or\b"
        r"|(?:\w+,\s){0,8}\w+,?\s(?:and|or|und|et|y|и)\s\w+\s*(?:[.;!\n]|\Z))",
        r"[\uff0c\u060c]\s?(?![-0-9(\\$a-z])",
        r"\s?[\u2014\u2013]\s?(?=[^\W\d_]{2})|\s-\s(?=[A-Za-z])",
        # "42 (21 red and 21 green)", but for "17 (mod 23)"
        r"(?:\s|(?<=[0-9\u3040-\uffdc]))\((?!mod\b|base\b)(?=[^()]{0,40}?[^\W\d_]{3}|[0-9]{3,4}\W)",
    )
)
_CONTINUES: Final = re.compile(
    r"\s+(?:(?:or|and|to|und|oder|bis|et|ou|à|y|o|e|ed|a|и|или|до)\s+"
    r"(?=[-+$(\\.0-9\u2212]|[a-zA-Z]\b)"
    r"|or\s(?:more|fewer|less)|dozen|hundred|thousand|[mbt]r?illion|percent|[-+*/^=\\:<>]"
    r"|[a-zA-Z]\b)"
)
# With its unit, the comma of a number divides no list.
_DECIMAL_COMMA: Final = re.compile(r"[0-9],[0-9]{1,2}\Z")
# "10 Downing Street", "12 Angry Men": an address, a title.
_TITLE_WORDS: Final = re.compile(r"(?: [A-Z][a-z]{2,20}){2,5}")
_SURROUNDING: Final = " \t\n*_\"'`“”„«»\u200e\u200f:,"

_WORD: Final = re.compile(r"[^\W\d_]{2}")
_SENTENCE_END: Final = re.compile(r"[.!](?=\s|\Z|\*)|[\u3002\u0964]")
_SUBORDINATE: Final = re.compile(
    r",?\s(?:which|where|because|since|weil|da|car|parce|porque|perché|poiché|потому|omdat"
    r"|ponieważ|çünkü)\s|因为|因為|क्योंकि|لأن"
)
_IS: Final = (
    r"(?:is|are|was|were|equals|equal to|has|have|ist|sind|beträgt|est|sont|vaut|es|son|é|são|è"
    r"|sono|равна|равно|равен|составляет|wynosi|jest|bedraagt)"
)
_EQUATES: Final = re.compile(
    rf".*(?:\b{_IS}\b|=|:(?![0-9])|[是为為])\s*"
    r"(?:exactly|about|only|approximately|genau|exactement|exactamente)?\s*(.+)",
    re.DOTALL,
)
# What tells a sentence from a title such as "Apollo 11, a mission to the Moon".
_VERB: Final = re.compile(
    rf"(?<![^\W\d_])(?:{_IS}|had|can|could|will|would|must|should|needs?|takes?|took|costs?|gets?"
    r"|got|sells?|sold|earns?|earned|makes?|made|pays?|paid|eats?|ate|spends?|spent|saves?|saved"
    r"|requires?|contains?|leaves?|left|remain\w*|arrives?|buys?|bought|gives?|gave|receives?|owes?"
    r"|walks?|runs?|ran|drives?|uses?|used|finds?|found|collects?|collected|works?|lasts?|weighs?"
    r"|there)(?![^\W\d_])|[有共需剩买卖花]|です|ます|니다",
    re.IGNORECASE,
)
# What is not one value: "between 5 and 10".
_QUALIFIED: Final = re.compile(
    r"(?:between|from|at least|at most|more than|less than|over|under|up to|either|zwischen"
    r"|mindestens|höchstens|entre|tra|fra|między|от|между|tussen|yes|no|true|false)\b",
    re.IGNORECASE,
)
AND: Final = r"(?:,|,?\s(?:and|or|und|oder|et|ou|y|o|e|и|или)\b|\u3001|\u548c|\u6216)\s?"
"""What joins the parts of an answer."""

# The same without signs of mathematics: "x = 3 and y = 5".
_VARIABLE: Final = r"[a-z](?:_?[0-9\u2080-\u2089]|'){0,2} ?= ?[-+\u2212]?[0-9][0-9./]{0,20}(?<!\.)"
_EQUATIONS: Final = re.compile(
    rf"(?<![^\W_])({_VARIABLE}(?:{AND}{_VARIABLE}){{1,5}})[.\s\u3002]{{0,3}}\Z", re.IGNORECASE
)
_LONGEST: Final = 80
_REACH: Final = 2_000  # characters before a value in which factorials are looked for
_FACTORIALS: Final = re.compile(
    r"(?<![A-Za-z])[0-9a-z)]!(?=\s?[-+*/=\u00d7\u00b7$)\\}]|\s[a-z])|factorial|permutation|fakultät|factorielle"
    r"|fatorial|fattoriale|факториал|阶乘|階乗",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def _breaks(language: Language) -> re.Pattern[str]:
    if not language.breaks:
        return re.compile(_BREAK)
    if language.inside:
        return re.compile(rf"{_BREAK}|[\s,\uff0c]?(?:{language.breaks})")
    return re.compile(rf"{_BREAK}|\s(?:{language.breaks})(?![^\W_])")


def end_of_clause(value: str, language: Language) -> re.Match[str] | None:
    """What ends the clause with which `value` begins; nothing in brackets or formulas does."""
    for _ in range(4):
        masked = _SPAN.sub(_mask, value)
        if masked == value:
            break
        value = masked
    return _breaks(language).search(value)


def _mask(span: re.Match[str]) -> str:
    inside = span[0]
    if inside[0] == "$" and _MONEY.search(inside):
        return inside
    # Round brackets and letters stay: an aside in brackets is told by them.
    hidden = inside[0].translate(_HIDDEN) + _NOT_WORD.sub("\ue000", inside[1:])
    return f"{hidden[:-1]})" if inside[-1] == ")" else hidden


def trimmed(clause: str) -> str:
    """The clause without markup, and without what closes something opened before it."""
    clause = clause.strip(_SURROUNDING)
    while clause and clause[-1] in ")]}$" and not _is_balanced(clause):
        clause = clause[:-1].rstrip(f"{_SURROUNDING}.")
    return clause


def _is_balanced(clause: str) -> bool:
    if clause[-1] == "$":
        return clause.count("$") % 2 == 0
    if clause[-1] == "}":
        return clause.count("{") >= clause.count("}")
    # Half-open intervals mix the two.
    opened = clause.count("(") + clause.count("[")
    return opened >= clause.count(")") + clause.count("]")


def first_formula(value: str) -> str | None:
    """The formula between signs of mathematics with which a value begins; several are joined."""
    for opening, closing in _MATH:
        if not value.startswith(opening):
            continue
        inside, closed, after = value[len(opening) :].partition(closing)
        # "$5 and $6" is money.
        if not closed or not inside.strip() or _MONEY.search(inside):
            continue
        parts = [inside.strip()]
        while again := _MATH_AGAIN.match(after):
            parts.append((again[1] or again[2]).strip())
            after = after[again.end() :]
        return ", ".join(parts)
    return None


def whole_number(clause: str) -> str | None:
    """The number with which a clause begins; the clause where that is only a part of its value."""
    number = NUMBER.match(clause)
    if number is None:
        return None
    rest = clause[number.end() :]
    continues = (
        bool(rest[:1].strip())
        or any(sign.isdigit() for sign in rest)
        or (_DECIMAL_COMMA.search(number[0]) is not None and rest.strip() != "")
        or _TITLE_WORDS.fullmatch(rest) is not None
        or _CONTINUES.match(rest) is not None
    )
    return clause if continues else number[0].strip()


def counts_orders(text: str, end: int) -> bool:
    """Whether a text has factorials before a place, so that the sign after a number is one."""
    return _FACTORIALS.search(text, max(0, end - _REACH), end) is not None


def first_sentence(value: str) -> str:
    """The first sentence of a text, at most its first line."""
    line = value.partition("\n")[0]
    end = _SENTENCE_END.search(line)
    return line[: end.start()] if end else line


def equations_in(line: str) -> str | None:
    """The equations in which a line ends, where there are several: "x = 3 and y = 5"."""
    found = _EQUATIONS.search(line)
    return found[1] if found else None


def equated(line: str) -> str | None:
    """The number or formula in which a sentence ends after its verb: "the sum equals 42"."""
    if (equations := equations_in(line)) is not None:
        return equations
    said = _EQUATES.fullmatch(line)
    if said is None or not (_is_unspaced(line) or _WORD.search(line[: said.start(1)])):
        return None
    complement = said[1].strip()
    if (formula := first_formula(complement)) is not None and not is_placeholder(formula):
        return formula
    whole = whole_number(complement)
    return whole if whole is None or len(whole) > _LONGEST else trimmed(whole)


def value_of_sentence(value: str) -> str | None:
    """The one value of a whole sentence below a heading: "Maria has 14 marbles left." says 14."""
    line = first_sentence(value).replace("**", "").replace("__", "")
    line = _SUBORDINATE.split(line, maxsplit=1)[0]
    if _QUALIFIED.match(line) or (len(line.split()) < 3 and not _is_unspaced(line)):
        return None
    if (said := equated(line)) is not None:
        return said
    if not _VERB.search(line) or is_refusal(line):
        return None
    return last_number(without_adjunct(line, last_number))


def _is_unspaced(line: str) -> bool:
    """Whether a script is used that puts no spaces between words."""
    return any("\u3040" <= sign < "\uff00" for sign in line)
