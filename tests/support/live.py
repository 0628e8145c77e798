"""Backends and judges for live runs that wait for what a test does, never for a time."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import anyio

from deepprune_sdk.data import Chunk, Pair, TraceRequest, Verdict

Step = str | Chunk | Exception | anyio.Event | Callable[[], object]


def never() -> anyio.Event:
    """An event that nobody sets: a stream that waits for it stays open until it is closed."""
    return anyio.Event()


class StepBackend:
    """Streams that go step by step: say a token, await an event, raise an error, call a function.

    Attributes:
        open: Streams open at the moment.
        closed: Set when the stream of a trace has been left.
        requests: Every request, in order.

    Tasks run in any order, so a test in which it matters who comes first makes the others wait.
    """

    model = "steps"

    def __init__(
        self,
        *traces: Sequence[Step],
        concurrency: int | None = None,
        continued: Mapping[int, Sequence[Step]] | None = None,
    ) -> None:
        self.traces = dict(enumerate(traces))
        self.continued = continued or {}
        self.continues_prefix = continued is not None
        self.concurrency = concurrency
        self.open: set[int] = set()
        self.most_open = 0
        self.closed = [anyio.Event() for _ in traces]
        self.requests: list[TraceRequest] = []

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        self.requests.append(request)
        self.open.add(request.trace)
        self.most_open = max(self.most_open, len(self.open))
        try:
            yield self._chunks((self.continued if request.prefix else self.traces)[request.trace])
        finally:
            self.open.discard(request.trace)
            self.closed[request.trace].set()

    async def _chunks(self, steps: Sequence[Step]) -> AsyncIterator[Chunk]:
        for step in steps:
            match step:
                case str():
                    yield Chunk(pieces=(step,))
                case Chunk():
                    yield step
                case Exception():
                    raise step
                case anyio.Event():
                    await step.wait()
                case _:
                    step()
        yield Chunk(finish="stop")


class AwkwardJudge:
    """Answers every batch with the same thing, or raises it."""

    name = "awkward"
    costs_tokens = False

    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def compare(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # pyright: ignore[reportReturnType]


class StuckJudge:
    """Never answers."""

    name = "stuck"
    costs_tokens = False

    async def compare(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        await anyio.sleep_forever()
        raise AssertionError
