"""Telling a cancellation that was asked for from one that got away."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Iterator
from math import inf
from typing import TypeVar, cast

from anyio import current_effective_deadline, get_cancelled_exc_class

from deepprune_sdk.errors import DeepPruneError

__all__ = ["is_cancellation", "is_foreign", "uncancelled"]

T = TypeVar("T")


def is_foreign(error: BaseException) -> bool:
    """Whether `error` is a cancellation that none of the scopes around the caller has asked for.

    A library lets one get away when its own timeout or a future that it has cancelled is not caught
    where it was made. A task group takes it for its own and would end without a word.
    """
    leaves = list(_leaves(error))
    return (
        any(is_cancellation(leaf) for leaf in leaves)
        and all(is_cancellation(leaf) or isinstance(leaf, Exception) for leaf in leaves)
        and current_effective_deadline() > -inf
    )


def is_cancellation(error: BaseException) -> bool:
    """Whether `error` cancels a task of the event loop that is running, or of any on asyncio."""
    try:
        return isinstance(error, CancelledError | get_cancelled_exc_class())
    except RuntimeError:  # no event loop is running
        return isinstance(error, CancelledError)


def uncancelled(step: Callable[[], T]) -> T:
    """Call what never waits, so that a cancellation out of it cannot be its caller's.

    Raises:
        DeepPruneError: A policy raised one all the same.
    """
    try:
        return step()
    except BaseException as error:
        if not is_cancellation(error):
            raise
        raise DeepPruneError(
            f"the policy raised {type(error).__name__}: it has to catch what it cancels itself"
        ) from error


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _leaves(inner)
    else:
        yield error
