"""What a judge gave back, checked: a judge is the user's code."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import cast

from deepprune_sdk.data.types import Verdict
from deepprune_sdk.errors import JudgeError

__all__ = ["MalformedVerdictsError", "checked"]


class MalformedVerdictsError(JudgeError):
    """A judge gave something else than one verdict per pair."""


def checked(told: object, wanted: int) -> Sequence[Verdict]:
    """Return what a judge gave for `wanted` pairs.

    Raises:
        MalformedVerdictsError: It is not one verdict per pair.
    """
    if not isinstance(told, Sequence) or len(cast("Sequence[object]", told)) != wanted:
        raise _malformed(told, wanted)
    for verdict in cast("Sequence[object]", told):
        if not isinstance(verdict, Verdict) or not isinstance(verdict.probability, Real | None):
            raise _malformed(told, wanted)
    return cast("Sequence[Verdict]", told)


def _malformed(told: object, wanted: int) -> MalformedVerdictsError:
    return MalformedVerdictsError(
        f"did not give one verdict per pair for {wanted} pairs: {told!r:.400}"
    )
