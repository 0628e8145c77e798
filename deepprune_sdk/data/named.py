"""What is given by name, with settings: `NAME`, `NAME:key=value,key=value`, `NAME:ARGUMENT`.

Methods, judges and the command line's own judges are all spelled so, and read here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from deepprune_sdk.errors import ConfigurationError

__all__ = ["Named", "among", "read_named", "spell", "value_of"]

SETTING = re.compile(r"\w+=")
"""How a setting begins."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name and what came with it, as text.

    Attributes:
        name: What was named.
        argument: What follows the colon and is not a setting, or "".
        settings: The rest, by key.
    """

    name: str
    argument: str
    settings: Mapping[str, str]

    def take(self, known: Sequence[str], *, argument: str = "") -> dict[str, str]:
        """Return the settings, those `known` at most.

        Args:
            known: Keys of the settings that there are.
            argument: The key of the setting that may be given without its key, or "".

        Raises:
            ConfigurationError: There is no such setting; lists the known ones. Or one is given
                with its key and without it.
        """
        settings = dict(self.settings)
        if self.argument and argument in settings:
            raise ConfigurationError(_twice(f"{self.name}:{self.argument}", argument))
        if self.argument and argument:
            settings[argument] = self.argument
        elif self.argument:
            raise ConfigurationError(self._unknown(self.argument, known))
        for key, value in settings.items():
            if key not in known:
                raise ConfigurationError(self._unknown(f"{key}={value}", known))
        return settings

    def _unknown(self, setting: str, known: Sequence[str]) -> str:
        key, equals, _ = setting.partition("=")
        if key in known and not equals:
            return f"{self.name}: {key} needs a value, as in {self.name}:{key}=..."
        return f"{self.name} has no setting {setting!r}{among(key, known)}"


def read_named(text: str) -> Named:
    """Take a name apart from what follows its first colon.

    Settings are what the text ends in: the argument before them may hold commas and equal signs of
    its own, as paths and addresses do.

    Raises:
        ConfigurationError: A setting is given twice.
    """
    name, _, rest = text.strip().partition(":")
    items = rest.split(",")
    first = len(items)
    while first and (not items[first - 1] or SETTING.match(items[first - 1])):
        first -= 1
    settings: dict[str, str] = {}
    for item in filter(None, items[first:]):
        key, _, value = item.partition("=")
        if key in settings:
            raise ConfigurationError(_twice(text.strip(), key))
        settings[key] = value
    return Named(name, ",".join(items[:first]), settings)


def _twice(text: str, key: str) -> str:
    return f"{text}: {key} is given twice; give it once"


def value_of(text: str) -> Any:
    """Read a value: a number, `true`, `false`, `none`, a word, or several joined by `/`."""
    if "/" in text:
        return [value_of(item) for item in text.split("/")]
    if text == "none":
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # of a text that nests without end
        return text


def spell(value: object) -> str:
    """Write a value so that `value_of` reads it."""
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def among(name: str, known: Iterable[str]) -> str:
    """Say what is known instead of `name`, and which of it comes near: the end of a message."""
    names = list(known)
    near = get_close_matches(name, names)
    hint = f": did you mean {' or '.join(near)}?" if near else ";"
    return f"{hint} known: {', '.join(names) or 'none'}"
