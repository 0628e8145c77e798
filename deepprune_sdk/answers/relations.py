"""Equations and inequalities that say one value or one set: `x = 5`, `x > 3`, `{x | x > 3}`."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["interval_of", "right_side"]

_NAME: Final = re.compile(
    r"(?:[^\W\d_](?:[^\W\d_]|[' ])*|\\[A-Za-z]+) ?(?:_ ?(?:\{[^{}]*\}|\w+))?'? ?"
    r"(?:\^ ?(?:-1|T))? ?"
    r"(?:\([A-Za-z0-9, ]*\) ?)?"
)
_ARITHMETIC: Final = re.compile(r"(?:\\frac|[-+*/^0-9.,(){}% ])+")
# What is computed on the left of a result: `P(X > 2) = 0.5`, `\int_0^1 x dx = 1/2`.
_COMPUTED: Final = re.compile(
    r"(?:(?:\\(?:int|sum|prod|lim|det|Pr|angle|frac\{d)|log|ln|sin|cos|tan|gcd|lcm|max|min|\|)[^=]*"
    r"|(?:\\mathbb\{)?[A-Za-z]{1,3}\}? ?(?:\([^=]*\)|\[[^=]*\]) ?)"
)
# What is exact, in `8\sqrt{2} \approx 11.31`: not the sum or product that a figure comes of.
_EXACT: Final = re.compile(
    r"(?:[^\W\d_] ?= ?)?(?:-? ?(?:[0-9]+ ?/ ?[0-9]+|\\frac ?\{[0-9]+\} ?\{[0-9]+\})"
    r"|(?=.*\\(?:sqrt|pi))(?:\\(?:frac|sqrt|pi)(?![A-Za-z])|[-+/^0-9(){} ])+)"
)
_RELATION: Final = re.compile(r"[<>=]|\\(?:le|ge|ne|in)(?![A-Za-z])")
_GROUPED: Final = re.compile(r"(?:cases|matrix|det)\(.*\)")
_MEMBER: Final = re.compile(r"[A-Za-z] ?\\in(?![A-Za-z])")

_SET_BUILDER: Final = re.compile(
    r"\\\{ ?([A-Za-z])(?: ?\\in ?\\mathbb ?\{ ?R ?\})? ?[|:] ?([^{}|]+?) ?\\\}"
)
_LESS = r"(<|>|\\le(?![A-Za-z])|\\ge(?![A-Za-z]))"
_BOUND = r"([^<>=,|]*(?:[0-9]|\\(?:pi|sqrt|frac))[^<>=,|]*?)"
_UPPER_OR_LOWER: Final = re.compile(rf"([a-z]) ?{_LESS} ?{_BOUND}")
_REVERSED: Final = re.compile(rf"{_BOUND} ?{_LESS} ?([a-z])")
_BETWEEN: Final = re.compile(rf"{_BOUND} ?{_LESS} ?([a-z]) ?{_LESS} ?{_BOUND}")
_MIRRORED: Final = {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le"}


def right_side(text: str) -> str | None:
    r"""The value in `x = 5`, `x \in [1,2]` or `3 + 4 = 7`; None where there is no such thing."""
    if member := _MEMBER.match(text):
        return text[member.end() :] or None
    exact_part, approximated, _ = text.partition("\\approx")
    if approximated and _EXACT.fullmatch(exact_part.strip()):
        return exact_part
    left, _, right = text.replace("\\approx", "=").partition("=")
    if not right.strip():
        return None
    *middle, last = right.split("=")
    if middle and all(map(_ARITHMETIC.fullmatch, middle)) and not _RELATION.search(left + last):
        return last
    if _RELATION.search(right) and not _GROUPED.fullmatch(right.strip()):
        return None
    if _COMPUTED.fullmatch(left):
        return right
    if _RELATION.search(left):
        return None
    return right if _NAME.fullmatch(left.strip()) or _ARITHMETIC.fullmatch(left) else None


def interval_of(text: str) -> str | None:
    r"""`x > 3` and `\{x | x > 3\}` as `(3, \infty)`; None for anything but such a condition."""
    if not _RELATION.search(text):
        return None
    if (builder := _SET_BUILDER.fullmatch(text)) and builder[1] in builder[2]:
        return builder[2]
    if between := _BETWEEN.fullmatch(text):
        low, first, _, second, high = between.groups()
        if first in _MIRRORED and (first in "<\\le") != (second in "<\\le"):
            return None
        if first in {">", "\\ge"}:
            low, first, second, high = high, _MIRRORED[second], _MIRRORED[first], low
        bounds = f"{low.strip()}, {high.strip()}"
        return f"{'(' if first == '<' else '['}{bounds}{')' if second == '<' else ']'}"
    if found := _UPPER_OR_LOWER.fullmatch(text):
        relation, bound = found[2], found[3]
    elif found := _REVERSED.fullmatch(text):
        relation, bound = _MIRRORED[found[2]], found[1]
    else:
        return None
    bound = bound.strip()
    if relation in {">", "\\ge"}:
        return f"{'(' if relation == '>' else '['}{bound}, \\infty)"
    return f"(-\\infty, {bound}{')' if relation == '<' else ']'}"
