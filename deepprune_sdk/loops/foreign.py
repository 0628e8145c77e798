"""Telling a cancellation that was asked for from one that got away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from typing import TypeVar, cast

from anyio import current_effective_deadline, get_cancelled_exc_class

from deepprune_sdk.errors import DeepPruneError

__all__ = ["is_foreign", "uncancelled"]

T = TypeVar("T")


def is_foreign(error: BaseException) -> bool:
    """Whether `error` is a cancellation that none of the scopes around the caller has asked for.

    A library lets one get away when its own timeout or a future that it has cancelled is not caught
    where it was made. A task group takes it for its own and would end without a word.
    """
    cancelled = get_cancelled_exc_class()
    leaves = list(_leaves(error))
    return (
        any(isinstance(leaf, cancelled) for leaf in leaves)
        and all(isinstance(leaf, cancelled | Exception) for leaf in leaves)
        and current_effective_deadline() > -inf
    )


def uncancelled(step: Callable[[], T]) -> T:
    """Call what never waits, so that a cancellation out of it cannot be its caller's.

    Raises:
        DeepPruneError: A policy or an extractor raised one all the same.
    """
    try:
        return step()
    except get_cancelled_exc_class() as error:
        raise DeepPruneError(
            f"a policy or the kind of answers raised {type(error).__name__}: it has to catch what "
            "it cancels itself"
        ) from error


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _leaves(inner)
    else:
        yield error
