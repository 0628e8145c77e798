"""JSON values in a reply: between prose, in a fence, and written a little carelessly.

Models write trailing commas, Python's words and quotes, line breaks and LaTeX inside of strings.
That much is read. Anything else that is not JSON is prose, in which the search continues. All of it
is linear: where a value turns out to be prose, the text is read on from there, and only the last
string is read again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import isfinite
from typing import Final

from pydantic import JsonValue

__all__ = ["canonical", "json_values", "read_json"]

MAX_DEPTH: Final = 64
"""Deepest nesting that is read."""

MAX_DIGITS: Final = 300
"""Longest number that is read."""

EXACT: Final = 2.0**53
"""Size from which a float does not tell whole numbers apart."""

_TOKEN: Final = re.compile(
    r"""\s*+(?:
        (?P<double>"[^"\\]*+(?:\\.[^"\\]*+)*+")
      | (?P<single>'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+')
      | (?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)(?![\w.])
      | (?P<word>true|false|null|True|False|None)(?!\w)
      | (?P<sign>[{}\[\],:])
    )""",
    re.VERBOSE | re.DOTALL,
)
_OPENING: Final = re.compile(r"[{\[]")
_CUT_OFF: Final = re.compile(r"\s*+(?:\".*|'[^\n]*|[-+.\w]{0,20})", re.DOTALL)
_FENCED: Final = re.compile(r"\s*+```[^\n]{0,20}\n(.*?)\n\s*+```\s*+", re.DOTALL)
_LOOSE_BACKSLASH: Final = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|)')
_WORDS: Final[dict[str, JsonValue]] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}

_Container = dict[str, JsonValue] | list[JsonValue]


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
    found = _TOKEN.match(text)
    if found is not None and found["sign"] is None and not text[found.end() :].strip():
        return _scalar(found)
    outside = text.strip()
    region = _Region(outside)
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
    whole = _FENCED.fullmatch(text)
    scalar = _TOKEN.match(whole[1] if whole else text)
    if complete and scalar and scalar["sign"] is None and not scalar.string[scalar.end() :].strip():
        return [Found(value, alone=True) for value in _scalars(scalar)]
    values: list[Found] = []
    region = _Region(text)
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


def _scalars(found: re.Match[str]) -> list[JsonValue]:
    try:
        return [_scalar(found)]
    except ValueError:
        return []


class _Region:
    """One object or array, read without recursion.

    Attributes:
        value: What has been read of it.
        closed: Whether it is complete.
        cut_off: Whether the text ends within it.
        begun: Whether anything of it came before that.
        is_closable: Whether only brackets are missing then.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[_Container] = []
        self._key: str | None = None
        self._wants = ""
        self.value: JsonValue = None
        self.closed = self.cut_off = self.begun = self.is_closable = False

    def read(self, start: int) -> int:
        """Read a value that begins with a bracket; return where to read on."""
        self._begin_anew()
        at, string = start, -1
        while found := _TOKEN.match(self._text, at):
            if not self._take(found):
                break
            string = found.end() - len(found[0].lstrip()) if found["sign"] is None else -1
            at = found.end()
            if not self._open:
                self.closed = True
                return at
        else:
            # What stands here is no token: is it the beginning of one?
            self.begun = at > start + 1
            self.cut_off = _CUT_OFF.fullmatch(self._text, at) is not None
            if self.cut_off:
                self.is_closable = self._wants == "comma" and not self._text[at:].strip()
        return max(start + 1, string + 1 if string >= 0 else at)

    def _begin_anew(self) -> None:
        self._open, self._key, self._wants = [], None, "value"
        self.closed = self.cut_off = self.begun = self.is_closable = False

    def _take(self, found: re.Match[str]) -> bool:
        """Take one token; False where it does not belong there."""
        sign = found["sign"]
        if sign is None:
            return self._take_scalar(found)
        if sign in "{[":
            return self._begin({} if sign == "{" else [])
        if sign in "}]":
            return self._end(dict if sign == "}" else list)
        wanted, self._wants = self._wants, "key" if self._in_object else "value"
        if sign == ":":
            self._wants = "value"
            return wanted == "colon"
        return wanted == "comma"

    @property
    def _in_object(self) -> bool:
        return isinstance(self._open[-1], dict)

    def _take_scalar(self, found: re.Match[str]) -> bool:
        try:
            value = _scalar(found)
        except ValueError:
            return False
        if self._wants == "key":
            self._key = value if isinstance(value, str) else None
            self._wants = "colon"
            return isinstance(value, str)
        return self._put(value)

    def _begin(self, container: _Container) -> bool:
        if len(self._open) == MAX_DEPTH:
            return False
        if not self._open:
            self.value = container
        elif not self._put(container):
            return False
        self._open.append(container)
        self._wants = "key" if isinstance(container, dict) else "value"
        return True

    def _end(self, kind: type[dict[str, JsonValue]] | type[list[JsonValue]]) -> bool:
        # Before an element: the container is empty, or a comma came last.
        element = "key" if kind is dict else "value"
        if not isinstance(self._open[-1], kind) or self._wants not in {"comma", element}:
            return False
        self._open.pop()
        self._wants = "comma"
        return True

    def _put(self, value: JsonValue) -> bool:
        if self._wants != "value" or not self._open:
            return False
        container = self._open[-1]
        if isinstance(container, dict):
            assert self._key is not None
            container[self._key] = value
            self._key = None
        else:
            container.append(value)
        self._wants = "comma"
        return True


def _scalar(found: re.Match[str]) -> JsonValue:
    """The value of a token that is not a sign.

    Raises:
        ValueError: It has none: a number beyond all bounds, an escape that is not one.
    """
    if (word := found["word"]) is not None:
        return _WORDS[word]
    if (number := found["number"]) is not None:
        return _number(number)
    raw = found["double"]
    if raw is None:
        inner = found["single"][1:-1].replace("\\'", "'")
        raw = f'"{_escaped_quotes(inner)}"'
    try:
        text = str(json.loads(raw, strict=False))
    except ValueError:  # LaTeX: a backslash that escapes nothing is one
        text = str(json.loads(_LOOSE_BACKSLASH.sub(_kept_backslash, raw), strict=False))
    # What no UTF-8 can hold: half a surrogate pair.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _escaped_quotes(text: str) -> str:
    return re.sub(
        r'\\.|"', lambda found: '\\"' if found[0] == '"' else found[0], text, flags=re.DOTALL
    )


def _kept_backslash(found: re.Match[str]) -> str:
    return found[0] if found[1] else "\\\\"


def _number(text: str) -> int | float:
    if len(text) > MAX_DIGITS:
        raise ValueError("the number is too long")
    if text.lstrip("-").isdigit():
        return int(text)
    value = float(text)
    if not isfinite(value):
        raise ValueError("the number is too large")
    return value


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
