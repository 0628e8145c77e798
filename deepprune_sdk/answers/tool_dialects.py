"""Tool calls that are not written as JSON: in tags for each argument, or with the name apart.

- Llama: `<function=NAME>{"key": 1}</function>`,
- Qwen3-Coder: `<function=NAME><parameter=KEY>VALUE</parameter></function>`,
- MiniMax and Claude: `<invoke name="NAME"><parameter name="KEY">VALUE</parameter></invoke>`,
- GLM: `NAME<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>` in a `<tool_call>`,
- DeepSeek: its own marks round the name, and then the arguments, fenced or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from deepprune_sdk.answers.json_text import json_values, read_json

__all__ = ["breaks_off", "calls_in_tags"]

_FUNCTION: Final = re.compile(
    r"<function=(?P<name>[\w.-]{1,80})>(?P<body>(?:(?!<function=).)*?)</function>"
    r"|<invoke name=\"(?P<invoked>[\w.-]{1,80})\">(?P<inner>(?:(?!<invoke ).)*?)</invoke>"
    r"|<tool_call>\s*(?P<named>[\w.-]{1,80})\s*(?P<pairs>(?:<arg_key>(?:(?!<tool_call>).)*?)?)"
    r"</tool_call>"
    r"|<\uff5ctool\u2581call\u2581begin\uff5c>(?:function)?(?:<\uff5ctool\u2581sep\uff5c>)?"
    r"(?P<called>[\w.-]{1,80})(?P<given>(?:(?!<\uff5ctool\u2581call\u2581begin).)*?)"
    r"<\uff5ctool\u2581call\u2581end\uff5c>",
    re.DOTALL,
)
_ARGUMENT: Final = re.compile(
    r"<parameter=(?P<key>[^<>\n]{1,80})>(?P<value>.*?)</parameter>"
    r"|<parameter name=\"(?P<key2>[^\"\n]{1,80})\">(?P<value2>.*?)</parameter>"
    r"|<arg_key>(?P<key3>[^<>\n]{1,80})</arg_key>\s*<arg_value>(?P<value3>.*?)</arg_value>",
    re.DOTALL,
)
_MARKS: Final = ("<function=", "<invoke ", "<arg_key>", "<\uff5ctool\u2581call\u2581begin")
_ENDS: Final = ("</function>", "</invoke>", "</tool_call>", "<\uff5ctool\u2581call\u2581end")


def calls_in_tags(text: str) -> Iterator[JsonValue]:
    """The calls of a text in these dialects, each as an object with its name and arguments."""
    if not any(mark in text for mark in _MARKS):
        return
    for found in _FUNCTION.finditer(text):
        name, body = (part for part in found.groups() if part is not None)
        yield {"name": name, "arguments": _arguments(body)}


def breaks_off(text: str) -> bool:
    """Whether the last call of a text in these dialects is not closed."""
    marks = zip(_MARKS, _ENDS, strict=True)
    return any(text.rfind(mark) > text.rfind(end) for mark, end in marks)


def _arguments(body: str) -> JsonValue:
    arguments: dict[str, JsonValue] = {}
    for found in _ARGUMENT.finditer(body):
        key, value = (part for part in found.groups() if part is not None)
        arguments[key.strip()] = _value(value.strip())
    whole = [] if arguments else json_values(body, complete=True)
    return whole[-1].value if whole else arguments


def _value(written: str) -> JsonValue:
    try:
        return read_json(written)
    except ValueError:
        return written
