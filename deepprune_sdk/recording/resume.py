"""Taking up finished traces from a recording instead of paying for them twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from os import PathLike
from pathlib import Path

from deepprune_sdk.data.types import Chunk, Sampling, TraceRequest, Usage
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.protocols import Backend
from deepprune_sdk.recording.format import RecordedTrace
from deepprune_sdk.recording.live_recorder import recorded_sampling
from deepprune_sdk.recording.reader import TraceReader
from deepprune_sdk.results.ending import Finish

__all__ = ["ResumedBackend", "finished_traces"]


def finished_traces(
    path: str | PathLike[str], *, model: str, problem: str, sampling: Sampling, seed: int, n: int
) -> dict[int, RecordedTrace]:
    """Return the finished traces of a problem, by the number that each takes in a new run.

    A trace whose seed the run would send again takes that very number; the others take what is
    free, so that no new trace repeats a recorded one.

    Args:
        path: The recording; a file that is not there yet holds none.
        model: Name of the model.
        problem: Identifier of the problem.
        sampling: The run's, which theirs must equal.
        seed: The run's.
        n: Traces of the run.

    Raises:
        ConfigurationError: They were sampled otherwise, so that the two do not mix.
        RecordingError: The file is no recording.
    """
    if not Path(path).exists():
        return {}
    traces = [
        trace
        for trace in TraceReader(path)
        if trace.complete and (trace.model, trace.problem) == (model, problem)
    ]
    for trace in traces:
        _check_same(path, trace, sampling)
    chosen: dict[int, RecordedTrace] = {}
    others: list[RecordedTrace] = []
    for trace in traces:
        own = trace.sampling.get("seed")
        number = own - seed if isinstance(own, int) else -1
        if 0 <= number < n and number not in chosen:
            chosen[number] = trace
        else:
            others.append(trace)
    free = (number for number in range(n) if number not in chosen)
    return chosen | dict(zip(free, others, strict=False))


def _check_same(path: str | PathLike[str], trace: RecordedTrace, sampling: Sampling) -> None:
    then = {name: value for name, value in trace.sampling.items() if name != "seed"}
    now = recorded_sampling(sampling)
    for name in sorted((then.keys() | now.keys()) - {"top_logprobs"}):
        if then.get(name) != now.get(name):
            raise ConfigurationError(
                f"{path}: {name} of problem {trace.problem!r} was {then.get(name)!r:.80} and is "
                f"now {now.get(name)!r:.80}; resume with the same settings, or without resume="
            )


class ResumedBackend:
    """A backend some of whose traces are there already."""

    def __init__(self, backend: Backend, traces: Mapping[int, RecordedTrace]) -> None:
        """Give `traces` by their numbers in the run; the rest come from `backend`."""
        self._backend = backend
        self._traces = traces

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._backend.model

    @property
    def concurrency(self) -> int | None:
        """Most streams at once."""
        return self._backend.concurrency

    def stream(self, request: TraceRequest) -> AbstractAsyncContextManager[AsyncIterator[Chunk]]:
        """Open a stream, of the recording where it has the trace.

        Raises:
            BackendError: As the backend does.
        """
        trace = self._traces.get(request.trace)
        # A probe asks for something else than the trace itself.
        if trace is None or not trace.text.startswith(request.prefix):
            return self._backend.stream(request)
        return _replayed(trace, len(request.prefix))


@asynccontextmanager
async def _replayed(trace: RecordedTrace, begin: int) -> AsyncGenerator[AsyncIterator[Chunk]]:
    yield _each(list(_chunks(trace, begin)))


async def _each(chunks: Iterable[Chunk]) -> AsyncIterator[Chunk]:
    for chunk in chunks:
        yield chunk


def _chunks(trace: RecordedTrace, begin: int) -> Iterable[Chunk]:
    """The pieces after the first `begin` characters: reasoning, answer part, end."""
    first = 0
    while begin > 0:
        begin -= len(trace.pieces[first])
        first += 1
    finish: Finish = "length" if trace.finish == "length" else "stop"
    middle = max(first, trace.reasoning)
    for start, end in ((first, middle), (middle, trace.tokens)):
        if start < end:
            yield Chunk(
                pieces=trace.pieces[start:end],
                reasoning=end <= trace.reasoning,
                confidences=None if trace.confidence is None else trace.confidence[start:end],
                logprobs=None if trace.logprob is None else trace.logprob[start:end],
            )
    yield Chunk(finish=finish, usage=Usage(generated=trace.tokens - first))
