"""What callers give, looked at once: taken where its meaning is plain, else refused in one line.

Settings check themselves (`Config`). These are the arguments beside them: numbers, times, paths and
the objects that users bring. Every message names the value and the fix. An
argument of a class is named `Class.argument`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, SupportsFloat, SupportsIndex, TypeVar, cast

from deepprune_sdk.data.config import Config
from deepprune_sdk.errors import ConfigurationError

__all__ = [
    "as_flag",
    "as_number",
    "as_path",
    "as_seconds",
    "as_settings",
    "as_texts",
    "as_whole",
    "check_brought",
    "check_source",
    "check_text",
    "check_texts",
    "shown",
]

C = TypeVar("C", bound=Config)

SHOWN = 80
"""Characters of a value that a message repeats."""

MOST = 2**63 - 1
"""The largest whole number that is taken."""


def shown(value: object) -> str:
    """Write a value for a message, in one line that is not long."""
    try:
        text = repr(value)
    except Exception:  # a repr of the user's own
        text = f"an object of {type(value).__name__}"
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _given(name: str, value: object) -> str:
    """Write an argument as it was given: `n=0`, or `CachedJudge(max_entries=0)` of a class."""
    owner, _, setting = name.rpartition(".")
    return f"{owner}({setting}={shown(value)})" if owner else f"{name}={shown(value)}"


def as_whole(name: str, value: object, *, least: int | None = 1) -> int:
    """Return a whole number: an int, one of numpy's, 4.0 or "4".

    Raises:
        ConfigurationError: It is another thing, or below `least`.
    """
    number: int | None = None
    if isinstance(value, SupportsIndex) and not isinstance(value, bool | type):
        number = value.__index__()
    elif isinstance(value, str | float):
        try:  # "4" and 4.0, but not 1.5
            number = int(value) if isinstance(value, str) or value.is_integer() else None
        except ValueError:
            number = None
    if number is not None and number > MOST:
        raise ConfigurationError(f"{_given(name, value)}: give a smaller number")
    if number is None or (least is not None and number < least):
        bound = "" if least is None else f", {least} or more"
        raise ConfigurationError(f"{_given(name, value)}: give a whole number{bound}")
    return number


def as_number(name: str, value: object) -> float:
    """Return a finite number: a float, an int, one of numpy's or "0.5".

    Raises:
        ConfigurationError: It is another thing, or not finite.
    """
    number = math.nan
    if isinstance(value, SupportsFloat | str) and not isinstance(value, bool | type):
        try:
            number = float(value)
        except (ValueError, TypeError, OverflowError):
            number = math.nan
    if not math.isfinite(number):
        raise ConfigurationError(f"{_given(name, value)}: give a number")
    return value if isinstance(value, int | float) else number


def as_seconds(name: str, value: object) -> float | None:
    """Return a time limit; None, which stays None, and infinity are no limit.

    Raises:
        ConfigurationError: It is not a number above 0.
    """
    if value is None or value == math.inf:
        return None
    try:
        seconds = as_number(name, value)
    except ConfigurationError:
        seconds = 0.0
    if seconds <= 0:
        raise ConfigurationError(f"{_given(name, value)}: give seconds above 0")
    return seconds


def as_flag(name: str, value: object) -> bool:
    """Return True or False.

    Raises:
        ConfigurationError: It is neither: a word such as "no" would count as true.
    """
    if type(value).__name__ in {"bool", "bool_"}:  # numpy's too
        return bool(value)
    raise ConfigurationError(f"{_given(name, value)}: give True or False")


def as_path(name: str, value: object) -> str | PathLike[str]:
    """Return a path.

    Raises:
        ConfigurationError: It is another thing, an open file for one.
    """
    if isinstance(value, str):
        if value:
            return value
    elif isinstance(value, PathLike):
        return cast("PathLike[str]", value)
    opened = getattr(value, "name", None) if hasattr(value, "read") else None
    fix = f"give its path, {opened!r}" if isinstance(opened, str) else "give a path"
    raise ConfigurationError(f"{_given(name, value)}: {fix}")


def as_settings(name: str, value: object, kind: type[C]) -> C:
    """Return settings, made of a dict of their fields where they are given so; None: the defaults.

    Raises:
        ConfigurationError: It is another thing, or a field has a value that it refuses.
    """
    if isinstance(value, kind):
        return value
    if value is None:
        return kind.model_validate({})
    if isinstance(value, Mapping):
        return kind.model_validate(dict(cast("Mapping[str, Any]", value)))
    if isinstance(value, list | tuple):  # a price may be its bare numbers
        return kind.model_validate(value)
    needed = [key for key, field in kind.model_fields.items() if field.is_required()]
    how = f"{kind.__name__}({', '.join(f'{key}=...' for key in needed)})"
    raise ConfigurationError(f"{_given(name, value)}: give {how}, or a dict of its settings")


def check_text(name: str, value: object, fix: str) -> None:
    """Check that a value is a text, and not an empty one.

    Raises:
        ConfigurationError: It is not, with what to do.
    """
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{_given(name, value)}: {fix}")


def as_texts(name: str, value: object) -> tuple[str, ...]:
    """Return several texts; a single one will do.

    Raises:
        ConfigurationError: It is another thing.
    """
    if isinstance(value, str):
        return (value,)
    listed = isinstance(value, list | tuple | set | frozenset)
    several = list(cast("Iterable[object]", value)) if listed else [None]
    if not all(isinstance(one, str) for one in several):
        raise ConfigurationError(f"{_given(name, value)}: give texts, as ('a', 'b')")
    return tuple(cast("list[str]", several))


def check_texts(name: str, value: object) -> None:
    """Check that a value has texts by name, as headers and mappings of fields do.

    Raises:
        ConfigurationError: It is another thing. It is not shown: headers may be secrets.
    """
    kind = type(value).__name__
    texts: list[object] = [None]
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value)
        texts = [*items.keys(), *items.values()]
    if not all(isinstance(text, str) for text in texts):
        raise ConfigurationError(f"{name}: give a dict of texts, not {kind}")


def check_brought(name: str, value: object, needs: Sequence[str], fix: str) -> None:
    """Check that an object has what a protocol of `deepprune_sdk.protocols` asks for.

    Args:
        name: The argument.
        value: What was given for it.
        needs: Attributes and methods.
        fix: What to give instead.

    Raises:
        ConfigurationError: It is a class and not an object of it, or something is missing.
    """
    if isinstance(value, type):
        raise ConfigurationError(
            f"{name}={value.__name__} is a class: give an object of it, {value.__name__}(...)"
        )
    missing = [need for need in needs if not _has(value, need)]
    if missing:
        lacks = "" if isinstance(value, str | None) else f" has no {', '.join(missing)}"
        raise ConfigurationError(f"{_given(name, value)}{lacks}: {fix}")


def check_source(name: str, value: object) -> None:
    """Check that a value is a backend.

    Raises:
        ConfigurationError: It is not, with how one is made of it.
    """
    fix = "give a backend, as OpenAIBackend(model) of deepprune_adapters.openai"
    if isinstance(value, str):
        fix = f"give OpenAIBackend({shown(value)}) of deepprune_adapters.openai"
    elif hasattr(value, "chat") and hasattr(value, "base_url"):  # a client of openai's, or like it
        fix = "give OpenAIBackend(model, server=Server(client=...)) with an AsyncOpenAI"
        value = type(value).__name__ + "(...)"  # a client's own repr may hold its key
    check_brought(name, value, ("model", "concurrency", "stream"), fix)


def _has(value: object, need: str) -> bool:
    try:
        return hasattr(value, need)
    except Exception:  # a property that cannot be read yet: a server that is not running
        return True
