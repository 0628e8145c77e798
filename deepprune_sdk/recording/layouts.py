"""Recordings in other layouts: where their fields are, and how a text becomes tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from deepprune_sdk.errors import ConfigurationError, RecordingError
from deepprune_sdk.protocols import TokenCounter
from deepprune_sdk.recording.format import SCHEMA
from deepprune_sdk.recording.naming import problem_name

__all__ = ["FIELDS", "Layout"]

FIELDS: Final = (
    "problem",
    "question",
    "gold",
    "model",
    "trace",
    "text",
    "pieces",
    "confidence",
    "logprob",
    "finish",
    "t",
    "reasoning",
    "answer",
    "sampling",
)
_ALIASES: Final = {"traces": "text", "answers": "answer"}
_WORDS: Final = frozenset({"problem", "question", "gold", "model", "answer"})
"""Fields whose numbers are read as text: an answer 42 is the answer "42"."""
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class _Path:
    """A dotted path into JSON: `a.b`, and `a[].b` for the `b` of every element of `a`."""

    written: str
    steps: tuple[tuple[str, bool], ...]

    @classmethod
    def parse(cls, field: str, written: str) -> _Path:
        steps = tuple((part.removesuffix("[]"), part.endswith("[]")) for part in written.split("."))
        if not all(name for name, _ in steps) or sum(each for _, each in steps) > 1:
            raise ConfigurationError(
                f"{field}={written!r} is no path: write a.b, or a[].b for every element of a list a"
            )
        return cls(written, steps)

    @property
    def each(self) -> bool:
        """Whether the path gives a value a trace."""
        return any(each for _, each in self.steps)

    def of(self, record: object) -> object:
        """Look the path up; `_MISSING` where there is no such field."""
        value = record
        for position, (name, each) in enumerate(self.steps):
            if not isinstance(value, dict):
                return _MISSING
            value = cast("dict[str, object]", value).get(name, _MISSING)
            if each:
                if not isinstance(value, list):
                    return _MISSING
                rest = _Path(self.written, self.steps[position + 1 :])
                return [rest.of(element) for element in cast("list[object]", value)]
        return value


class Layout:
    """Turns records of another layout into those of `deepprune-trace/1`.

    A record holds one trace, or all traces of a problem as a list. Fields that the mapping does not
    name are looked for under their own names.
    """

    def __init__(self, mapping: Mapping[str, str], counter: TokenCounter | None = None) -> None:
        """Prepare a layout.

        Args:
            mapping: Field of the format -> path in the record. `traces` is another name of `text`,
                `answers` of `answer`.
            counter: Cuts texts into tokens.

        Raises:
            ConfigurationError: An unknown field, a malformed path, or a text without a counter.
        """
        paths: dict[str, _Path] = {name: _Path.parse(name, name) for name in FIELDS}
        for written, path in mapping.items():
            field = _ALIASES.get(written, written)
            if field not in paths:
                raise ConfigurationError(
                    f"{written!r} is no field of a trace; known: {', '.join((*FIELDS, *_ALIASES))}"
                )
            paths[field] = _Path.parse(written, path)
        self._paths = paths
        mapped = {_ALIASES.get(written, written) for written in mapping}
        self._source = "text" if "text" in mapped else "pieces"
        if self._source == "text" and counter is None:
            raise ConfigurationError("texts are to be cut into tokens: give a token counter")
        self._counter = counter

    def records(self, record: object) -> Iterator[dict[str, object] | RecordingError]:
        """Give the record of each trace, or what is wrong with it; `trace` may be missing.

        Raises:
            RecordingError: The record holds no traces.
        """
        found = {name: path.of(record) for name, path in self._paths.items()}
        source = self._paths[self._source]
        if found[self._source] is _MISSING:
            raise RecordingError(f"{source.written}: missing; map text to where the traces are")
        traces = found[self._source]
        many = source.each or (self._source == "text" and isinstance(traces, list))
        count = len(cast("list[object]", traces)) if many else 1
        columns = {
            name: self._column(name, value, count, many)
            for name, value in found.items()
            if value is not _MISSING and not (many and value is None)
        }
        for position in range(count):
            try:
                yield self._one({name: column[position] for name, column in columns.items()})
            except RecordingError as error:
                where = f"{source.written}[{position}]: " if many else ""
                yield RecordingError(f"{where}{error}")

    def _column(self, name: str, value: object, count: int, many: bool) -> list[object]:
        """Spread a field over the traces: a value each, or one for all."""
        a_list_of_words = name in {"answer", "finish", "trace"} and isinstance(value, list)
        own = name == self._source or self._paths[name].each or a_list_of_words
        if not (many and own):
            return [value] * count
        values = cast("list[object]", value)
        if len(values) != count:
            raise RecordingError(
                f"{self._paths[name].written}: {len(values)} values for {count} traces; map {name} "
                "to a list with one a trace"
            )
        return values

    def _one(self, found: dict[str, object]) -> dict[str, object]:
        record: dict[str, object] = {"schema": SCHEMA, "model": "unknown", "finish": "stop"}
        record |= {
            name: _word(value) if name in _WORDS else value
            for name, value in found.items()
            if value is not _MISSING and name != "text" and (value is not None or name == "answer")
        }
        if self._counter is not None and self._source == "text":
            text = found["text"]
            if not isinstance(text, str) or not text:
                raise RecordingError(f"{text!r:.60} is no text; map text to where the trace is")
            record["pieces"] = self._counter.split(text)
        question = record.get("question")
        if isinstance(question, str):
            record.setdefault("problem", problem_name(question))
        return record


def _word(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else value
