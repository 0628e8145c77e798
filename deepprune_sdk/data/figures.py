"""Numbers and names from outside, believed within reason: the one place that says how far.

Servers, judges, scorers and files are other people's. What they say of tokens is added to totals,
written to files and compared with limits, so nonsense is dropped where it comes in: then our own
count stands, marked as estimated, and no run ends over a figure that nobody needs.
"""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Real
from typing import cast

from deepprune_sdk.data.types import Chunk, Usage

__all__ = [
    "MOST_TOKENS",
    "are_numbers",
    "believed",
    "believed_chunk",
    "log_probability",
    "one_line",
    "seconds",
    "shown",
    "token_count",
]

MOST_TOKENS = 10**8
"""Tokens of one request beyond which a figure is nonsense: a hundred of the longest contexts."""

ROUNDED = 1e-3
"""Least number above 0 that is not a log-probability any more, however a server rounds."""

LEAST = -10_000.0
"""Least log-probability: servers write -9999 or -Infinity for what cannot happen."""

SHOWN = 200
"""Characters of a foreign name that are shown."""


def token_count(value: object) -> int | None:
    """Return a number of tokens, or None for what cannot be one.

    Whole floats are numbers (some servers write 12.0); truth values and texts are not.
    """
    if type(value) is int:
        return value if 0 <= value <= MOST_TOKENS else None
    if isinstance(value, float) and value.is_integer() and 0 <= value <= MOST_TOKENS:
        return int(value)
    return None


def seconds(value: object) -> float | None:
    """Return a time to wait, or None for what cannot be one."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def log_probability(value: object) -> float | None:
    """Return a log-probability, or None for what cannot be one; what cannot happen is -10,000."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value < ROUNDED:
        return None
    return float(min(0.0, max(LEAST, value)))


def are_numbers(values: object) -> bool:
    """Whether these are numbers and nothing else, such as the values of a vector."""
    if not isinstance(values, list | tuple):
        return False
    numbers = cast("list[object]", values)
    try:
        kinds = all(type(number) in (int, float) for number in numbers)
        return kinds and all(map(math.isfinite, cast("list[float]", numbers)))
    except OverflowError:
        return False


def believed(usage: object) -> Usage | None:
    """Return what is to be believed of reported tokens; None where it says nothing of use.

    A sound report is returned as it is. Of another one the sound figures are kept, and it is marked
    as estimated.
    """
    if not isinstance(usage, Usage):
        return None
    generated, prompt = token_count(usage.generated), token_count(usage.prompt)
    cached = token_count(usage.cached)
    if generated is None:
        return None
    if prompt is not None and cached is not None:
        return usage
    return Usage(prompt=prompt or 0, generated=generated, cached=cached or 0, estimated=True)


def believed_chunk(chunk: Chunk) -> Chunk:
    """Return a chunk without the figures that cannot be: usage, and scores of its pieces."""
    usage = None if chunk.usage is None else believed(chunk.usage)
    confidences = _scores(chunk.confidences, len(chunk.pieces))
    logprobs = _scores(chunk.logprobs, len(chunk.pieces))
    given = chunk.usage, chunk.confidences, chunk.logprobs
    if all(one is other for one, other in zip(given, (usage, confidences, logprobs), strict=True)):
        return chunk
    return replace(chunk, usage=usage, confidences=confidences, logprobs=logprobs)


def one_line(text: object, longest: int = SHOWN) -> str:
    """Return a foreign text as one short line that is safe to print: no control characters."""
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 16 * longest]).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"


def shown(value: object, longest: int = 40) -> str:
    """Return how a foreign value is written, in one short line."""
    try:
        return one_line(repr(value), longest)
    except Exception:  # a number of thousands of digits, or an object that cannot say what it is
        return f"a {type(value).__name__} that cannot be shown"


def _scores(values: object, wanted: int) -> tuple[float, ...] | None:
    if not isinstance(values, tuple | list):
        return None
    scores = cast("tuple[float, ...]", values)
    try:
        numbers = not any(map(math.isnan, scores))  # without end is a number: of no chance at all
    except (OverflowError, TypeError, ValueError):
        return None
    return scores if numbers and len(scores) == wanted else None
