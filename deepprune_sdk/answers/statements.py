"""Answers stated in words: "The answer is 5", "Answer: B", "#### 42"; and the last number."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from deepprune_sdk.answers.boxed import BOX_REACH, last_boxed

REACH: Final = 20_000
"""Characters from the end in which statements are looked for: an answer stands at the end."""

_LINE: Final = 300  # longest statement that is read
_FREE_TEXT: Final = 80  # longest answer in free words

# Every repetition is bounded or consumes what no other repetition can, so that a match costs a
# constant and the search is linear.
_STATEMENT: Final = re.compile(
    r"""
    \#\#\#\#[ ]{0,4}(?P<gsm>(?=[-+$.0-9\\\u2212]))
  | \bfinal[ ]answer\b[*_ ]{0,8}\n[*_\s]{0,8}
  | \b(?P<noun>answers?|option|choice)\b
    (?:[ ](?:to|for|of)\b[^.\n:=]{1,80}?)?
    [*_\s]{0,8}
    (?:\b(?:is|are|was|would[ ]be|should[ ]be|must[ ]be|will[ ]be)(?![A-Za-z'\u2019])|[:=])
    [*_\s:=]{0,16}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FILLER: Final = re.compile(
    r"(?:(?:thus|therefore|then|hence|simply|just|exactly|clearly|indeed|actually|probably|"
    r"likely|equal to|I think|I believe|approximately|about|the number|the value|option|choice|"
    r"answer|letter)\b"
    r"[ ,:]{0,4}"
    r"|[*_]{1,3})",
    re.IGNORECASE,
)
_REFUSAL: Final = re.compile(
    r"(?:not|never|neither|either|unclear|unknown|undetermined|obtained|found|given|that|in|on|"
    r"within|inside|enclosed|boxed|expressed|shown|put|placed|"
    r"between|among|what|which|whether|correct|incorrect|right|wrong|consistent|as follows|below|"
    r"above|based|still|now|also|already|therefore|stated|provided|written|to)\b",
    re.IGNORECASE,
)
_MATH: Final = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_CLAUSE_END: Final = re.compile(
    r"[.;!?](?=\s|$|[*_\"')\]])|\n|,\s(?![0-9(\\]|[A-Z]\b|and\b|or\b)|\s(?:because|since|as|which|so|but|for|if|when|"
    r"after|where|given|and thus|and therefore)\b|\s[-\u2013\u2014]\s(?=[A-Za-z])|\*\*"
)

_INTEGER = r"[0-9]{1,3}(?:(?:,|\{,\}|\\,|\\!|\u202f){1,2}[0-9]{3})+(?![0-9])|[0-9]+"
_DECIMAL = rf"(?:(?:{_INTEGER})(?:\.[0-9]+)?|\.[0-9]+)"
_POWER = r"\^(?:\{[-+\u2212]?[0-9]{1,5}\}|[-+\u2212]?[0-9]{1,5})"
_NUMBER: Final = re.compile(
    rf"""
    (?:(?<![\w)\]}}.])(?<![0-9)\]}}][ ])[-+\u2212])?
    (?:\\?[$€£¥₹][ ]?)?
    (?<![\w.])
    (?:
        \\[dtc]?frac[ ]?\{{[-\u2212]?{_DECIMAL}\}}[ ]?\{{{_DECIMAL}\}}
      | (?:{_DECIMAL})(?:{_POWER}|[eE][-+]?[0-9]{{1,5}}(?!\w))?
        (?:[ ]?(?:\\times|\\cdot|[\u00d7*x])[ ]?10{_POWER}|[ ]?/[ ]?{_DECIMAL})?
    )
    (?:[ ]?\\?%)?
    """,
    re.VERBOSE,
)
_ORDINAL: Final = re.compile(r"(?:st|nd|rd|th)\b")
_PROSE: Final = re.compile(r"[0-9.,]\s+[A-Za-z]{2}")
_CONTINUES: Final = re.compile(
    r"\s+(?:or|and|to|dozen|hundred|thousand|[mbt]r?illion|percent|[-+*/^=\\]|[a-zA-Z]\b)"
)


class Statement(NamedTuple):
    """An answer stated in words; `plain` tells a number, formula or letter from free words."""

    answer: str
    plain: bool


class Choices:
    """The letters of a multiple-choice question and the ways in which they are written."""

    def __init__(self, letters: str) -> None:
        """Compile the patterns for `letters`, such as `ABCD`."""
        letter = f"[{re.escape(letters)}]"
        # "A" is also an article and "I" a pronoun: a letter counts when it stands alone or in
        # brackets, or when what follows cannot continue a sentence that begins with the word.
        self._stated = re.compile(
            rf"(?:[(\[]({letter})[)\]]|({letter})"
            rf"(?=[).:,;*_\]\"]|[ \t]*(?:\n|$)"
            rf"|\s(?:because|since|as|and|with|which|[-(\u2013\u2014])))"
            # Several letters are an answer of their own: "A, B and D".
            rf"(?!\s?(?:,|and\b|or\b|&)\s?(?:and\s|or\s)?[(\[]?{letter}\b)"
        )
        self._line = re.compile(
            rf"[\s*_>#(\[\"$]*(?:(?:[Oo]ption|[Cc]hoice|[Aa]nswer)\s?[(\[*_]{{0,4}})?"
            rf"({letter})[\s*_)\].\"$]*"
        )
        self._called_right = re.compile(
            rf"(?:\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer)\s[*_(]{{0,4}}({letter})[*_)]{{0,4}}"
            rf"|\(({letter})\)[*_]{{0,3}})"
            rf"\s(?:is|must be)\s(?:therefore\s)?(?:the\s)?[*_]{{0,3}}(?:correct|right|best)\b"
        )
        # AMC writes \textbf{(B)}\ 12.
        self._labelled = re.compile(
            rf"(?:\\text\w*\s?\{{)?\s?(?:\(({letter})\)|({letter})[).])\s?\}}?"
            rf"(?:\\?[ ~]|\\q?quad).*",
            re.DOTALL,
        )

    def stated(self, value: str) -> str | None:
        """The letter with which the value of a statement begins."""
        return _letter(self._stated.match(value))

    def line(self, text: str) -> str | None:
        """The letter that is all the last line of a text says."""
        return _letter(self._line.fullmatch(text.rstrip().rpartition("\n")[2][-_LINE:]))

    def called_right(self, text: str) -> Statement | None:
        """The letter of the last "option B is correct"."""
        letters = [_letter(found) for found in self._called_right.finditer(text)]
        return Statement(letters[-1], plain=True) if letters and letters[-1] else None

    def labelled(self, answer: str) -> str:
        """`(B) 12 cm` reduced to its letter; any other answer as it is."""
        return _letter(self._labelled.fullmatch(answer)) or answer


def _letter(found: re.Match[str] | None) -> str | None:
    return next((group for group in found.groups() if group), None) if found else None


def stated(text: str, *, complete: bool) -> str | None:
    """The explicitly stated answer of a text, boxed or in words, or None; never a bare number.

    Thinking should have been taken out before (`without_thinking`).

    Args:
        text: any text.
        complete: whether the model ended the text itself; otherwise the statement must have ended.
    """
    boxed = last_boxed(text[-BOX_REACH:], complete=complete)
    if boxed is not None:
        return boxed
    return last_statement(text[-REACH:], complete=complete, choices=None)


def last_statement(text: str, *, complete: bool, choices: Choices | None) -> str | None:
    """The answer of the last statement; one in free words only where no other is plainer.

    Args:
        text: the end of a text.
        complete: whether the model ended the text itself; otherwise the statement must have ended.
        choices: the letters to accept, or None.
    """
    free: str | None = None
    plain: str | None = None
    for found in _STATEMENT.finditer(text):
        statement = _read(text, found, complete=complete, choices=choices)
        if statement is None:
            continue
        if statement.plain:
            plain = statement.answer
        else:
            free = statement.answer
    if plain is None and choices is not None and (right := choices.called_right(text)):
        plain = right.answer
    if plain is None and choices is not None and (complete or text.endswith("\n")):
        plain = choices.line(text)
    return plain or free


def last_number(text: str) -> str | None:
    """The last number of a text, as it is written there."""
    last: str | None = None
    for found in _NUMBER.finditer(text):
        if not _ORDINAL.match(text, found.end()):
            last = found[0]
    return last


def _read(
    text: str, marker: re.Match[str], *, complete: bool, choices: Choices | None
) -> Statement | None:
    value = text[marker.end() : marker.end() + _LINE]
    ended = complete or marker.end() + _LINE < len(text)
    while filler := _FILLER.match(value):
        value = value[filler.end() :]
    if _REFUSAL.match(value):
        return None
    if choices is not None and (letter := choices.stated(value)) is not None:
        after = value.partition(letter)[2]
        return Statement(letter, plain=True) if after.strip(" ") or ended else None
    if (marker["noun"] or "").lower() in {"option", "choice"}:
        return None
    for opening, closing in _MATH:
        if value.startswith(opening):
            inside, closed, _ = value[len(opening) :].partition(closing)
            # "$5 and $6" is money.
            if closed and inside.strip() and not _PROSE.search(inside):
                return Statement(inside.strip(), plain=True)
    end = _CLAUSE_END.search(value)
    # A full stop at the very end of an unfinished text may be a decimal point.
    finished = ended or (end is not None and end.end() < len(value)) or "\n" in value
    clause = (value[: end.start()] if end else value).strip(" \t\n*_\"'`")
    if not finished or not clause:
        return None
    if marker["gsm"] is not None:
        clause = value.partition("\n")[0].strip(" .*$")
        number = _NUMBER.match(clause)
        whole = number is not None and not re.search(r"[A-Za-z]{3}", clause[number.end() :])
        return Statement(clause, plain=True) if whole else None
    if number := _NUMBER.match(clause):
        rest = clause[number.end() :]
        return Statement(clause if _continues(rest) else number[0], plain=True)
    if len(clause) > _FREE_TEXT or not any(sign.isalnum() for sign in clause):
        return None
    return Statement(clause, plain="=" in clause or "\\" in clause)


def _continues(rest: str) -> bool:
    """Whether a number goes on as a formula, a second number or a scale word."""
    return (
        bool(rest[:1].strip())
        or any(sign.isdigit() for sign in rest)
        or _CONTINUES.match(rest) is not None
    )
