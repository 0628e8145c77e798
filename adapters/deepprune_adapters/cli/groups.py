"""Options in groups: a command takes a dataclass as one value, the command line its fields."""

from __future__ import annotations

import inspect
import signal
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

import typer

from deepprune_adapters.cli.views.text import complain

__all__ = ["add_command"]


def add_command(
    app: typer.Typer, function: Callable[..., int], name: str | None = None, *, epilog: str = ""
) -> None:
    """Add a command whose parameters may be groups of options.

    A parameter that is annotated with a dataclass is one. Each of its fields is annotated as typer
    wants a parameter to be, and stands in the help where the group stands in the signature.

    Args:
        app: Where the command is added.
        function: Does the work and returns the exit code.
        name: The command's name; by default the function's.
        epilog: Follows the options in the help.
    """
    app.command(name, epilog=epilog)(_flattened(function))


def _flattened(function: Callable[..., int]) -> Callable[..., int]:
    """Return the function as typer reads and calls it: with the fields in place of their groups."""
    groups: dict[str, type[Any]] = {}
    flat: list[inspect.Parameter] = []
    hints = get_type_hints(function, include_extras=True)
    for parameter in inspect.signature(function).parameters.values():
        hint: Any = hints[parameter.name]
        if is_dataclass(hint) and isinstance(hint, type):
            groups[parameter.name] = hint
            own = get_type_hints(hint, include_extras=True)
            flat += [_parameter(field, own[field.name]) for field in fields(hint)]
        else:
            flat.append(parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=hint))

    @wraps(function)
    def command(**given: Any) -> int:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        try:
            return function(**given)
        except KeyboardInterrupt:  # of a command that has nothing to end with
            complain("interrupted")
            return 128 + signal.SIGINT

    # What `inspect.signature`, and so typer, takes for the signature of a function.
    vars(command)["__signature__"] = inspect.Signature(flat)
    return command


def _parameter(field: Field[Any], annotation: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(field.name, kind, default=default, annotation=annotation)
