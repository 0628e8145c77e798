"""One JSON value, read token by token without recursion, as models write it.

They write trailing commas, comments, names without quotes, Python's words and quotes, line breaks
and LaTeX inside of strings. That much is read; whatever else is not JSON ends the value.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Final

from pydantic import JsonValue

__all__ = ["Region", "scalar", "token"]

MAX_DEPTH: Final = 64
"""Deepest nesting that is read."""

MAX_DIGITS: Final = 300
"""Longest number that is read."""

_TOKEN: Final = re.compile(
    r"""(?:\s++|//[^\n]*+\n|/\*(?:[^*]++|\*(?!/))*+\*/)*+(?:
        (?P<double>"[^"\\]*+(?:\\.[^"\\]*+)*+")
      | (?P<single>'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+')
      | (?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)(?![\w.])
      | (?P<word>true|false|null|True|False|None)(?!\w)
      | (?P<name>[A-Za-z_$][\w$]{0,79}+)(?=\s*+:)
      | (?P<sign>[{}\[\],:])
    )""",
    re.VERBOSE | re.DOTALL,
)
_CUT_OFF: Final = re.compile(r"\s*+(?:\".*|'[^\n]*|[-+.\w]{0,20})", re.DOTALL)
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


def token(text: str, at: int = 0) -> re.Match[str] | None:
    """The token at a place, with what stands before it; `sign` is its group of punctuation."""
    return _TOKEN.match(text, at)


class Region:
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
        self.closed: bool = False
        self.cut_off: bool = False
        self.begun: bool = False
        self.is_closable: bool = False

    def read(self, start: int) -> int:
        """Read a value that begins with a bracket; return where to read on."""
        self._begin_anew()
        at, string = start, -1
        while found := token(self._text, at):
            if not self._take(found):
                break
            string = found.start(found.lastgroup or 0) if found["sign"] is None else -1
            at = found.end()
            if not self._open:
                self.closed = True
                return at
        else:
            # What stands here is not a token: is it the beginning of one?
            self.begun = at > start + 1
            self.cut_off = _CUT_OFF.fullmatch(self._text, at) is not None
            if self.cut_off:
                self.is_closable = self._wants == "comma" and not self._text[at:].strip()
        return max(start + 1, string + 1 if string >= 0 else at)

    def _begin_anew(self) -> None:
        self._open, self._key, self._wants = [], None, "value"
        self.closed: bool = False
        self.cut_off: bool = False
        self.begun: bool = False
        self.is_closable: bool = False

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
        if found["name"] is not None and self._wants != "key":
            return False
        try:
            value = scalar(found)
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


def scalar(found: re.Match[str]) -> JsonValue:
    """The value of a token that is not a sign.

    Raises:
        ValueError: It has none: a number beyond all bounds, an escape that is not one.
    """
    if (name := found["name"]) is not None:
        return name
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
