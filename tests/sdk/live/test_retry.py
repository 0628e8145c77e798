"""How long a request that failed waits before it is sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import anyio
import pytest
from tenacity import RetryCallState

from deepprune_sdk import BackendError, RateLimitError, Retries, UnavailableError
from deepprune_sdk.live.retry import retrying


def waits(retries: Retries, *errors: BackendError) -> list[float]:
    """The waits after these errors, one attempt each, on a clock that stands still."""
    retrier = retrying(retries, lambda: True)
    drawn: list[float] = []
    state = RetryCallState(retrier, None, (), {})
    for error in errors:
        state.set_exception((type(error), error, None))
        drawn.append(cast("Callable[[RetryCallState], float]", retrier.wait)(state))
        state.attempt_number += 1
    return drawn


def test_the_waits_of_one_request_last_longer_than_a_server_needs_to_come_back() -> None:
    for _ in range(20):
        first, second, third = waits(Retries(), *[UnavailableError("gone")] * 3)
        assert 0.25 <= first <= 0.5
        assert 0.5 <= second <= 1.0
        assert 1.0 <= third <= 2.0


@pytest.mark.parametrize("wish", [1e9, 10**400, float("inf"), float("nan"), -1.0, True])
def test_a_wish_to_wait_beyond_reason_is_not_kept(wish: float) -> None:
    (wait,) = waits(Retries(maximum=3.0), RateLimitError("slow down", retry_after=wish))
    assert wait == 3.0 if wish == 1e9 else 0.25 <= wait <= 0.5


@pytest.mark.anyio
async def test_a_try_at_once_is_free_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(wait: float) -> None:
        slept.append(wait)

    monkeypatch.setattr(anyio, "sleep", sleep)
    asked = 0

    async def request() -> None:
        nonlocal asked
        asked += 1
        raise UnavailableError("closed", retry_after=0.0)

    with pytest.raises(UnavailableError):
        await retrying(Retries(), lambda: True)(request)
    assert asked == Retries().attempts + 1
    assert slept[0] == 0
    assert min(slept[1:]) >= Retries().initial / 2
    asked = 0
    with pytest.raises(UnavailableError):
        await retrying(Retries(attempts=1), lambda: True)(request)
    assert asked == 1
