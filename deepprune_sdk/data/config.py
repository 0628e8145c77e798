"""Settings: frozen, named, and with one line for every fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from deepprune_sdk.data.named import among
from deepprune_sdk.errors import ConfigurationError

__all__ = ["Config", "describe"]


class Config(BaseModel):
    """Frozen settings whose faults are one line: the field, its value and what it should be."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    if not TYPE_CHECKING:  # type checkers make a signature of the fields

        def __init__(self, **data: Any) -> None:
            try:
                super().__init__(**data)
            except ValidationError as error:  # of a subclass's own validators
                cls = type(self)
                raise ConfigurationError(describe(error, cls.__name__, cls.model_fields)) from error

    @model_validator(mode="wrap")
    @classmethod
    def _one_clear_error(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        _refuse_flags(cls, data)
        try:
            return handler(data)
        except ValidationError as error:
            raise ConfigurationError(describe(error, cls.__name__, cls.model_fields)) from error


def _refuse_flags(cls: type[BaseModel], data: object) -> None:
    """True is not a number: pydantic would take it for 1."""
    if not isinstance(data, dict):
        return
    for name, value in cast("dict[str, object]", data).items():
        if type(value) is bool and name in cls.model_fields:
            annotation = cls.model_fields[name].annotation
            kinds = {annotation, *get_args(annotation)}
            if kinds & {int, float} and bool not in kinds:
                raise ConfigurationError(f"{cls.__name__}({name}={value}): give a number")


def describe(error: ValidationError, owner: str, known: Mapping[str, object]) -> str:
    """Put the first fault of a validation into one line that names the value and the fix."""
    fault = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{owner} has no setting {field!r}{among(field, known)}"
    if fault["type"] == "missing":
        return f"{owner} needs {field}"
    if fault["type"] == "model_type":
        given = f"{field or owner}={fault['input']!r:.80}"
        return f"{given}: give {owner if not field else 'its settings'}, or a dict of them"
    where = f"{owner}({field}={fault['input']!r:.80})" if field else owner
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}"
