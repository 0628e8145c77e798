"""What an exception of an HTTP client means, whichever client it is."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Literal

import httpx2
import openai

from deepprune_adapters.server.bounds import TooMuchError

__all__ = ["Failure", "failure_of", "led_to", "said_by", "untrusted"]

Failure = Literal[
    "silent", "connects too slowly", "redirects", "cannot be reached", "lost", "cannot be read"
]
"""silent: nothing came in time; lost: the connection ended before the answer did."""

LOST = {"TransportError", "EndOfStream", "BrokenResourceError", "ClientError"}
"""Names of errors of httpx, anyio and aiohttp that say that a connection has failed."""


def said_by(error: Exception) -> Exception:
    """Return the error of the transport in one of the `openai` client."""
    while isinstance(error, openai.APIConnectionError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return _as_aiohttp_said(error)


def failure_of(error: Exception) -> Failure | None:
    """Return how a request failed; None for an error that is none of a client's.

    By name: a client that the user brings may run on httpx, whose errors have the same names.
    """
    error = said_by(error)
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ConnectTimeout" in names:
        return "connects too slowly"
    timeouts = openai.APITimeoutError | TimeoutError
    if isinstance(error, timeouts) or "TimeoutException" in names:
        return "silent"
    if "TooManyRedirects" in names:
        return "redirects"
    if isinstance(error, TooMuchError) or "DecodingError" in names:
        return "cannot be read"
    if names & {"ConnectError", "ClientConnectorError"}:
        return "cannot be reached"
    transport = isinstance(error, httpx2.TransportError | openai.APIConnectionError | OSError)
    return "lost" if transport or names & LOST else None


def _as_aiohttp_said(error: Exception) -> Exception:
    """What aiohttp has raised, where its transport calls a lost connection a timeout."""
    said = error.__cause__
    if not isinstance(said, Exception) or isinstance(said, TimeoutError):
        return error
    lost = "ClientConnectionError" in {kind.__name__ for kind in type(said).__mro__}
    return said if lost else error


def led_to(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that led to it, as a traceback shows them."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def untrusted(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """Return the fault of a certificate that led to an error; clients wrap it, on trio twice."""
    return next(
        (one for one in led_to(error) if isinstance(one, ssl.SSLCertVerificationError)), None
    )
