"""Async methods for callers that are not async: one portal over the async code, no second copy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from inspect import signature
from typing import Concatenate, ParamSpec, TypeVar

from anyio.from_thread import start_blocking_portal

__all__ = ["like", "wait_for"]

P = ParamSpec("P")
T = TypeVar("T")
Owner = TypeVar("Owner")


def wait_for(method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call an async method, wait, and return or raise what it does.

    Each call has an event loop of its own, in a thread that ends with the call. So it works in any
    thread, inside a running event loop too (whose thread it holds up), and nothing is left over
    that a fork could inherit or the end of the process wait for. An interrupt (Ctrl-C) cancels the
    async method, waits for its clean-up, and is raised.
    """
    name = getattr(method, "__name__", "")
    with start_blocking_portal(name=f"{name}-portal") as portal:
        return portal.call(partial(method, *args, **kwargs))


def like(
    method: Callable[Concatenate[Owner, P], Awaitable[T]],
) -> Callable[[Callable[..., T]], Callable[Concatenate[Owner, P], T]]:
    """Give the method that is decorated the parameters of an async one: there is no second list."""

    def decorate(made: Callable[..., T]) -> Callable[Concatenate[Owner, P], T]:
        setattr(made, "__signature__", signature(method))  # noqa: B010  no such attribute is declared
        return made

    return decorate
