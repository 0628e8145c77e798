"""The value in which a text ends that does not state its answer."""

from __future__ import annotations

import re
from typing import Final

from deepprune_sdk.answers.adjuncts import without_adjunct
from deepprune_sdk.answers.choices import Choices
from deepprune_sdk.answers.clauses import (
    AND,
    counts_orders,
    equations_in,
    first_formula,
    trimmed,
    whole_number,
)
from deepprune_sdk.answers.dates import canonical_moment
from deepprune_sdk.answers.last_words import Bold, bold_in, last_line, without_afterword
from deepprune_sdk.answers.markers import folded
from deepprune_sdk.answers.no_answer import is_placeholder
from deepprune_sdk.answers.quantities import last_number

__all__ = ["last_value"]

_BEFORE: Final = 100  # characters before a number that are looked at
_MINUS: Final = re.compile(
    r"(?<![0-9]\s)(?<![^\W\d_])(?:minus|negative|moins|menos|meno|минус|eksi)\s\Z"
    r"|(?:负|負|マイナス|마이너스)\s?\Z",
    re.IGNORECASE,
)
_REFUTED: Final = re.compile(
    r"(?<![^\W\d_])(?:not|neither|nor|cannot|can['\u2019]t|nicht|pas|no es|não é|non è|не)\s"
    r"(?:be\s)?(?:equal (?:to\s)?)?\Z|(?:wrong|incorrect)\s(?:\w+\s){0,2}(?:is|was)\s\Z|不是\s?\Z",
    re.IGNORECASE,
)
# What a text only tells once more: "Tom gives 3 apples to Ann". A conclusion is none of that.
_TOLD: Final = re.compile(
    r"(?!.*\b(?:so|thus|therefore|hence|total|answer|altogether|means)\b).*\b(?:(?P<to>gives?|gave|lends?)"
    r"|(?:start|begin)(?:s|ed)? with|started (?:out )?with|began with|initially (?:has|had))\s",
    re.IGNORECASE,
)
# What is still to be done: "we need to consider the case n = 4".
_INTENDS: Final = re.compile(
    r".*\b(?:let me|let us|let['\u2019]s|i can only"
    r"|(?:need|needs|have|has|remains) to (?:consider|find"
    r"|determine|compute|calculate|check|solve|know|look|examine|use|apply|show|prove|verify))\b"
    r"(?!.*(?:=.*=|\b(?:get|gives|obtain|so|thus|therefore|yields)\b)).*",
    re.IGNORECASE,
)
_RECIPIENT: Final = re.compile(r"\s(?:\w+\s){0,3}to\s(?:[A-Z]|(?:his|her|their|the|an?)\b)")
_SENTENCE: Final = re.compile(r"[.!?\n]\s*")
# "If the answer is 5": not yet what follows from it.
_CONDITION: Final = re.compile(
    r"(?:if|unless|suppose|assuming|wenn|falls|si|se|если|如果|もし)(?![a-zA-Z])(?!.*(?:,|then)\s)"
    r".*(?:answer|result|antwort|ergebnis|réponse|respuesta|resposta|risposta|ответ|答案|答え).*",
    re.IGNORECASE,
)
_BELOW_ZERO: Final = re.compile(
    r".{0,12}\s(?:below zero|unter null|sous zéro|bajo cero|abaixo de zero|sotto zero)",
    re.IGNORECASE,
)
_FACTORIAL: Final = re.compile(r"!(?!!)(?:(?=\s?[-+*/=\u00d7\u00b7]|\s[a-z])|(?P<last>))")
_DIGIT: Final = re.compile("[0-9]")
_ASIDE: Final = re.compile(r"\([^()]{0,200}\)")
_REACH: Final = 20_000
_LONGEST_MATRIX: Final = 1_000
_MATRIX: Final = re.compile(
    r"(\\begin\{([a-zA-Z]{0,9}matrix|cases|array)\}(?:(?!\\begin).)*\\end\{\2\})"
    r"[^0-9]{0,20}\Z",
    re.DOTALL,
)
_FORMULA: Final = re.compile(r"\$([^$\n]{1,80})\$")
_FORMULAS: Final = re.compile(
    rf"\$[^$\n]{{1,80}}=[^$\n]{{1,80}}\$(?:{AND}\$[^$\n]{{1,80}}=[^$\n]{{1,80}}\$){{1,5}}"
    r"[.\s\u3002]{0,3}\Z"
)
_CURVE: Final = re.compile(
    r"equation|line|plane|circle|ellipse|parabola|hyperbola|gleichung|équation|ecuaci[oó]n|equação"
    r"|equazione|уравнение|方程|방정식",
    re.IGNORECASE,
)
_EQUATION: Final = re.compile(
    r"(?<![\w^])([-+\u22120-9xyz^()\u00b2\u00b3 */{}.]{3,60}=[ ]?[-+\u22120-9./]{0,20}[0-9])"
    r"\W{0,4}\Z"
)
_WORD: Final = re.compile(r"(?<![\\A-Za-z])[^\W\d_]{3}")


def last_value(text: str, choices: Choices | None) -> str | None:
    """What the last line has in bold, where that is a value or a label; else the last number."""
    text = folded(without_afterword(text)[-_REACH:])
    line = last_line(text)
    if (whole := _whole(text, line)) is not None:
        return whole
    bold = bold_in(line)
    # "The first term is **3**, so the sum is 12": then the bold is not the last word.
    if bold is not None and not _DIGIT.search(_after(bold)):
        value = _value(bold.content, choices)
        if value is not None:
            return value
    text = without_adjunct(text, last_number)
    number = last_number(text)
    if number is None:
        return None
    at = text.rfind(number)
    before = text[max(0, at - _BEFORE) : at]
    factorial = _FACTORIAL.match(text, at + len(number))
    if factorial and (factorial["last"] is None or counts_orders(text, at)):
        number += "!"
    if _REFUTED.search(before) or _CONDITION.fullmatch(_SENTENCE.split(before)[-1]):
        return None
    if _INTENDS.fullmatch(_SENTENCE.split(before)[-1]):
        return None
    told = _TOLD.fullmatch(_SENTENCE.split(before)[-1])
    if told and (not told["to"] or _RECIPIENT.match(text, at + len(number))):
        return None
    if _BELOW_ZERO.match(text, at + len(number)):
        return None
    return f"-{number}" if _MINUS.search(before) and number[0].isdecimal() else number


def _after(bold: Bold) -> str:
    """What follows a thing in bold, without asides and what is only added to it."""
    after = _ASIDE.sub("", bold.after)
    said = f"it is {bold.content}"
    return without_adjunct(said + after, last_number)[len(said) :]


def _whole(text: str, line: str) -> str | None:
    """A matrix, several formulas or an equation of a curve in which a text ends."""
    matrix = _MATRIX.search(text[-_LONGEST_MATRIX:])
    if matrix is not None:
        return matrix[1]
    if (formulas := _FORMULAS.search(line)) is not None:
        return ", ".join(_FORMULA.findall(formulas[0]))
    if (equations := equations_in(line)) is not None:
        return equations
    equation = _EQUATION.search(line) if _CURVE.search(line) else None
    return equation[1].strip() if equation and "x" in equation[1] and "y" in equation[1] else None


def _value(bold: str, choices: Choices | None) -> str | None:
    clause = trimmed(_ASIDE.sub("", bold) if bold[:1].isdecimal() and "mod" not in bold else bold)
    if (formula := first_formula(clause)) is not None:
        return None if is_placeholder(formula) else formula
    if choices is not None and (label := choices.line(clause)) is not None:
        return label
    if canonical_moment(clause) is not None or ("=" in clause and not _WORD.search(clause)):
        return clause
    return whole_number(clause) or last_number(bold)
