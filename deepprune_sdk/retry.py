"""The one retry policy."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from pydantic import Field
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from deepprune_sdk.errors import BackendError
from deepprune_sdk.types import Config

__all__ = ["Retries", "retrying"]


class Retries(Config):
    """How often a request that produced nothing yet is sent again."""

    attempts: int = Field(default=4, ge=1)
    """Requests a trace in all; 1 never retries."""
    initial: float = Field(default=0.5, gt=0)
    """Seconds: upper end of the first wait. Waits double, drawn evenly from 0 (full jitter)."""
    maximum: float = Field(default=30.0, gt=0)
    """Seconds: longest wait, a wish of the provider's (Retry-After) included."""


def retrying(retries: Retries, allowed: Callable[[], bool]) -> AsyncRetrying:
    """Return a caller that repeats an operation while `allowed()` and the error is retryable."""
    backoff = wait_random_exponential(multiplier=retries.initial, max=retries.maximum)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        wish = error.retry_after if isinstance(error, BackendError) else None
        return backoff(state) if wish is None else min(wish, retries.maximum)

    return AsyncRetrying(
        sleep=anyio.sleep,
        stop=stop_after_attempt(retries.attempts),
        wait=wait,
        retry=retry_if_exception(
            lambda error: isinstance(error, BackendError) and error.retryable and allowed()
        ),
        reraise=True,
    )
