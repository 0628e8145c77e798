"""Policies by the names of the one table (`deepprune_sdk/methods.py`), with settings."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import cast

from pydantic.fields import FieldInfo

from deepprune_sdk.data.arguments import check_brought
from deepprune_sdk.data.config import Config
from deepprune_sdk.data.named import Named, among, read_named, spell, value_of
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.methods import METHODS
from deepprune_sdk.policies.base import Policy
from deepprune_sdk.policies.composed import Composed

__all__ = ["as_policy", "method", "policy_class", "settings_of"]


def as_policy(policy: Policy | str) -> Policy:
    """Return a policy, made by `method` where it is given as text.

    Raises:
        ConfigurationError: As for `method`, or it is not a policy.
    """
    if isinstance(policy, str):
        return method(policy)
    fix = "give the name of a method, as 'esc:window=4', or a policy"
    check_brought("policy", policy, ("name", "begin"), fix)
    return policy


def method(text: str) -> Policy:
    """Make the method that `text` names, with the settings it gives.

    A value is a number, `true`, `false`, `none`, a word, or several numbers joined by `/`. What
    goes with a method is joined by "+": `esc:window=4+stop-at-answer+deadline:seconds=60`.

    Raises:
        ConfigurationError: An unknown name or setting, or a value that the setting refuses; lists
            the known ones. Or two methods, of which a run has one.
    """
    given = [_known(read_named(part.strip())) for part in text.split("+")]
    own = [one.name for one in given if not METHODS[one.name].added]
    if len(own) > 1:
        raise ConfigurationError(
            f"{' and '.join(own)} are methods of their own, and a run has one: keep one of them; "
            f"what may be added to it by +: {', '.join(_additions())}"
        )
    parts = [part for one in given for part in _parts(one)]
    if len(given) == 1 and METHODS[given[0].name].policy:
        return parts[0]
    # Also a single part may be settings under a name of their own, which results are to show.
    return Composed(*parts, name="+".join(one.name for one in given))


def settings_of(name: str) -> dict[str, str | None]:
    """Return the settings of a method and their defaults, both as a user would type them.

    None stands for a value that has to be given.
    """
    found: dict[str, str | None] = {}
    for part in _spelled(name):
        for key, field in _fields(policy_class(part.name)).items():
            default = None if field.is_required() else spell(field.get_default())
            found.setdefault(key, part.settings.get(key, default))
    return found


def policy_class(name: str) -> type[Config]:
    """Return the class of a row that has one; it lies in the file named after the method."""
    module = import_module(f"{__package__}.{name.replace('-', '_')}")
    return getattr(module, METHODS[name].policy)


def _known(given: Named) -> Named:
    if given.name not in METHODS:
        known = [name for name, row in METHODS.items() if not row.added]
        raise ConfigurationError(
            f"no method {given.name!r}{among(given.name, known)}; to go with one, joined by +: "
            f"{', '.join(_additions())}"
        )
    needs = METHODS[given.name].needs
    if needs and not given.settings and not given.argument:
        raise ConfigurationError(f"{given.name} needs a setting, such as {given.name}:{needs}")
    return given


def _additions() -> Iterator[str]:
    return (name for name, row in METHODS.items() if row.added)


def _spelled(name: str) -> list[Named]:
    """Return the policies that a name stands for, each with its settings from the table."""
    row = METHODS[name]
    if row.policy:
        return [Named(name, "", {})]
    return [
        Named(part.name, "", {**part.settings, **given.settings})
        for given in map(read_named, row.parts.split("+"))
        for part in _spelled(given.name)
    ]


def _parts(given: Named) -> list[Policy]:
    """Make what a name stands for; a setting goes to the first policy that has it."""
    spelled = _spelled(given.name)
    fields = [_fields(policy_class(part.name)) for part in spelled]
    settings = [dict(part.settings) for part in spelled]
    for key, value in given.take(
        list(dict.fromkeys(key for keys in fields for key in keys))
    ).items():
        owner = next(place for place, keys in enumerate(fields) if key in keys)
        settings[owner][key] = value
    return [
        cast(
            "Policy",
            policy_class(part.name).model_validate({k: value_of(v) for k, v in own.items()}),
        )
        for part, own in zip(spelled, settings, strict=True)
    ]


def _fields(policy: type[Config]) -> dict[str, FieldInfo]:
    return {key: field for key, field in policy.model_fields.items() if key != "name"}
