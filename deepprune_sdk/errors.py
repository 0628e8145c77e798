"""Every exception the SDK raises.

```
DeepPruneError                 everything below; `partial` holds what had been generated
├── ConfigurationError         wrong use: fix the call (exit code 2 on the command line)
│   └── MissingExtraError      an optional dependency is not installed
├── BackendError               a provider refused, failed or broke off
│   ├── AuthenticationError    401, 403
│   ├── ModelNotFoundError     404
│   ├── BadRequestError        400, 422: a parameter that the provider refuses
│   ├── RateLimitError         429
│   ├── UnavailableError       unreachable, 5xx
│   ├── BackendTimeoutError    connected, but silent or too slow
│   └── ProtocolError          it answered, but not as an OpenAI-compatible server
├── JudgeError                 a judge cannot be used at all
├── RecordingError             a recording or a run log that cannot be read
├── RunTimeoutError            `solve(timeout=)` is over; also a TimeoutError
├── AllTracesFailedError       no trace of a run produced anything
└── BatchError                 some prompts of `solve_many` failed; the others' results are kept
```

A trace that fails inside a run, and a judge that fails on a pair, are events and counts in the
result, never exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepprune_sdk.results.result import Result

__all__ = [
    "AllTracesFailedError",
    "AuthenticationError",
    "BackendError",
    "BackendTimeoutError",
    "BadRequestError",
    "BatchError",
    "ConfigurationError",
    "DeepPruneError",
    "JudgeError",
    "MissingExtraError",
    "ModelNotFoundError",
    "ProtocolError",
    "RateLimitError",
    "RecordingError",
    "RunTimeoutError",
    "UnavailableError",
]


class DeepPruneError(Exception):
    """Base of every error of the SDK.

    Attributes:
        partial: What the run had generated when the error ended it, or None; of many prompts
            (`BatchError`) there is one per prompt.
    """

    partial: Result | None = None


class ConfigurationError(DeepPruneError):
    """A value that cannot work; the message names the value and the fix."""


class MissingExtraError(ConfigurationError):
    """An optional dependency is not installed; the message names the extra that brings it."""

    def __init__(self, *, extra: str, package: str) -> None:
        """Say that `package` is missing and that `extra` installs it."""
        super().__init__(
            f"the package {package!r} is not installed: pip install 'deepprune-sdk[{extra}]'"
        )
        self.extra = extra
        self.package = package


class BackendError(DeepPruneError):
    """A provider refused, failed or broke off.

    Attributes:
        retryable: Whether the same request may succeed later.
        retry_after: Seconds the provider asks to wait, or None.
        fatal: Whether every other trace of the run must fail in the same way, so that the run
            should end with this error instead of trying n times.
    """

    retryable: bool = False
    fatal: bool = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Keep the provider's wish to wait `retry_after` seconds with the message."""
        super().__init__(message)
        self.retry_after = retry_after


class AuthenticationError(BackendError):
    """The key is missing, wrong or not allowed to use the model (401, 403)."""

    fatal = True


class ModelNotFoundError(BackendError):
    """The server does not know the model, or the address has no such endpoint (404)."""

    fatal = True


class BadRequestError(BackendError):
    """The provider refuses the request as it is (400, 422)."""

    fatal = True


class RateLimitError(BackendError):
    """Too many requests, or the quota is used up (429)."""

    retryable = True


class UnavailableError(BackendError):
    """The server cannot be reached or answers 5xx."""

    retryable = True


class BackendTimeoutError(BackendError):
    """The server accepted the request and then stayed silent, or took too long in total."""

    retryable = True


class ProtocolError(BackendError):
    """The server answered with something an OpenAI-compatible server does not send."""


class JudgeError(DeepPruneError):
    """A judge cannot be used at all, as opposed to one verdict that failed."""


class RecordingError(DeepPruneError):
    """A recording or a run log that cannot be read; the message names file, line and field."""


class RunTimeoutError(DeepPruneError, TimeoutError):
    """A run took longer than its caller allowed; `partial` has what it had found."""


class AllTracesFailedError(DeepPruneError):
    """No trace of a run produced anything to vote on.

    Attributes:
        causes: One error message per failed trace, by the trace's number.
    """

    def __init__(self, causes: Mapping[int, str]) -> None:
        """Summarise `causes`; the message repeats the first one."""
        self.causes: dict[int, str] = dict(causes)
        first = next(iter(self.causes.values()), "no trace was started")
        count = len(self.causes)
        super().__init__(first if count <= 1 else f"all {count} traces failed; the first: {first}")


class BatchError(DeepPruneError):
    """Some prompts of `solve_many` failed after all of them had been tried.

    Attributes:
        results: One result per prompt, in the order of the prompts; None where it failed.
        errors: The error of each failed prompt, by its position.
        partial: As `results`, but of a prompt that failed what its run had found.
    """

    def __init__(
        self,
        results: list[Result | None],
        errors: Mapping[int, DeepPruneError],
        partial: Sequence[Result | None] | None = None,
    ) -> None:
        """Keep every result next to the errors, and what the failed ones had found."""
        self.results = results
        # One for each prompt: no other error is about more than one run.
        self.partial: Sequence[Result | None] = partial or results  # pyright: ignore[reportIncompatibleVariableOverride]
        self.errors: dict[int, DeepPruneError] = dict(errors)
        position, first = next(iter(self.errors.items()))
        super().__init__(
            f"{len(self.errors)} of {len(results)} prompts failed; number {position}: {first}"
        )
