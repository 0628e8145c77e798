"""What a judge gave back, checked: a judge is the user's code."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import cast

from deepprune_sdk.data.figures import one_line, shown
from deepprune_sdk.data.types import Verdict
from deepprune_sdk.errors import JudgeError

__all__ = ["MalformedVerdictsError", "checked", "name_of"]


class MalformedVerdictsError(JudgeError):
    """A judge gave something else than one verdict per pair."""


def name_of(judge: object) -> str:
    """Return the name of a judge for reports and the log, whatever it says it is."""
    try:
        said: object = getattr(judge, "name", None)
    except Exception:  # a property of the user's
        said = None
    return one_line(said) or type(judge).__name__


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
        said = shown(cast("object", told), 400)
        raise MalformedVerdictsError(
            f"did not give one verdict per pair for {wanted} pairs: {said}"
        )
    return cast("Sequence[Verdict]", verdicts)
