"""For the reference pages: what the constructors of pydantic models take (a griffe extension).

griffe reads the source, where a model has no constructor of its own, or `Config.__init__(**data)`.
What a caller may give are the fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import griffe


class FieldsAsParameters(griffe.Extension):
    """Gives every pydantic model the signature of its fields."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Rewrite the classes of a package once all of them are read."""
        for cls in list(_classes(pkg)):
            if _is_model(cls):
                fields = _fields(cls)
                cls.set_member("__init__", _constructor(cls, fields))
                for field in fields:
                    field.labels.clear()  # "class attribute": that is how it is written only


def _classes(module: griffe.Module) -> Iterator[griffe.Class]:
    for member in module.members.values():
        if isinstance(member, griffe.Module):
            yield from _classes(member)
        elif isinstance(member, griffe.Class):
            yield member


def _is_model(cls: griffe.Class) -> bool:
    bases = [base for ancestor in (cls, *cls.mro()) for base in ancestor.bases]
    return any(
        isinstance(base, griffe.Expr) and base.canonical_path == "pydantic.BaseModel"
        for base in bases
    )


def _fields(cls: griffe.Class) -> list[griffe.Attribute]:
    return [
        member
        for member in cls.members.values()
        if isinstance(member, griffe.Attribute)
        and member.annotation is not None
        and not _is_fixed(str(member.annotation))
    ]


def _constructor(cls: griffe.Class, fields: Sequence[griffe.Attribute]) -> griffe.Function:
    taken = [
        griffe.Parameter(
            field.name,
            annotation=field.annotation,
            kind=griffe.ParameterKind.keyword_only,
            default=_default(field.value),
        )
        for field in fields
    ]
    own = griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)
    return griffe.Function(
        "__init__", parameters=griffe.Parameters(own, *taken), returns="None", parent=cls
    )


def _is_fixed(annotation: str) -> bool:
    """Whether a field belongs to the class, or has a single value, as the name of a policy has."""
    return annotation.startswith("ClassVar") or (
        annotation.startswith("Literal[") and "," not in annotation
    )


def _default(value: str | griffe.Expr | None) -> str | griffe.Expr | None:
    """What a field is where it is not given; None where it must be."""
    if not isinstance(value, griffe.ExprCall) or str(value.function) != "Field":
        return value
    given = {
        argument.name: argument.value
        for argument in value.arguments
        if isinstance(argument, griffe.ExprKeyword)
    }
    if "default_factory" in given:
        return f"{str(given['default_factory']).partition('[')[0]}()"
    return given.get("default")
