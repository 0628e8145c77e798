"""Untrusted text on its way to a terminal: what models, servers and users wrote."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Final, TextIO

__all__ = ["clean", "complain", "count", "number", "say", "seconds"]

# CSI and its 8-bit form, strings such as OSC up to their end, then any other escape.
_ESCAPE: Final = re.compile(
    r"""
      (?: \x1b\[ | \x9b ) [0-?]* [ -/]* [@-~]
    | (?: \x1b[\]PX^_] | [\x90\x98\x9d-\x9f] ) [^\x07\x1b\x9c]* (?: \x07 | \x9c | \x1b\\ )?
    | \x1b [ -/]* [0-~]?
    """,
    re.VERBOSE,
)
_SPACE: Final = re.compile(r"\s+")
# Controls, formats (which could reorder a line), surrogates, private use and the unassigned.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def clean(text: str, limit: int | None = None) -> str:
    """Return `text` as one printable line of at most `limit` characters.

    Terminal escapes go, and so does whatever is not visible; line ends and tabs become a space.
    Rich's markup needs no escaping here because the views never parse markup: they print
    `rich.text.Text`.
    """
    if limit is not None:
        text = text[: 4 * limit + 1000]
    text = _SPACE.sub(" ", _ESCAPE.sub("", text))
    if not text.isascii() or not text.isprintable():
        text = "".join(char for char in text if unicodedata.category(char) not in _HIDDEN)
        text = _SPACE.sub(" ", text)  # what was hidden may have stood between two spaces
    text = text.strip()
    if limit is not None and len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text


def say(out: TextIO, line: str) -> None:
    """Write a line at once, with what the stream's encoding cannot express replaced."""
    encoding = out.encoding or "utf-8"
    out.write(line.encode(encoding, "replace").decode(encoding) + "\n")
    out.flush()


def complain(message: str, limit: int = 800) -> None:
    """Say on standard error, in one line, what the command has to say beside its result."""
    say(sys.stderr, f"deepprune: {clean(message, limit)}")


def count(amount: int, singular: str, plural: str | None = None) -> str:
    """Return `1 trace`, `2 traces`."""
    return f"{amount:,} {singular if amount == 1 else plural or singular + 's'}"


def number(value: float) -> str:
    """Return a weight: whole ones without decimals."""
    return f"{value:,.1f}".removesuffix(".0")


def seconds(value: float) -> str:
    """Return a duration: `4.2 s`, `3:07`, `1:02:03`."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
