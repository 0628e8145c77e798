"""Optional powers of backends and judges, and whether a wrapper keeps those of what it wraps."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

from deepprune_sdk.protocols import (
    Closes,
    ContinuesPrefix,
    ScoresInline,
    SharesPrompt,
    TakesExtractor,
)
from deepprune_sdk.testing.claims import claim

__all__ = ["BACKEND_POWERS", "JUDGE_POWERS", "keeps_powers"]

_ANY: Final[Mapping[type, str]] = {Closes: "aclose()", AbstractAsyncContextManager: "async with"}

BACKEND_POWERS: Final[Mapping[type, str]] = {
    ContinuesPrefix: "continues_prefix",
    SharesPrompt: "shares_prompt",
    **_ANY,
}
"""What a backend may have besides the protocol, as `isinstance` finds it, and how it is used."""

JUDGE_POWERS: Final[Mapping[type, str]] = {
    ScoresInline: "score()",
    TakesExtractor: "with_answers()",
    **_ANY,
}
"""The same of a judge."""


def keeps_powers(wrapper: object, wrapped: object, powers: Mapping[type, str]) -> None:
    """Claim that a wrapper has every power of what it wraps; it may have more."""
    drops = f"{type(wrapper).__name__} drops a power of the {type(wrapped).__name__} that it wraps"
    for power, used in powers.items():
        kept = _has(wrapper, power) or not _has(wrapped, power)
        claim(kept, f"{drops}: {used} ({power.__name__})")


def _has(thing: object, power: type) -> bool:
    """Whether a power is there; one that is a property is there by its value."""
    flags = [name for name, member in vars(power).items() if isinstance(member, property)]
    return isinstance(thing, power) and all(getattr(thing, name) for name in flags)
