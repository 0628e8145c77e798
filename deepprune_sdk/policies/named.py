"""Methods by name, as a command line gives them: `NAME` or `NAME:key=value,key=value`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import Policy
from deepprune_sdk.policies.composed import Composed
from deepprune_sdk.policies.confidence import DeepConf
from deepprune_sdk.policies.deepprune import DeepPrune
from deepprune_sdk.policies.full import FullSampling
from deepprune_sdk.policies.probe import ParallelProbe
from deepprune_sdk.policies.registry import BuiltIn
from deepprune_sdk.policies.settled import SettledVote
from deepprune_sdk.policies.unanimous import UnanimousWindow
from deepprune_sdk.policies.waves import Waves

__all__ = ["METHODS", "method"]

_Parts = tuple[BuiltIn, ...]

METHODS: Mapping[str, Callable[[], _Parts]] = {
    "cons": lambda: (FullSampling(),),
    "cons-settled": lambda: (FullSampling(), SettledVote()),
    "deepprune": lambda: (
        DeepPrune(tau=0.95),
        SettledVote(confidence=0.95, of="full-vote", lookahead=1.5, count_imputed=True),
    ),
    "deepprune-paper": lambda: (DeepPrune.paper(),),
    "deepconf-low": lambda: (DeepConf.low(),),
    "deepconf-high": lambda: (DeepConf.high(),),
    "adaptive-consistency": lambda: (Waves(width=1), SettledVote(confidence=0.95)),
    "esc": lambda: (UnanimousWindow(),),
    "parallel-probe": lambda: (ParallelProbe(),),
}
"""The policies a name stands for, with their default settings."""


def method(text: str) -> Policy:
    """Make the method that `text` names, with the settings it gives.

    A value is a number, `true`, `false`, `none`, a word, or several numbers joined by `/`.

    Raises:
        ConfigurationError: An unknown name or setting, or a value that the setting refuses; lists
            the known ones.
    """
    name, _, rest = text.partition(":")
    if name not in METHODS:
        raise ConfigurationError(f"no method {name!r}; known: {', '.join(METHODS)}")
    parts = METHODS[name]()
    for setting in filter(None, rest.split(",")):
        parts = _with(name, parts, setting)
    return parts[0] if len(parts) == 1 else Composed(*parts)


def _with(name: str, parts: _Parts, setting: str) -> _Parts:
    key, equals, value = setting.partition("=")
    owner = next((part for part in parts if key in _settings(part)), None)
    if owner is None or not equals:
        known = ", ".join(key for part in parts for key in _settings(part))
        raise ConfigurationError(f"{name} has no setting {setting!r}; known: {known or 'none'}")
    changed = type(owner).model_validate({**owner.model_dump(), key: _value(value)})
    return tuple(changed if part is owner else part for part in parts)


def _settings(part: BuiltIn) -> list[str]:
    return [field for field in type(part).model_fields if field != "name"]


def _value(text: str) -> Any:
    if "/" in text:
        return [_value(item) for item in text.split("/")]
    if text == "none":
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
