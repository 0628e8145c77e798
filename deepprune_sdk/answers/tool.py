"""Answers that are tool calls: which tools, with which arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from pydantic import JsonValue

from deepprune_sdk.answers.json_text import canonical, json_values, read_json
from deepprune_sdk.answers.plain import plain
from deepprune_sdk.answers.thinking import without_thinking
from deepprune_sdk.answers.tool_dialects import breaks_off, calls_in_tags
from deepprune_sdk.data.arguments import as_texts
from deepprune_sdk.data.named import read_named

__all__ = ["ToolAnswers"]

OPENING: Final = "<tool_call>"
CLOSING: Final = "</tool_call>"

_GIVEN: Final = ("arguments", "parameters", "args")  # what arguments are called
_BLOCK: Final = re.compile(rf"{OPENING}(.*?)(?:{CLOSING}|(?={OPENING})|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ToolAnswers:
    r"""The tool calls of a reply.

    They are read between `<tool_call>` and `</tool_call>`, as Qwen and Hermes write them and as
    `OpenAIBackend` writes those that a server sends apart, or in the dialects of
    `deepprune_sdk.answers.tool_dialects`; where there are none, from JSON objects with a name and
    arguments. Arguments that are a JSON text are read.

    The answer is the JSON list of the calls, each with its `name` and `arguments`. Two answers are
    the same where they have the same calls, in whatever order, with the same arguments, compared as
    `JsonAnswers` does. In a text that the model has not ended the calls count that are closed, so
    `StopAtAnswer` is for tasks of one call.

    Attributes:
        ignore: Arguments that do not count, whatever the tool, such as `request_id`.
    """

    ignore: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Keep the names as a tuple."""
        object.__setattr__(self, "ignore", as_texts("ToolAnswers.ignore", self.ignore))

    @classmethod
    def by_name(cls, argument: str) -> Self:
        """Make it of what follows `tool:`, as `ignore=request_id/limit`.

        Raises:
            ConfigurationError: There is no such setting.
        """
        settings = read_named(f"tool:{argument}").take(("ignore",))
        return cls(tuple(filter(None, settings.get("ignore", "").split("/"))))

    @property
    def reads_incomplete(self) -> bool:
        """True: a call that is closed is complete."""
        return True

    @property
    def spec(self) -> str | None:
        """How the command line and recordings spell it."""
        if any(sign in name for name in self.ignore for sign in "/,"):
            return None
        return f"tool:ignore={'/'.join(self.ignore)}" if self.ignore else "tool"

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the tool calls of a reply.

        Args:
            text: The answer part of a trace.
            complete: Whether the model ended the text itself. When False, no call counts while
                another one has begun.

        Returns:
            The calls as a JSON list, those with the ignored arguments left out; or None.
        """
        text = without_thinking(text, complete=complete)
        if not complete and text.rfind(OPENING) > text.rfind(CLOSING):
            return None
        blocks = [found[1] for found in _BLOCK.finditer(text)]
        # A call that breaks off is none, and without it the others are another answer.
        calls = [[found.value for found in json_values(block, complete=False)] for block in blocks]
        if calls and all(calls):
            written = self._written([value for found in calls for value in found])
            if written is not None:
                return written
        if tagged := list(calls_in_tags(text)):
            return None if breaks_off(text) else self._written(tagged)
        if blocks:
            return None
        return self._written([found.value for found in json_values(text, complete=complete)])

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both are the same calls."""
        return self.normalize(left) == self.normalize(right)

    def normalize(self, answer: str) -> str:
        """Return the calls that an answer is, or the plain form of what is none."""
        try:
            calls = self._written([read_json(answer)])
        except ValueError:
            calls = self.extract(answer, complete=True)
        return plain(answer) if calls is None else calls

    def _written(self, values: Sequence[JsonValue]) -> str | None:
        calls = [self._counted(name, given) for name, given in _calls(values)]
        return canonical([*sorted(calls, key=canonical)]) if calls else None

    def _counted(self, name: str, given: JsonValue) -> JsonValue:
        if isinstance(given, dict):
            given = {key: value for key, value in given.items() if key not in self.ignore}
        return {"name": name, "arguments": given}


def _calls(values: Sequence[JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """The calls among some values: names and arguments."""
    for value in values:
        if isinstance(value, list):
            yield from _calls(value)
        if not isinstance(value, dict):
            continue
        inner = value.get("function", value)
        given = inner if isinstance(inner, dict) else value
        name = given.get("name", given.get("tool", inner if isinstance(inner, str) else None))
        if isinstance(several := value.get("tool_calls"), list):
            yield from _calls(several)
        elif isinstance(name, str) and name and (given.keys() & _GIVEN):
            yield name, _arguments(next(given[key] for key in _GIVEN if key in given))


def _arguments(given: JsonValue) -> JsonValue:
    if isinstance(given, str):
        try:
            return read_json(given)
        except ValueError:
            return given
    return {} if given is None else given
