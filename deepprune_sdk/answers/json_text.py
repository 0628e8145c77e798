"""JSON values in a reply: between prose, in a fence, and written a little carelessly.

The search is linear: where what begins like a value turns out to be prose, the text is read on from
there, and only the last string is read again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from deepprune_sdk.answers.json_region import Region, scalar, token

__all__ = ["canonical", "json_values", "read_json"]

EXACT: Final = 2.0**53
"""Size from which a float does not tell whole numbers apart."""

REACH: Final = 1_000_000
"""Characters from the end of a reply in which values are looked for."""

_OPENING: Final = re.compile(r"[{\[]")
_FENCED: Final = re.compile(r"\s*+```[^\n]{0,20}\n(.*?)\n\s*+```\s*+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and whether nothing else stands on its lines, or just a colon before it."""

    value: JsonValue
    alone: bool


def canonical(value: JsonValue) -> str:
    """Write a value so that equal values have equal texts: keys in order, 1.0 as 1.

    Raises:
        ValueError: A number in it is not finite.
    """
    return json.dumps(_exact(value), ensure_ascii=False, sort_keys=True, allow_nan=False)


def read_json(text: str) -> JsonValue:
    """Read a text that is one JSON value and nothing else.

    Raises:
        ValueError: It is not.
    """
    found = token(text)
    if found is not None and found["sign"] is None and not text[found.end() :].strip():
        return scalar(found)
    outside = text.strip()
    region = Region(outside)
    end = region.read(0) if outside[:1] in {"{", "["} else -1
    if not region.closed or end != len(outside):
        raise ValueError("not a JSON value")
    return region.value


def json_values(text: str, *, complete: bool) -> list[Found]:
    """Find the JSON values of a reply, in their order.

    An object may stand anywhere. So may an array, but `[1]` in prose is a reference: see
    `Found.alone`. A number, a string, true, false or null counts where it is the whole reply.

    Args:
        text: What the model said.
        complete: Whether it ended the text itself. Then a value whose last brackets are missing is
            closed; otherwise no value counts while another one has begun.
    """
    text = text[-REACH:]
    whole = _FENCED.fullmatch(text)
    only = token(whole[1] if whole else text)
    if complete and only and only["sign"] is None and not only.string[only.end() :].strip():
        return _scalars(only)
    values: list[Found] = []
    region = Region(text)
    at = 0
    while opening := _OPENING.search(text, at):
        start = opening.start()
        at = region.read(start)
        if region.closed:
            values.append(Found(region.value, _is_alone(text, start, at)))
        elif region.cut_off:
            if region.is_closable and complete:
                values.append(Found(region.value, alone=True))
            elif region.begun or not complete:
                return []  # the last value is the one that counts, and it is not there
            break
    return values


def _scalars(only: re.Match[str]) -> list[Found]:
    try:
        return [Found(scalar(only), alone=True)]
    except ValueError:
        return []


def _exact(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _exact(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_exact(one) for one in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return value


def _is_alone(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 200) : start].rpartition("\n")[2].rstrip(" \t*`$")
    after = text[end : end + 200].partition("\n")[0].strip(" \t*`$.")
    return (not before or before.endswith((":", ">", "{"))) and (not after or after[0] in "<}")
