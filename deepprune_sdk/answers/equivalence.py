r"""One canonical form for answers that mean the same; equality of forms is the equivalence.

The rules, for a reader who wonders why two answers were or were not counted together:

- Numbers are exact: `1,000` = `1{,}000` = `1\,000` = `10^3` = `1e3`; `0.5` = `1/2` = `\frac12`.
- A percentage is its value over a hundred: `50\%` = `0.5`. So `50%` and a bare `50` differ.
- Currency signs and units after a number are dropped: `\$5` = `5 dollars` = `5\text{ cm}` = `5`. So
  `5 minutes` and `5 hours` count as equal; within one problem's votes that rarely harms. So are
  known units after a formula: `4\sqrt3\text{ cm}^2`. `dozen`, `thousand`, `million` multiply.
- `0.333...` and `0.\overline{3}` are `1/3`, and `0.333` is not. `1,00,000` is a number. A comma is
  a decimal point where it can be nothing else: `3{,}5`, `1.234,56`, `6,5 cm`.
- `May 8, 1945` is `1945-05-08`, `3:30 p.m.` is `15:30`.
- `x = 5` is `5`; sizes and delimiters of LaTeX are dropped; `(1,2)` is a pair, not 12; `9 and 10`
  is `9, 10`; the order of a set says nothing. `x > 3` is `(3, \infty)`.
- The rows and cells of a matrix are kept apart, whatever its brackets.
- The signs of mathematics are their commands: `±3` is `\pm3`, `10⁴` is `10^4`.
- Words ignore case and the brackets of a choice: `(B)` = `B.` = `\text{B}` = `b`.
- Anything else is compared as text without its spaces; no algebra is done here.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

from deepprune_sdk.answers.dates import canonical_moment
from deepprune_sdk.answers.latex import plain_latex
from deepprune_sdk.answers.lists import WORDS, as_text, elements
from deepprune_sdk.answers.numbers import MAX_DIGITS, exact
from deepprune_sdk.answers.relations import interval_of, right_side
from deepprune_sdk.answers.signs import TRANSLATION, plain_fractions
from deepprune_sdk.answers.units import without_unit
from deepprune_sdk.answers.written_numbers import plain_money

MAX_LENGTH: Final = 1000
"""Longest answer that is normalised beyond its spaces; what is longer is no final answer."""

_EURO: Final = re.compile(r"(?<![.0-9])([0-9]{1,3}|[0-9]{4,}),(?=[0-9]{2} ?€)")
_APPROXIMATELY: Final = re.compile(
    r"(?:=|:|\\approx|(?:about|approximately|around|roughly|exactly)\b(?= ?[-+$.0-9\\])) ?",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(
    r"(?:the )?(?:final |correct )?answer(?: is(?![A-Za-z'])| ?[:=]) ?(?=\S)", re.IGNORECASE
)
_FEET: Final = re.compile(
    r"([0-9]+) ?(?:'|feet|foot|ft\.?),? ?(?:and )?([0-9]+) ?(?:''|\"|inch(?:es)?|in\.?)?",
    re.IGNORECASE,
)
_GROUPED_RATIO: Final = re.compile(r"[0-9]+ ?: ?[0-9]{1,3}(?:[ ,][0-9]{3})+")
_ITEM: Final = re.compile(r"[A-Za-z]\)")
_POSITIVE: Final = re.compile(r"\+(?=[0-9\\.])")
_SAYINGS: Final = {
    "infinity": "\\infty",
    "empty set": "\\emptyset",
    "the empty set": "\\emptyset",
    "no solutions": "no solution",
    "all real numbers": "\\mathbb{R}",
}


def normalize(answer: str) -> str:
    r"""Bring an answer to its canonical form; two answers are equal when their forms are.

    Idempotent, and total: any string has a form. Numbers become integers or reduced fractions
    (`1.50` gives `3/2`), so the form is a key to count by rather than a text to show.

    Args:
        answer: an answer without the sentence around it, LaTeX or plain.

    Returns:
        The canonical form; `""` for an answer that says nothing.
    """
    # Beyond the cap nothing but a linear pass happens, and nothing is kept in the cache.
    if "€" in answer:
        answer = _EURO.sub(r"\1.", answer)
    if not answer.isascii() and len(answer) <= MAX_LENGTH:
        answer = plain_fractions(answer)
    answer = " ".join(answer.translate(TRANSLATION).split())
    return answer if len(answer) > MAX_LENGTH else _canonical(answer)


def exact_number(answer: str) -> Fraction | None:
    """The exact value of an answer that is one number, whatever its unit, or None."""
    form = normalize(answer)
    return exact(form) if len(form) <= MAX_LENGTH else None


def is_worded(answer: str) -> bool:
    """Whether an answer is made of words alone, such as `yes` or `New York`; one letter is none."""
    form = normalize(answer)
    return len(form) > 1 and WORDS.fullmatch(form) is not None


@lru_cache(maxsize=8192)
def _canonical(answer: str) -> str:
    if answer.isascii() and answer.isdecimal():  # by far the most answers
        return str(int(answer)) if len(answer) <= MAX_DIGITS else answer
    # Peeling one layer can uncover another (`**\text{(B)}**`), so the step is repeated until
    # nothing changes; that is also what makes the form idempotent. The cap on the length and this
    # bound on the rounds keep the worst case small.
    for _ in range(MAX_LENGTH):
        stepped = " ".join(_step(answer).translate(TRANSLATION).split())
        if stepped == answer:
            break
        answer = stepped
    return answer


def _step(text: str) -> str:
    text = _peel(plain_latex(plain_money(without_unit(text)), _cell))
    if (moment := canonical_moment(text)) is not None:
        return moment
    if (value := exact(text)) is not None:
        return str(value)
    if (height := _FEET.fullmatch(text)) is not None:
        return f"{height[1]}'{height[2]}"
    text = _GROUPED_RATIO.sub(_ungrouped, text)
    if (value_of := right_side(text)) is not None:
        return value_of
    if (interval := interval_of(text)) is not None:
        return interval
    if (listed := elements(text)) is not None:
        return listed
    text = as_text(without_unit(text))
    return _SAYINGS.get(text, text)


def _ungrouped(ratio: re.Match[str]) -> str:
    return re.sub("[ ,]", "", ratio[0])


def _cell(text: str) -> str:
    return _canonical(" ".join(text.split()))


def _peel(text: str) -> str:
    """Take off what surrounds an answer: emphasis, quotes, full stops, brackets round one thing."""
    text = text.strip(" *`")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    text = text.rstrip(" .,;:?")
    text = _LABEL.sub("", text, count=1)
    if _ITEM.fullmatch(text):
        return text[0]
    text = text[1:] if _POSITIVE.match(text) else text
    if hedge := _APPROXIMATELY.match(text):
        text = text[hedge.end() :]
    if len(text) > 2 and text[0] + text[-1] in {"()", "{}"}:
        inner = text[1:-1].strip()
        single = exact(inner) is not None or inner.isalpha()
        if text[0] == "{" and not ("{" in inner or "}" in inner):
            return f"\\{{{inner}\\}}" if "," in inner and not single else inner
        # A comma makes a point of what might be a number: (1,200).
        if single and "," not in inner and " " not in inner:
            return inner
    return text
