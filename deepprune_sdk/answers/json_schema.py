"""Whether a value fits a JSON schema.

The part of JSON Schema that servers constrain a model by: types, enums, objects, arrays, numbers,
strings, combinations, and references within the schema. A schema that needs more is refused when it
is given, and never half checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from operator import ge, gt, le, lt
from typing import Any, Final, cast

from pydantic import JsonValue

from deepprune_sdk.answers.json_text import canonical
from deepprune_sdk.data.named import among
from deepprune_sdk.errors import ConfigurationError

__all__ = ["Check", "checker"]

Check = Callable[[JsonValue], bool]

_ANNOTATIONS: Final = {
    "$comment", "$defs", "$id", "$schema", "default", "definitions", "deprecated", "description",
    "discriminator", "example", "examples", "format", "readOnly", "title", "writeOnly",
}  # fmt: skip
"""What says something about a value and asks nothing of it, as far as it is checked here."""


def checker(schema: Mapping[str, Any]) -> Check:
    """Return what says whether a value fits a schema.

    Raises:
        ConfigurationError: The schema is not one, or asks for what is not checked here; names the
            place.
    """
    return _Compiler(schema).check


class _Compiler:
    """Turns a schema into checks, each part of it once."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = schema
        self._known: dict[str, Check] = {}  # what is referred to, by its pointer
        self._named: set[str] = set()
        self.check: Check = self._schema(schema, "")

    def _schema(self, schema: object, place: str) -> Check:
        if isinstance(schema, bool):
            return lambda value: schema
        if not isinstance(schema, Mapping):
            raise _fault(place, f"{schema!r} is not a schema")
        checks: list[Check] = []
        for word, asked in cast("Mapping[str, Any]", schema).items():
            if word in _ANNOTATIONS or word.startswith("x-"):
                continue
            if word not in _KEYWORDS:
                raise _fault(place, f"{word!r} is not checked here{among(word, _KEYWORDS)}")
            checks.append(_KEYWORDS[word](self, asked, f"{place}.{word}", schema))
        return lambda value: all(check(value) for check in checks)

    def reference(self, asked: Any, place: str, _: Any) -> Check:
        pointer = _expect(asked, str, place, "a reference such as '#/$defs/Item'")
        if pointer not in self._named:
            target = self._target(pointer, place)
            self._named.add(pointer)  # before it is read: it may refer to itself
            self._known[pointer] = self._schema(target, pointer)
        return self._looked_up(pointer)

    def _looked_up(self, pointer: str) -> Check:
        def check(value: JsonValue) -> bool:
            return self._known[pointer](value)

        return check

    def _target(self, pointer: str, place: str) -> object:
        target: Any = self._root
        head, *steps = pointer.split("/")
        for step in steps:
            name = step.replace("~1", "/").replace("~0", "~")
            target = _entry(target, name)
        if head != "#" or target is None:
            raise _fault(place, f"{pointer!r} is not in the schema")
        return target

    def all_of(self, asked: Any, place: str, _: Any) -> Check:
        checks = self._each(asked, place)
        return lambda value: all(check(value) for check in checks)

    def any_of(self, asked: Any, place: str, _: Any) -> Check:
        checks = self._each(asked, place)
        return lambda value: any(check(value) for check in checks)

    def one_of(self, asked: Any, place: str, _: Any) -> Check:
        checks = self._each(asked, place)
        return lambda value: sum(check(value) for check in checks) == 1

    def negated(self, asked: Any, place: str, _: Any) -> Check:
        check = self._schema(asked, place)
        return lambda value: not check(value)

    def _each(self, asked: Any, place: str) -> list[Check]:
        schemas = _expect(asked, list, place, "a list of schemas")
        return [self._schema(one, f"{place}.{at}") for at, one in enumerate(schemas)]

    def properties(self, asked: Any, place: str, _: Any) -> Check:
        checks = {
            name: self._schema(one, f"{place}.{name}")
            for name, one in _expect(asked, dict, place, "a schema per property").items()
        }
        return lambda value: (
            not isinstance(value, dict)
            or all(check(value[name]) for name, check in checks.items() if name in value)
        )

    def further_properties(self, asked: Any, place: str, schema: Any) -> Check:
        known: frozenset[str] = frozenset(schema.get("properties") or ())
        check = self._schema(asked, place)
        return lambda value: (
            not isinstance(value, dict)
            or all(check(one) for name, one in value.items() if name not in known)
        )

    def required(self, asked: Any, place: str, _: Any) -> Check:
        names: list[str] = _expect(asked, list, place, "a list of names")
        return lambda value: not isinstance(value, dict) or value.keys() >= set(names)

    def items(self, asked: Any, place: str, schema: Any) -> Check:
        check = self._schema(asked, place)
        first = len(schema.get("prefixItems") or ())
        return lambda value: not isinstance(value, list) or all(map(check, value[first:]))

    def first_items(self, asked: Any, place: str, _: Any) -> Check:
        checks = self._each(asked, place)
        return lambda value: (
            not isinstance(value, list)
            or all(check(one) for check, one in zip(checks, value, strict=False))
        )


Keyword = Callable[[_Compiler, Any, str, Any], Check]


def _types(_: _Compiler, asked: Any, place: str, __: Any) -> Check:
    names = cast("list[Any]", asked) if isinstance(asked, list) else [asked]
    for name in names:
        if not isinstance(name, str) or name not in _TYPES:
            raise _fault(place, f"{name!r} is not a type{among(str(name), _TYPES)}")
    return lambda value: any(_TYPES[name](value) for name in names)


def _one_of_values(_: _Compiler, asked: Any, place: str, __: Any) -> Check:
    values = {canonical(value) for value in _expect(asked, list, place, "a list of values")}
    return lambda value: canonical(value) in values


def _one_value(_: _Compiler, asked: Any, place: str, __: Any) -> Check:
    del place
    only = canonical(asked)
    return lambda value: canonical(value) == only


def _pattern(_: _Compiler, asked: Any, place: str, __: Any) -> Check:
    try:
        pattern = re.compile(_expect(asked, str, place, "a regular expression"))
    except re.error as error:
        raise _fault(place, f"{asked!r} is not a regular expression: {error}") from error
    return lambda value: not isinstance(value, str) or pattern.search(value) is not None


def _unique(_: _Compiler, asked: Any, place: str, __: Any) -> Check:
    wanted = _expect(asked, bool, place, "true or false")
    return lambda value: (
        not wanted or not isinstance(value, list) or len(set(map(canonical, value))) == len(value)
    )


def _bounded(kind: type, holds: Callable[[Any, Any], bool]) -> Keyword:
    """A keyword that compares a number with the size of a text, an array or an object."""

    def keyword(_: _Compiler, asked: Any, place: str, __: Any) -> Check:
        bound = _expect(asked, int, place, "a whole number")
        return lambda value: not isinstance(value, kind) or holds(len(cast("Any", value)), bound)

    return keyword


def _compared(holds: Callable[[Any, Any], bool]) -> Keyword:
    """A keyword that compares a number with a number."""

    def keyword(_: _Compiler, asked: Any, place: str, __: Any) -> Check:
        bound = _expect(asked, (int, float), place, "a number")
        return lambda value: not _is_number(value) or holds(value, bound)

    return keyword


def _expect(asked: Any, kind: type | tuple[type, ...], place: str, words: str) -> Any:
    if not isinstance(asked, kind) or (isinstance(asked, bool) and kind is not bool):
        raise _fault(place, f"{asked!r} is not {words}")
    return asked


def _fault(place: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"JSON schema, at {place.lstrip('.') or 'its root'}: {what}")


def _entry(thing: object, name: str) -> object:
    return cast("Mapping[str, object]", thing).get(name) if isinstance(thing, Mapping) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decimal(number: float) -> Fraction:
    """The number as it is written: 0.3 is three times 0.1."""
    return Fraction(str(number))


_TYPES: Final[dict[str, Check]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and Fraction(cast("float", value)).denominator == 1,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
_KEYWORDS: Final[dict[str, Keyword]] = {
    "type": _types,
    "enum": _one_of_values,
    "const": _one_value,
    "properties": _Compiler.properties,
    "additionalProperties": _Compiler.further_properties,
    "required": _Compiler.required,
    "minProperties": _bounded(dict, ge),
    "maxProperties": _bounded(dict, le),
    "items": _Compiler.items,
    "prefixItems": _Compiler.first_items,
    "minItems": _bounded(list, ge),
    "maxItems": _bounded(list, le),
    "uniqueItems": _unique,
    "minLength": _bounded(str, ge),
    "maxLength": _bounded(str, le),
    "pattern": _pattern,
    "minimum": _compared(ge),
    "maximum": _compared(le),
    "exclusiveMinimum": _compared(gt),
    "exclusiveMaximum": _compared(lt),
    "multipleOf": _compared(lambda value, step: step > 0 and _decimal(value) % _decimal(step) == 0),
    "anyOf": _Compiler.any_of,
    "oneOf": _Compiler.one_of,
    "allOf": _Compiler.all_of,
    "not": _Compiler.negated,
    "$ref": _Compiler.reference,
}
