"""Async methods for callers that are not async: one portal over the async code, no second copy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from anyio.from_thread import start_blocking_portal

__all__ = ["blocking"]

P = ParamSpec("P")
T = TypeVar("T")
Owner = TypeVar("Owner")


def blocking(
    method: Callable[Concatenate[Owner, P], Awaitable[T]],
) -> Callable[Concatenate[Owner, P], T]:
    """Return a method that calls the async one, waits, and returns or raises what it does.

    Each call has an event loop of its own, in a thread that ends with the call. So it works in any
    thread, inside a running event loop too (whose thread it holds up), and nothing is left over
    that a fork could inherit or the end of the process wait for. An interrupt (Ctrl-C) cancels the
    async method, waits for its clean-up, and is raised.
    """
    name = getattr(method, "__name__", "")

    @wraps(method)
    def call(owner: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        bound: Callable[..., Awaitable[Any]] = getattr(owner, name)  # of a subclass, its own
        with start_blocking_portal(name=f"{name}-portal") as portal:
            return portal.call(partial(bound, *args, **kwargs))

    call.__name__ = f"{name}_sync"
    call.__qualname__ = f"{getattr(method, '__qualname__', name)}_sync"
    call.__doc__ = f"Call `{name}` and wait, from code that is not async."
    return call
