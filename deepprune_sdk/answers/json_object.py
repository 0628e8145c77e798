"""Answers that are JSON: an object, or whatever a pydantic model or a JSON schema describes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Final, Self, cast

from pydantic import JsonValue, RootModel

from deepprune_sdk.answers.json_form import Schema, described, keys, read, written
from deepprune_sdk.answers.json_text import canonical, json_values, read_json
from deepprune_sdk.answers.json_vote import fold
from deepprune_sdk.answers.plain import plain
from deepprune_sdk.answers.thinking import without_thinking
from deepprune_sdk.data.arguments import as_texts
from deepprune_sdk.data.named import among, read_named, value_of
from deepprune_sdk.errors import ConfigurationError

__all__ = ["JsonAnswers"]

_SETTINGS: Final = ("fields", "ignore", "by_field")


@dataclass(frozen=True, slots=True)
class JsonAnswers:
    """A JSON value: the last one that is complete in a reply, plain, fenced or amid prose.

    ```python
    JsonAnswers()                                        # any object
    JsonAnswers(Invoice)                                 # a pydantic model
    JsonAnswers({"type": "object", "required": ["city"]})    # a JSON schema
    JsonAnswers(fields=("city", "country"))              # a vote on two fields
    JsonAnswers(ignore=("reason",), by_field=True)       # each other field by its own majority
    ```

    The answer is the JSON of what is voted on, keys in order. Values are compared by their types: 1
    and 1.0 are the same, "1" and 1 are not; the order of keys does not count, that of a list does.
    What does not fit the model or the schema is not an answer. A model's own reading counts: its
    defaults are filled in, and what it converts is converted.

    Attributes:
        schema: A pydantic model, or a JSON schema as a mapping or as text, which is how it is kept;
            None takes any object, and any array that stands on lines of its own.
        fields: Fields on which the vote is, of the outermost object; none: on all. An object with
            none of them is not an answer.
        ignore: Fields that the vote leaves out.
        by_field: Whether the vote is field by field, so that its answer may be an object that no
            trace gave.
    """

    schema: Schema | None = None
    _: KW_ONLY
    fields: Sequence[str] = ()
    ignore: Sequence[str] = ()
    by_field: bool = False

    def __post_init__(self) -> None:
        """Keep the schema as text, and see that the fields are there.

        Raises:
            ConfigurationError: The schema is not one; a field is not in it, or both voted on and
                ignored.
        """
        for name in ("fields", "ignore"):
            object.__setattr__(self, name, as_texts(f"JsonAnswers.{name}", getattr(self, name)))
        if isinstance(self.schema, Mapping):
            object.__setattr__(self, "schema", written(self.schema))
        schema = cast("object", self.schema)
        if isinstance(schema, type) and not hasattr(schema, "model_json_schema"):
            raise ConfigurationError(
                f"JsonAnswers(schema={schema.__name__}): give a pydantic model or a JSON schema"
            )
        if self.schema is not None:
            described(self.schema)
        if both := set(self.fields) & set(self.ignore):
            raise ConfigurationError(
                f"JsonAnswers: {min(both)!r} is in fields= and in ignore=; keep it in one of them"
            )
        known = keys(self.schema)
        for name in (*self.fields, *self.ignore):
            if known is not None and name not in known:
                raise ConfigurationError(
                    f"JsonAnswers: there is no field {name!r}{among(name, known)}"
                )

    @classmethod
    def by_name(cls, argument: str) -> Self:
        """Make it of what follows `json:`, as `fields=city/country,ignore=reason,by_field=true`.

        A JSON schema may stand before the settings.

        Raises:
            ConfigurationError: There is no such setting, or it cannot be so.
        """
        schema, rest = _schema_before(argument)
        settings = read_named(f"json:{rest}").take(_SETTINGS)
        by_field = value_of(settings.get("by_field", "false"))
        if not isinstance(by_field, bool):
            raise ConfigurationError(f"json:by_field={settings['by_field']}: give true or false")
        named = {
            name: tuple(filter(None, settings.get(name, "").split("/")))
            for name in ("fields", "ignore")
        }
        return cls(schema, fields=named["fields"], ignore=named["ignore"], by_field=by_field)

    @property
    def reads_incomplete(self) -> bool:
        """True: a value whose last bracket has come is complete."""
        return True

    @property
    def probe(self) -> str:
        """What follows the text of a trace that is asked for its answer so far."""
        return "\n\nSo the final answer is this JSON object:\n{"

    @property
    def instruction(self) -> str:
        """What the prompt says about the answer's form."""
        form = ""
        if self.schema is not None:
            form = f" that fits this JSON schema: {written(described(self.schema))}"
        elif names := [
            json.dumps(name, ensure_ascii=False) for name in (*self.fields, *self.ignore)
        ]:
            form = f" with the fields {', '.join(names)}"
        return f"Give your final answer as a JSON object{form}."

    @property
    def response_format(self) -> Mapping[str, object]:
        """What a server is asked to hold the reply to, as an OpenAI-compatible one takes it."""
        if self.schema is None:
            return {"type": "json_object"}
        schema = described(self.schema)
        name = self.schema.__name__ if isinstance(self.schema, type) else "answer"
        return {"type": "json_schema", "json_schema": {"name": name[:64], "schema": schema}}

    @property
    def spec(self) -> str | None:
        """How the command line and recordings spell it; None with a model, which is code.

        A recording then has each answer as the model read it.
        """
        fields, ignore = self.fields, self.ignore
        if isinstance(self.schema, type):
            return None
        if any(sign in name for name in (*fields, *ignore) for sign in "/,") or "" in fields:
            return None
        given = [self.schema] if isinstance(self.schema, str) else []
        given += [f"fields={'/'.join(fields)}"] if fields else []
        given += [f"ignore={'/'.join(ignore)}"] if ignore else []
        given += ["by_field=true"] if self.by_field else []
        return f"json:{','.join(given)}" if given else "json"

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the last JSON value of a reply, and what of it is voted on.

        Args:
            text: The answer part of a trace.
            complete: Whether the model ended the text itself. When False, a value counts once it is
                closed and no other one has begun.

        Returns:
            The JSON of the fields that are voted on, or None.
        """
        values = json_values(without_thinking(text, complete=complete), complete=complete)
        objects = self._is_object
        for found in reversed(values):
            if isinstance(found.value, dict):
                if found.value or found.alone:
                    return self._voted(found.value)
            elif found.alone and not objects:
                return self._voted(found.value)
        return None

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both are the same JSON in what is voted on; what is not JSON compares as text."""
        return self.normalize(left) == self.normalize(right)

    def normalize(self, answer: str) -> str:
        """Return the JSON of what is voted on, or the plain form of what is not JSON."""
        try:
            value = read_json(answer)
        except ValueError:
            return plain(answer)
        # An answer with some of the fields need not fit, and is the answer it was.
        return self._voted(value) or canonical(self._chosen(value))

    def fold(self, ballots: Sequence[tuple[str, float]]) -> str | None:
        """Build the object whose every field is the majority of the ballots.

        Args:
            ballots: Answers, each with its weight.

        Returns:
            The JSON of the object; None where no ballot is an object, or where what the fields'
            majorities make does not fit the model or the schema.
        """
        folded = fold(ballots)
        if folded is None or self.fields or self.ignore:
            return folded
        return self._voted(read_json(folded))

    @property
    def _is_object(self) -> bool:
        """Whether only an object can be the answer."""
        if self.fields or self.ignore or isinstance(self.schema, type):
            return not (isinstance(self.schema, type) and issubclass(self.schema, RootModel))
        return isinstance(self.schema, str) and json.loads(self.schema).get("type") == "object"

    def _voted(self, value: JsonValue) -> str | None:
        try:
            whole = read(self.schema, value)
            chosen = self._chosen(whole)
            if isinstance(chosen, dict) and not chosen and whole:
                return None
            return None if self.fields and not isinstance(chosen, dict) else canonical(chosen)
        except (ValueError, RecursionError):
            return None

    def _chosen(self, value: JsonValue) -> JsonValue:
        if not isinstance(value, dict):
            return value
        return {
            name: one
            for name, one in value.items()
            if name not in self.ignore and (not self.fields or name in self.fields)
        }


def _schema_before(argument: str) -> tuple[str | None, str]:
    """Part a JSON schema from the settings that follow it."""
    if not argument.startswith("{"):
        return None, argument
    try:
        _, end = json.JSONDecoder().raw_decode(argument)
    except (RecursionError, ValueError) as error:
        raise ConfigurationError(f"json:{argument}: the schema is not JSON: {error}") from error
    return argument[:end], argument[end:].removeprefix(",")
