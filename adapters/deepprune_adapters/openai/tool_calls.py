"""Tool calls that a server sends apart, as the text that the model wrote for them.

Most models write a call as Qwen and Hermes do, and their servers take it out of the text:

    <tool_call>
    {"name": "look_up", "arguments": {"word": "trace"}}
    </tool_call>

Here it becomes text again, fragment by fragment, whatever the model's own marks were. So a judge, a
recording, a replay and `ToolAnswers` see calls as they see any other part of an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

__all__ = ["ToolCalls"]

_SIGNS: Final = re.compile(r'[{}\[\]"]')
_STRING_END: Final = re.compile(r'(?:[^"\\]|\\.)*+(?P<end>"|(?P<half>\\?)\Z)', re.DOTALL)


class ToolCalls:
    """The calls of one stream.

    Servers send them one after another, each in one delta or in many. Where the fragments of
    several alternate, the text of one waits until the ones before it are closed.
    """

    def __init__(self) -> None:
        """Begin a stream without calls."""
        self._calls: list[_Call] = []
        self._latest: dict[object, _Call] = {}  # by their index
        self._written = 0  # calls whose text is out, closing mark and all

    def read(self, delta: Mapping[str, Any], *, ended: bool) -> str:
        """Take a delta; return the text that it adds.

        Args:
            delta: What a server sends of a message; most have no calls.
            ended: Whether the model has ended its text with it, so that nothing stays open.
        """
        for entry in _entries(delta):
            function: Any = entry.get("function")
            given = cast("dict[str, Any]", function) if isinstance(function, dict) else entry
            name = given.get("name")
            name = name if isinstance(name, str) else ""
            self._call_of(entry, name).take(name, _text(given.get("arguments")))
        if ended:
            for call in self._calls[self._written :]:
                call.close()
        return self._out() if self._calls else ""

    def _call_of(self, entry: Mapping[str, Any], name: str) -> _Call:
        """The call that an entry continues, or the one that it begins."""
        index, identity = _key(entry.get("index")), _key(entry.get("id"))
        call = self._latest.get(index)
        # Some servers give every call the index 0, or none: then another id or another name, which
        # no server sends in parts, begins a call, and so does any name after the end of the last.
        another = (
            name
            and call is not None
            and (call.closed or identity not in {None, "", call.id} or name != (call.name or name))
        )
        if call is None or another:
            call = _Call(identity)
            self._calls.append(call)
            self._latest[index] = call
        return call

    def _out(self) -> str:
        out: list[str] = []
        while self._written < len(self._calls):
            call = self._calls[self._written]
            text = call.written()
            # A line of its own for each: so does the model.
            out.append(f"\n{text}" if text and call.begins and self._written else text)
            call.begins = call.begins and not text
            if not call.closed:
                break
            self._written += 1
        return "".join(out)


class _Call:
    """One call: its text so far, and where its arguments are in their JSON.

    Attributes:
        id: What the server calls it, or None.
        name: Of its tool, or "" before that is known.
        closed: Whether its arguments have come to their end.
        begins: Whether none of its text is out.
    """

    def __init__(self, identity: object) -> None:
        self.id = identity
        self.closed = False
        self.begins = True
        self.name = ""
        self._text = ""
        self._empty = True
        self._depth = 0
        self._in_string = False
        self._half = ""  # a backslash whose character is still to come

    def take(self, name: str, arguments: str) -> None:
        """Take what a delta says of it."""
        if name and not self.name:
            self.name = name
            head = f'<tool_call>\n{{"name": {json.dumps(name, ensure_ascii=False)}, "arguments": '
            self._text = head + self._text
        if self.closed or not arguments:
            return
        self._empty = self._empty and not arguments.strip()
        end = self._end_in(arguments)
        self._text += arguments[:end]
        if end is not None:
            self._finish()

    def close(self) -> None:
        """Take the end of the text.

        Arguments that it cuts off stay open, without the closing mark: they are not a call.
        """
        cut_off = self._depth > 0 or self._in_string
        if not self.closed and self.name and not cut_off:
            self._text += "{}" if self._empty else ""
            self._finish()
        self.closed = True

    def written(self) -> str:
        """Return the text that has not been returned before."""
        if not self.name:
            return ""
        text, self._text = self._text, ""
        return text

    def _finish(self) -> None:
        self._text += "}\n</tool_call>"
        self.closed = True

    def _end_in(self, arguments: str) -> int | None:
        """Where the JSON object of the arguments ends in a fragment, or None; it is read once."""
        text = self._half + arguments
        held, self._half = len(self._half), ""
        at = 0
        while True:
            if self._in_string:
                end = _STRING_END.match(text, at)
                assert end is not None
                if end["end"] != '"':
                    self._half = end["half"]
                    return None
                self._in_string, at = False, end.end()
            sign = _SIGNS.search(text, at)
            if sign is None:
                return None
            at = sign.end()
            if sign[0] == '"':
                self._in_string = True
                continue
            self._depth += 1 if sign[0] in "{[" else -1
            if self._depth <= 0:
                return at - held


def _entries(delta: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of calls in a delta; what is not one is left alone, as fields of others are."""
    several: Any = delta.get("tool_calls")
    for entry in cast("list[Any]", several) if isinstance(several, list) else []:
        if isinstance(entry, dict):
            yield cast("dict[str, Any]", entry)
    single: Any = delta.get("function_call")
    if isinstance(single, dict):
        yield cast("dict[str, Any]", single)


def _key(value: object) -> object:
    """A number or a name; whatever else a server numbers calls by is not a number."""
    return value if isinstance(value, int | str) else None


def _text(arguments: object) -> str:
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
