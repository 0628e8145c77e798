"""Methods by name, as a command line gives them: `NAME` or `NAME:key=value,key=value`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import Policy
from deepprune_sdk.policies.composed import Composed
from deepprune_sdk.policies.cons import FullSampling
from deepprune_sdk.policies.deepconf import DeepConf
from deepprune_sdk.policies.deepprune import DeepPrune
from deepprune_sdk.policies.esc import UnanimousWindow
from deepprune_sdk.policies.parallel_probe import ParallelProbe
from deepprune_sdk.policies.records import BuiltIn
from deepprune_sdk.policies.settled import SettledVote
from deepprune_sdk.policies.stop_at_answer import StopAtAnswer
from deepprune_sdk.policies.token_budget import Deadline, TokenBudget
from deepprune_sdk.policies.waves import Waves

__all__ = ["METHODS", "method"]

_Parts = tuple[BuiltIn, ...]

METHODS: Mapping[str, Callable[[], _Parts]] = {
    "cons": lambda: (FullSampling(),),
    "cons-settled": lambda: (FullSampling(), SettledVote()),
    "deepprune": lambda: (
        DeepPrune(tau=0.98),
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


ADDITIONS: Mapping[str, type[BuiltIn]] = {
    "deadline": Deadline,
    "settled": SettledVote,
    "stop-at-answer": StopAtAnswer,
    "token-budget": TokenBudget,
    "waves": Waves,
}
"""Policies that go with any method, joined by "+"."""


def method(text: str) -> Policy:
    """Make the method that `text` names, with the settings it gives.

    A value is a number, `true`, `false`, `none`, a word, or several numbers joined by `/`. What
    goes with a method is joined by "+": `esc:window=4+stop-at-answer+deadline:seconds=60`.

    Raises:
        ConfigurationError: An unknown name or setting, or a value that the setting refuses; lists
            the known ones.
    """
    parts = [part for one in text.split("+") for part in _named(one)]
    return parts[0] if len(parts) == 1 else Composed(*parts)


def _named(text: str) -> _Parts:
    name, _, rest = text.partition(":")
    given = [setting.partition("=") for setting in filter(None, rest.split(","))]
    if name in ADDITIONS:
        settings = {key: _value(value) for key, _, value in given}
        return (ADDITIONS[name].model_validate(settings),)
    if name not in METHODS:
        raise ConfigurationError(
            f"no method {name!r}; known: {', '.join(METHODS)}; to go with one, joined by +: "
            f"{', '.join(ADDITIONS)}"
        )
    parts = METHODS[name]()
    for key, equals, value in given:
        owner = next((part for part in parts if key in _settings(part)), None)
        if owner is None or not equals:
            known = ", ".join(key for part in parts for key in _settings(part))
            raise ConfigurationError(
                f"{name} has no setting {f'{key}{equals}{value}'!r}; known: {known or 'none'}"
            )
        changed = type(owner).model_validate({**owner.model_dump(), key: _value(value)})
        parts = tuple(changed if part is owner else part for part in parts)
    return parts


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
