"""The form that a JSON answer must have: a pydantic model, or a JSON schema as a text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from pydantic import BaseModel, JsonValue
from pydantic.errors import PydanticUserError

from deepprune_sdk.answers.json_schema import Check, checker
from deepprune_sdk.errors import ConfigurationError

__all__ = ["Schema", "described", "keys", "read", "written"]

Schema = type[BaseModel] | Mapping[str, Any] | str
"""As a user gives it; a mapping is kept as its text."""


def read(schema: Schema | None, value: JsonValue) -> JsonValue:
    """The value as the model reads it.

    Raises:
        ValueError: It does not fit.
    """
    if isinstance(schema, type):
        # As JSON: there a strict model takes a date or a tuple too.
        model = schema.model_validate_json(json.dumps(value))
        return cast("JsonValue", model.model_dump(mode="json", by_alias=True))
    if isinstance(schema, str) and not _checker(schema)(value):
        raise ValueError("it does not fit the schema")
    return value


@lru_cache(maxsize=64)
def _checker(schema: str) -> Check:
    return checker(json.loads(schema))


@lru_cache(maxsize=64)
def _model_schema(model: type[BaseModel]) -> dict[str, Any]:
    try:
        return model.model_json_schema()
    except PydanticUserError as error:
        raise ConfigurationError(
            f"JsonAnswers({model.__name__}) has no JSON schema: {error.message}"
        ) from error


def described(schema: Schema) -> dict[str, Any]:
    """The JSON schema.

    Raises:
        ConfigurationError: It is not one.
    """
    if isinstance(schema, type):
        return _model_schema(schema)
    try:
        read_back: object = json.loads(cast("str", schema))
        if not isinstance(read_back, dict):
            raise TypeError("a schema with fields is an object")
        _checker(cast("str", schema))
    except (RecursionError, TypeError, ValueError) as error:
        raise ConfigurationError(f"JsonAnswers: {schema!r} is not a JSON schema") from error
    return cast("dict[str, Any]", read_back)


def written(schema: Mapping[str, Any]) -> str:
    """Return a schema as text.

    Raises:
        ConfigurationError: It is not JSON.
    """
    try:
        return json.dumps(dict(schema), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"JsonAnswers: {schema!r} is not JSON: {error}") from error


def keys(schema: Schema | None) -> list[str] | None:
    """The fields of an object that a schema describes, or None where it does not list them."""
    if schema is None:
        return None
    properties: dict[str, Any] | None = described(schema).get("properties")
    return None if properties is None else list(properties)
