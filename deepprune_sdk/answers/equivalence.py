r"""One canonical form for answers that mean the same; equality of forms is the equivalence.

The rules, for a reader who wonders why two answers were or were not counted together:

- Numbers are exact: `1,000` = `1{,}000` = `1\,000` = `10^3` = `1e3`; `0.5` = `1/2` = `\frac12`.
- A percentage is its value over a hundred: `50\%` = `0.5`. So `50%` and a bare `50` differ.
- Currency signs and units after a number are dropped: `\$5` = `5 dollars` = `5\text{ cm}` = `5`. So
  `5 minutes` and `5 hours` count as equal; within one problem's votes that rarely harms. `dozen`,
  `thousand`, `million` multiply.
- `x = 5` is `5`; sizes and delimiters of LaTeX are dropped; `(1,2)` is a pair, not 12.
- Words ignore case and the brackets of a choice: `(B)` = `B.` = `\text{B}` = `b`.
- Anything else is compared as text without its spaces; no algebra is done here.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

from deepprune_sdk.answers.numbers import exact

MAX_LENGTH: Final = 1000
"""Longest answer that is normalised beyond its spaces; what is longer is no final answer."""

_TRANSLATION: Final = {
    **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)},  # fullwidth forms of ASCII
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63"), "-"),
    **dict.fromkeys(map(ord, "\u00d7\u00b7\u22c5\u2219"), "*"),
    **dict.fromkeys(map(ord, "€£¥₹"), "$"),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), ""),  # zero width
    **dict.fromkeys(map(ord, "\u2018\u2019\u2032"), "'"),
    **dict.fromkeys(map(ord, "“”"), '"'),
    # The space makes a mixed number of 1½.
    ord("½"): " 1/2",
    ord("⅓"): " 1/3",
    ord("⅔"): " 2/3",
    ord("¼"): " 1/4",
    ord("¾"): " 3/4",
    ord("÷"): "/",
    ord("º"): "°",
    ord("²"): "^2",
    ord("³"): "^3",
    ord("π"): "\\pi ",
    ord("∞"): "\\infty ",
    ord("√"): "\\sqrt ",
    ord("≤"): "\\le ",
    ord("≥"): "\\ge ",
    ord("≈"): "\\approx ",
    ord("。"): ".",
}

_DEGREE: Final = re.compile(r"\^ ?(?:\{ ?\\circ ?\}|\\circ(?![A-Za-z]))|\\degrees?(?![A-Za-z])")
# Commands whose argument is the answer; the spaces keep `5\text{cm}` a number and its unit.
_WRAPPED: Final = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt)|mbox|hbox|boxed|fbox|operatorname"
    r"|boldsymbol|bm|emph|underline|ensuremath) ?\{([^{}]*)\}"
)
_COMMAND: Final = re.compile(r"\\([A-Za-z]+)|\\([^A-Za-z{}])")
_COMMANDS: Final = {
    **dict.fromkeys(("left", "right", "displaystyle", "textstyle", "limits"), ""),
    **dict.fromkeys(("big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr"), ""),
    **dict.fromkeys(("quad", "qquad", "space", "thinspace"), " "),
    **dict.fromkeys(("dfrac", "tfrac", "cfrac"), "\\frac"),
    **dict.fromkeys(("times", "cdot", "ast"), "*"),
    "div": "/",
    "leq": "\\le",
    "geq": "\\ge",
    "neq": "\\ne",
    "lbrace": "\\{",
    "rbrace": "\\}",
    "percent": "%",
    "dollar": "",
    "infin": "\\infty",
}
_SYMBOLS: Final = {**dict.fromkeys(",;: ", " "), **dict.fromkeys("!$()[]", "")}
_FRACTION: Final = re.compile(r"\\frac ?(\{[^{}]*\}|[0-9A-Za-z]) ?(\{[^{}]*\}|[0-9A-Za-z])")
_ROOT: Final = re.compile(r"\\?\bsqrt ?(?:([0-9A-Za-z])(?![0-9A-Za-z])|\(([0-9A-Za-z]+)\))")
_WHOLE_FRACTION: Final = re.compile(r"(-?) ?\\frac\{(\\?\w+)\}\{(\\?\w+)\}")

_APPROXIMATELY: Final = re.compile(
    r"(?:=|:|\\approx|(?:about|approximately|around|roughly|exactly)\b(?= ?[-+$.0-9\\])) ?",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z' ]*|\\[A-Za-z]+) ?(?:_ ?(?:\{[^{}]*\}|\w))?'? ?(?:\([A-Za-z0-9, ]*\) ?)?"
)
_ARITHMETIC: Final = re.compile(r"(?:\\frac|[-+*/^0-9.,(){}% ])+")
_RELATION: Final = re.compile(r"[<>=]|\\(?:le|ge|ne|in)(?![A-Za-z])")
_MEMBER: Final = re.compile(r"[A-Za-z] ?\\in(?![A-Za-z])")

_TIGHT_THOUSANDS: Final = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_ENCLOSED: Final = re.compile(r"(\\\{|[(\[])(.*)(\\\}|[)\]])")
_WORDS: Final = re.compile(r"[^\W\d_]+(?:[ '-]+[^\W\d_]+)*")
_LOOSE_SPACE: Final = re.compile(r"(?<=\W) | (?=\W)|(?<=[0-9]) (?=[A-Za-z](?!\w))")


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
    answer = " ".join(answer.translate(_TRANSLATION).split())
    return answer if len(answer) > MAX_LENGTH else _canonical(answer)


def exact_number(answer: str) -> Fraction | None:
    """The exact value of an answer that is one number, whatever its unit, or None."""
    form = normalize(answer)
    return exact(form) if len(form) <= MAX_LENGTH else None


def is_worded(answer: str) -> bool:
    """Whether an answer is made of words alone, such as `yes` or `New York`; one letter is none."""
    form = normalize(answer)
    return len(form) > 1 and _WORDS.fullmatch(form) is not None


@lru_cache(maxsize=8192)
def _canonical(answer: str) -> str:
    # Peeling one layer can uncover another (`**\text{(B)}**`), so the step is repeated until
    # nothing changes; that is also what makes the form idempotent. The cap on the length and this
    # bound on the rounds keep the worst case small.
    for _ in range(MAX_LENGTH):
        stepped = " ".join(_step(answer).translate(_TRANSLATION).split())
        if stepped == answer:
            break
        answer = stepped
    return answer


def _step(text: str) -> str:
    text = _peel(_plain_latex(text))
    if (value := exact(text)) is not None:
        return str(value)
    if (right := _right_side(text)) is not None:
        return right
    if (elements := _elements(text)) is not None:
        return elements
    return _as_text(text)


def _plain_latex(text: str) -> str:
    text = _DEGREE.sub("°", text).replace("{,}", ",").replace("~", " ")
    text = _WRAPPED.sub(r" \1 ", text)
    text = _COMMAND.sub(_command, text).replace("$", "")
    text = _FRACTION.sub(lambda found: f"\\frac{_braced(found[1])}{_braced(found[2])}", text)
    text = _ROOT.sub(lambda found: f"\\sqrt{{{found[1] or found[2]}}}", text)
    return " ".join(text.split())


def _command(found: re.Match[str]) -> str:
    if found[1] is not None:
        return _COMMANDS.get(found[1], found[0])
    return _SYMBOLS.get(found[2], found[2])


def _braced(argument: str) -> str:
    return f"{{{argument.strip('{} ')}}}"


def _peel(text: str) -> str:
    """Take off what surrounds an answer: emphasis, quotes, full stops, brackets round one thing."""
    text = text.strip(" *`")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    text = text.rstrip(" .,;:?")
    if hedge := _APPROXIMATELY.match(text):
        text = text[hedge.end() :]
    if len(text) > 2 and text[0] + text[-1] in {"()", "{}"}:
        inner = text[1:-1].strip()
        single = exact(inner) is not None or inner.isalpha()
        if text[0] == "{" and not ("{" in inner or "}" in inner):
            return inner
        # A comma makes a point of what might be a number: (1,200).
        if single and "," not in inner and " " not in inner:
            return inner
    return text


def _right_side(text: str) -> str | None:
    r"""The value in `x = 5`, `x \in [1,2]` or `3 + 4 = 7`; None where there is no such thing."""
    if member := _MEMBER.match(text):
        return text[member.end() :] or None
    left, _, right = text.replace("\\approx", "=").partition("=")
    if not right.strip() or _RELATION.search(right) or _RELATION.search(left):
        return None
    named = _NAME.fullmatch(left) or _ARITHMETIC.fullmatch(left)
    return right if named else None


def _elements(text: str, depth: int = 0) -> str | None:
    """A list, tuple, interval or set with every element in canonical form, or None."""
    enclosed = _ENCLOSED.fullmatch(text)
    opening, inner, closing = enclosed.groups() if enclosed else ("", text, "")
    parts = _split(inner, bare=not enclosed)
    if parts is None and enclosed:  # "(1,2), (3,4)" begins and ends with brackets of two pairs
        opening = closing = ""
        parts = _split(text, bare=True)
    if parts is None or len(parts) < 2 or not all(parts):
        return None
    return f"{opening}{', '.join(_element(part, depth) for part in parts)}{closing}"


def _split(text: str, *, bare: bool) -> list[str] | None:
    """The parts between the commas outside of brackets; None where brackets do not match."""
    # A comma before three digits is a thousands separator where other commas have a space after
    # them or there is no bracket: "(1,200, 3)" holds two numbers, "(1,200)" two as well.
    if bare or ", " in text:
        text = _TIGHT_THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    parts: list[str] = []
    depth = start = 0
    for position, sign in enumerate(text):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth < 0:
                return None
        elif sign == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return parts


def _element(text: str, depth: int) -> str:
    value = exact(text)
    if value is not None:
        return str(value)
    # Points of points are read a few levels deep; the bound is against hostile nesting.
    return (_elements(text, depth + 1) if depth < 4 else None) or _as_text(text)


def _as_text(text: str) -> str:
    if fraction := _WHOLE_FRACTION.fullmatch(text):
        text = f"{fraction[1]}{fraction[2]}/{fraction[3]}"
    # Case tells variables apart (`a` from `A` in `A + a`) but not words, nor one letter alone.
    lowered = text.lower()
    if _WORDS.fullmatch(lowered):
        return lowered
    # Spaces between words and between digits stay: "1 2" is not 12, "5 or 6" stays readable.
    return _LOOSE_SPACE.sub("", text)
