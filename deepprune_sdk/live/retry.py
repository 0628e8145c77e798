"""The one retry policy."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from pydantic import Field
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_exponential, wait_random_exponential

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.figures import seconds
from deepprune_sdk.errors import BackendError, RateLimitError

__all__ = ["Retries", "retrying"]


class Retries(Config):
    """How often a request that produced nothing yet is sent again."""

    attempts: int = Field(default=4, ge=1)
    """Requests per trace in all; 1 never retries."""
    initial: float = Field(default=0.5, gt=0)
    """Seconds: upper end of the first wait. It doubles with each attempt, and each wait is drawn
    evenly between half of it and it."""
    maximum: float = Field(default=30.0, gt=0)
    """Seconds: longest wait, also where the provider asks for a longer one (Retry-After)."""
    patience: float = Field(default=20.0, gt=0)
    """Seconds since its first request within which a trace's request is sent again. A rate limit
    (429) is waited for longer."""


def retrying(
    retries: Retries,
    allowed: Callable[[], bool],
    *,
    waits_its_turn: Callable[[], bool] = lambda: False,
) -> AsyncRetrying:
    """Return a caller that repeats an operation while `allowed()` and the error is retryable.

    An error that is worth a try at once (a kept connection that the server had closed) gets one,
    which costs no attempt. Where that meets the same fault, the server is at fault, and it waits.

    Args:
        retries: How often and when.
        allowed: Whether the operation may be repeated at all.
        waits_its_turn: Whether a 429 now only says that others are being served: then it does not
            count as a failed attempt.
    """
    attempts = 0
    free = retries.attempts > 1

    def stop(state: RetryCallState) -> bool:
        nonlocal attempts, free
        if free and _wish(state) == 0:
            free = False
            return False
        limited = isinstance(_error(state), RateLimitError)
        attempts += not (limited and waits_its_turn())
        late = (state.seconds_since_start or 0.0) >= retries.patience
        return attempts >= retries.attempts or (late and not limited)

    longest = wait_exponential(multiplier=retries.initial, max=retries.maximum)
    drawn = wait_random_exponential(multiplier=retries.initial, max=retries.maximum)

    def wait(state: RetryCallState) -> float:
        wish = _wish(state)
        if wish or (wish == 0 and free):  # this is asked before `stop` is
            return min(wish, retries.maximum)
        # Half of each wait is sure, so that a server which is down for a moment is not met again
        # and again within it; the other half is drawn, so that requests do not come back together.
        return 0.5 * (longest(state) + drawn(state))

    return AsyncRetrying(
        sleep=anyio.sleep,
        stop=stop,
        wait=wait,
        retry=retry_if_exception(
            lambda error: isinstance(error, BackendError) and error.retryable and allowed()
        ),
        reraise=True,
    )


def _wish(state: RetryCallState) -> float | None:
    """Seconds that the provider asks to wait; 0 where a try is worth it at once."""
    error = _error(state)
    return seconds(error.retry_after) if isinstance(error, BackendError) else None


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
