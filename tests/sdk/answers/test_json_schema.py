"""JSON schemas: what they let through, and which are refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from deepprune_sdk.answers.json_schema import checker
from deepprune_sdk.errors import ConfigurationError

TREE: Any = {
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
            "required": ["next"],
        }
    },
    "$ref": "#/$defs/Node",
}


CASES: list[tuple[Any, list[Any], list[Any]]] = [
    ({}, [1, "a", None, [], {}], []),
    ({"type": "string"}, ["", "a"], [1, None, True, [], {}]),
    ({"type": "number"}, [1, 1.5], ["1", True]),
    ({"type": "integer"}, [1, 2.0, 10**300], [1.5, True, "1"]),
    ({"type": "boolean"}, [True], [1, 0]),
    ({"type": ["string", "null"]}, ["a", None], [1]),
    ({"type": "object"}, [{}], [[]]),
    ({"type": "array"}, [[]], [{}]),
    ({"enum": [1, "a", None]}, [1, 1.0, "a", None], [True, "1", 2]),
    ({"const": {"a": 1}}, [{"a": 1.0}], [{}, {"a": 1, "b": 2}]),
    (
        {"properties": {"a": {"type": "string"}}, "required": ["a"]},
        [{"a": "x"}, {"a": "x", "b": 1}, 5],
        [{}, {"a": 1}],
    ),
    (
        {"properties": {"a": True}, "additionalProperties": False},
        [{}, {"a": 1}],
        [{"b": 1}],
    ),
    ({"additionalProperties": {"type": "integer"}}, [{"a": 1}], [{"a": "x"}]),
    ({"minProperties": 1, "maxProperties": 2}, [{"a": 1}], [{}, {"a": 1, "b": 2, "c": 3}]),
    ({"items": {"type": "integer"}}, [[], [1, 2]], [["a"], [1, "a"]]),
    (
        {"prefixItems": [{"type": "string"}], "items": {"type": "integer"}},
        [[], ["a"], ["a", 1]],
        [[1], ["a", "b"]],
    ),
    ({"prefixItems": [{}], "items": False}, [[1]], [[1, 2]]),
    ({"minItems": 1, "maxItems": 2, "uniqueItems": True}, [[1], [1, 2]], [[], [1, 1.0]]),
    ({"minLength": 1, "maxLength": 3}, ["abc", 5], ["", "abcd"]),
    ({"pattern": "^a+$"}, ["aa"], ["b"]),
    ({"minimum": 1, "maximum": 3}, [1, 3, "x"], [0, 4]),
    ({"exclusiveMinimum": 1, "exclusiveMaximum": 3}, [2], [1, 3]),
    ({"multipleOf": 0.1}, [0.3, 2], [0.35]),
    ({"anyOf": [{"type": "string"}, {"minimum": 5}]}, ["a", 7], [3]),
    ({"oneOf": [{"minimum": 5}, {"maximum": 7}]}, [3, 9], [6]),
    ({"allOf": [{"minimum": 5}, {"maximum": 7}]}, [6], [3, 9]),
    ({"not": {"type": "string"}}, [1], ["a"]),
    (TREE, [{"next": None}, {"next": {"next": None}}], [{}, {"next": {}}, {"next": 1}]),
    ({"definitions": {"a/b": {"const": 1}}, "$ref": "#/definitions/a~1b"}, [1], [2]),
    ({"type": "string", "title": "T", "description": "d", "format": "date", "x-order": 1},
     ["a"], [1]),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "fits", "differs"), CASES)
def test_a_value_fits_or_it_does_not(schema: Any, fits: list[Any], differs: list[Any]) -> None:
    check = checker(schema)
    assert [value for value in fits if not check(value)] == []
    assert [value for value in differs if check(value)] == []


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "strng"}, "at type: 'strng' is not a type: did you mean string?"),
        ({"type": {"a": 1}}, "is not a type"),
        (
            {"propertys": {}},
            "at its root: 'propertys' is not checked here: did you mean properties",
        ),
        ({"unevaluatedProperties": False}, "'unevaluatedProperties' is not checked here"),
        ({"properties": ["a"]}, "at properties: ['a'] is not a schema per property"),
        ({"properties": {"a": {"items": 5}}}, "at properties.a.items: 5 is not a schema"),
        ({"required": "a"}, "at required: 'a' is not a list of names"),
        ({"enum": 1}, "at enum: 1 is not a list of values"),
        ({"minimum": "1"}, "at minimum: '1' is not a number"),
        ({"minLength": True}, "at minLength: True is not a whole number"),
        ({"uniqueItems": 1}, "at uniqueItems: 1 is not true or false"),
        ({"pattern": "("}, "at pattern: '(' is not a regular expression"),
        ({"anyOf": {}}, "at anyOf: {} is not a list of schemas"),
        ({"anyOf": [{"type": "x"}]}, "at anyOf.0.type: 'x' is not a type"),
        ({"$ref": "#/$defs/None"}, "'#/$defs/None' is not in the schema"),
        ({"$ref": "https://example.org/schema"}, "is not in the schema"),
        ({"$ref": 1}, "1 is not a reference"),
    ],
)
def test_a_schema_that_is_not_one_is_refused(schema: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        checker(schema)
