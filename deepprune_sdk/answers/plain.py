"""Short texts compared as a reader does: without case, markup, quotes and final punctuation."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["folded", "legible", "plain"]

MAX_LENGTH: Final = 1000
"""Longest text whose surroundings are taken off; a longer one is only folded."""

ROUNDS: Final = 8  # folding needs two or three

_QUOTES: Final = {
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a\u2032"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u00ab\u00bb\u300c\u300d\u300e\u300f"), '"'),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-"),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), ""),
}
_WRAPPED: Final = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt)|mbox|boxed|fbox|operatorname"
    r"|emph|underline) ?\{([^{}]*)\}"
)
_SPACED: Final = re.compile(r"\\[,;:! ~]")
_MARKS: Final = re.compile(r"\*{2,3}|__|`+|\$+|\\[()\[\]]")
_BULLET: Final = re.compile(r"(?:#{1,6}|>|[-*+\u2022]) +")
_PAIRS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
_AROUND: Final = " \t*_~\"'"
_FINAL: Final = " .,;:!?\u2026\u3002\uff0c\u3001"


def legible(text: str) -> str:
    """Return a text without differences that nobody sees, and with plain quotes and dashes."""
    return unicodedata.normalize("NFKC", text.translate(_QUOTES))


def folded(text: str) -> str:
    """Return a text as `legible` does, without its case."""
    for _ in range(ROUNDS):
        again = legible(text.casefold())
        if again == text:
            break
        text = again
    return text


def plain(text: str) -> str:
    r"""Bring a short text to the form by which it is compared.

    `Paris`, `paris.`, `**Paris**`, `"Paris"` and `\text{Paris}` have one form. Articles, accents
    and what stands inside of the text stay. Idempotent, and total: any string has a form.
    """
    text = " ".join(folded(text).split())
    if len(text) > MAX_LENGTH:
        return text
    for _ in range(MAX_LENGTH):  # each round takes something off, or is the last
        peeled = " ".join(folded(_peeled(text)).split())
        if peeled == text:
            break
        text = peeled
    return text


def _peeled(text: str) -> str:
    bare = _MARKS.sub("", _SPACED.sub(" ", _WRAPPED.sub(r" \1 ", text)))
    bare = _BULLET.sub("", bare.strip(), count=1) if _BULLET.match(bare.strip()) else bare
    bare = bare.strip(_AROUND).rstrip(_FINAL)
    if len(bare) > 2 and _PAIRS.get(bare[0]) == bare[-1] and bare[0] not in bare[1:]:
        bare = bare[1:-1]
    return bare or text  # a sign may be all there is, such as + or ?
