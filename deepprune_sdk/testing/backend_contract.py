"""What every backend must do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import anyio

from deepprune_sdk.data.messages import Prompt, to_messages
from deepprune_sdk.data.types import Chunk, Sampling, TraceRequest
from deepprune_sdk.protocols import Backend, ContinuesPrefix
from deepprune_sdk.testing.claims import QUESTION, claim, time_limit, ungrouped
from deepprune_sdk.testing.powers import BACKEND_POWERS, keeps_powers

__all__ = ["check_backend"]

TOLD = ("confidences", "logprobs", "usage")
"""What chunks have where a server says it."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a stream brought.

    Attributes:
        text: All of it.
        told: Which of `TOLD` its chunks had.
        exact: Whether its pieces were said to be the model's tokens.
    """

    text: str
    told: frozenset[str]
    exact: bool


async def check_backend(
    backend: Backend,
    prompt: Prompt = QUESTION,
    *,
    sampling: Sampling | None = None,
    max_tokens: int = 16,
    wraps: Backend | None = None,
    within: float = 120.0,
) -> None:
    """Check a backend: its streams, leaving and cancelling them, and continuing a prefix.

    Args:
        backend: The backend, entered where it is a context manager. It streams some 8 traces.
        prompt: What to ask; the answer should be longer than two tokens.
        sampling: Further settings of the requests.
        max_tokens: Most tokens a trace.
        wraps: The backend that it wraps. Whatever that one can do it must be able to do as well,
            and what that one's chunks tell, its chunks must tell. It streams one trace.
        within: Seconds a stream.

    Raises:
        AssertionError: It breaks the contract; the text says how.
    """
    named = cast("object", backend.model)
    claim(isinstance(named, str) and bool(named), "model must be a text that is not empty")
    most = backend.concurrency
    claim(most is None or most >= 1, f"concurrency must be None or at least 1, not {most}")
    limited = (sampling or Sampling()).model_copy(update={"max_tokens": max_tokens})
    messages = to_messages(prompt)

    def asked(trace: int, *, prefix: str = "", tokens: int = max_tokens) -> TraceRequest:
        return TraceRequest(
            trace=trace,
            messages=messages,
            sampling=limited.model_copy(update={"max_tokens": tokens}),
            seed=trace if limited.send_seed else None,
            prefix=prefix,
        )

    async def streamed(request: TraceRequest, what: str, of: Backend = backend) -> _Read:
        with time_limit(within, what):
            return await _stream(of, request, what)
        raise AssertionError

    whole = await streamed(asked(0), "a stream")
    claim(bool(whole.text.strip()), "a stream brought no text")
    if wraps is not None:
        _keeps(backend, wraps)
        _tells(whole, await streamed(asked(0), "a stream of the backend inside", wraps))
    await streamed(asked(1, tokens=1), "a stream of one token")

    with time_limit(within, "leaving a stream after its first chunk"):
        async with backend.stream(asked(2)) as chunks:
            async for _ in chunks:
                break
    with time_limit(within, "leaving a stream unread"):
        async with backend.stream(asked(3)):
            pass
    with time_limit(within, "cancelling a stream"):
        with anyio.CancelScope() as scope:
            async with backend.stream(asked(4)) as chunks:
                async for _ in chunks:
                    scope.cancel()
        claim(
            scope.cancelled_caught, "a cancelled stream went on: it must not swallow cancellation"
        )

    async def another(trace: int) -> None:
        await streamed(asked(trace), "two streams at once")

    with ungrouped():
        async with anyio.create_task_group() as group:
            group.start_soon(another, 5)
            group.start_soon(another, 6)
    if isinstance(backend, ContinuesPrefix) and backend.continues_prefix:
        prefix = whole.text[: max(1, len(whole.text) // 2)]
        rest = await streamed(asked(0, prefix=prefix), "a continued prefix")
        repeats = len(prefix) > 8 and rest.text.startswith(prefix)
        claim(not repeats, "a continued prefix was repeated: only what follows it may come")


def _keeps(backend: Backend, inside: Backend) -> None:
    """Claim that a wrapper can do what the backend inside can, and asks no more of it."""
    keeps_powers(backend, inside, BACKEND_POWERS)
    most, allowed = backend.concurrency, inside.concurrency
    wide = allowed is not None and (most is None or most > allowed)
    claim(not wide, f"concurrency is {most}, though the backend inside allows {allowed}")


def _tells(read: _Read, inside: _Read) -> None:
    """Claim that a wrapper's chunks tell what those of the backend inside tell."""
    lost = ", ".join(sorted(inside.told - read.told))
    claim(not lost, f"chunks lack {lost}, which those of the backend inside have")
    claim(inside.exact or not read.exact, "chunks say exact, those of the backend inside do not")


async def _stream(backend: Backend, request: TraceRequest, what: str) -> _Read:
    """Read a stream to its end, checking every chunk."""
    pieces: list[str] = []
    told: set[str] = set()
    finish: str | None = None
    exact = True
    async with backend.stream(request) as chunks:
        async for chunk in chunks:
            claim(isinstance(cast("object", chunk), Chunk), f"{what}: {chunk!r} is no Chunk")
            claim(finish is None or not chunk.pieces, f"{what}: text came after the finish")
            for name in ("confidences", "logprobs"):
                values = cast("tuple[float, ...] | None", getattr(chunk, name))
                claim(
                    values is None or len(values) == len(chunk.pieces),
                    f"{what}: {name} must be one a piece, or None",
                )
            if chunk.usage is not None:
                usage = chunk.usage
                claim(min(usage.prompt, usage.generated) >= 0, f"{what}: usage below 0")
            pieces += chunk.pieces
            told |= {name for name in TOLD if getattr(chunk, name) is not None}
            exact = exact and chunk.exact
            finish = chunk.finish or finish
    claim(finish in ("stop", "length"), f"{what}: it ended without a finish")
    limit = request.sampling.max_tokens
    if exact and limit is not None:
        claim(len(pieces) <= limit, f"{what}: {len(pieces)} tokens, though max_tokens={limit}")
    return _Read("".join(pieces), frozenset(told), exact)
