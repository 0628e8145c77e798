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
    verdicts = cast("Sequence[object]", told) if isinstance(told, Sequence) else None
    if (
        verdicts is None
        or len(verdicts) != wanted
        or not all(
            isinstance(verdict, Verdict) and isinstance(verdict.probability, Real | None)
            for verdict in verdicts
        )
    ):
        raise MalformedVerdictsError(
            f"did not give one verdict per pair for {wanted} pairs: {told!r:.400}"
        )
    return cast("Sequence[Verdict]", verdicts)
