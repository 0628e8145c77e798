"""What the checks share: a claim that must hold, and a limit on waiting for it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import anyio

__all__ = ["QUESTION", "claim", "time_limit", "ungrouped"]

QUESTION = "A box holds 12 pencils. How many pencils are in 3 boxes?"


@contextmanager
def time_limit(seconds: float, what: str) -> Generator[None]:
    """Fail where a block takes too long."""
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError as error:
        raise AssertionError(f"{what} took more than {seconds:g} s") from error


@contextmanager
def ungrouped() -> Generator[None]:
    """Let a claim that failed in a task be seen as it is."""
    try:
        yield
    except* AssertionError as group:
        raise AssertionError(str(group.exceptions[0])) from group


def claim(holds: bool, what: str) -> None:
    """Fail with a text unless a claim holds."""
    if not holds:
        raise AssertionError(what)
