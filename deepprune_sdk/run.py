"""The live shell round the engine: streams, judge calls, cancellation."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast

import anyio
from anyio.abc import TaskGroup

from deepprune_sdk.engine import PROBE, Engine
from deepprune_sdk.errors import AllTracesFailedError, BackendError, DeepPruneError
from deepprune_sdk.events import Event
from deepprune_sdk.feed import Feed
from deepprune_sdk.judging import Judging
from deepprune_sdk.protocols import Backend
from deepprune_sdk.recording.live import TraceRecorder
from deepprune_sdk.recording.runlog import RunLogWriter
from deepprune_sdk.result import Result
from deepprune_sdk.retry import Retries, retrying
from deepprune_sdk.signals import (
    Action,
    Arrived,
    Ask,
    Close,
    End,
    Ended,
    Failed,
    Judged,
    Probe,
    Probed,
    Signal,
    Start,
    Stop,
    Tick,
)
from deepprune_sdk.summary import summarize
from deepprune_sdk.trace import Pair
from deepprune_sdk.types import NO_USAGE, Message, Sampling, TraceRequest, Usage

__all__ = ["Run"]

logger: logging.Logger = logging.getLogger(__name__)

PROBE_TOKENS = 12
"""Most tokens of a probed answer."""


@dataclass(slots=True)
class _Stream:
    """One open request. A trace that is resumed gets another one, and the old one is not heard."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    brought_text: bool = False


@dataclass(frozen=True, slots=True)
class _Post:
    """What a task tells the receive loop."""

    signals: Sequence[Signal]
    stream: _Stream | None = None


class Run:
    """A run in progress: `async with` it, `async for` its events, then read `result`.

    Leaving the block before the run is over closes every stream.
    """

    def __init__(
        self,
        engine: Engine,
        backend: Backend,
        judging: Judging,
        *,
        messages: tuple[Message, ...],
        sampling: Sampling,
        retries: Retries,
        log: RunLogWriter | None = None,
        recorder: TraceRecorder | None = None,
        watched: bool = True,
    ) -> None:
        """Prepare a run; entering it starts it. Made by `ParallelReasoner.run`."""
        self._engine = engine
        self._backend = backend
        self._judging = judging
        self._messages = messages
        self._sampling = sampling
        self._retries = retries
        self._log = log
        self._recorder = recorder
        self._feed = Feed(engine) if watched else None
        self._streams: dict[int, _Stream] = {}
        self._waiting_pairs: list[Pair] = []
        self._fatal: BackendError | None = None
        self._error: Exception | None = None
        self._result: Result | None = None
        self._over = anyio.Event()
        self._inbox: deque[_Post] = deque()
        self._mail = anyio.Event()
        self._group: TaskGroup = anyio.create_task_group()

    # --- for the caller ---------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start the traces.

        Raises:
            ConfigurationError: The recording cannot be written.
            RecordingError: The file to record to is no recording.
        """
        if self._recorder is not None:
            self._recorder.open()
        await self._group.__aenter__()
        self._group.start_soon(self._drive)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every stream that is still open."""
        self._group.cancel_scope.cancel()
        try:
            # What it returns is about its own end; on trio it would swallow the caller's error.
            await self._group.__aexit__(None, None, None)
        finally:
            if self._log is not None:
                self._log.close()
            if self._recorder is not None:
                self._recorder.close()

    def __aiter__(self) -> Self:
        """Iterate over the events; raises as `wait` does once all are read."""
        return self

    async def __anext__(self) -> Event:
        """Return the next event."""
        event = None if self._feed is None else await self._feed.next()
        if event is None:
            self._raise()
            raise StopAsyncIteration
        return event

    async def wait(self) -> Result:
        """Wait for the end of the run.

        Raises:
            AllTracesFailedError: No trace produced anything.
            BackendError: The first trace met an error that every other must meet too.
        """
        await self._over.wait()
        return self.result

    @property
    def result(self) -> Result:
        """The result of a run that is over.

        Raises:
            DeepPruneError: The run is not over, or as for `wait`.
        """
        self._raise()
        if self._result is None:
            raise DeepPruneError("the run is not over: read its events to the end, or await wait()")
        return self._result

    def snapshot(self) -> Result:
        """What the run has found so far."""
        return summarize(self._engine, self._judging.report)

    def stop(self, reason: str = "stopped") -> None:
        """End the run with what it has; its result says `reason`."""
        if not self._over.is_set():
            self._tell([Stop(reason=reason)])

    def _raise(self) -> None:
        if self._error is not None:
            if isinstance(self._error, DeepPruneError):
                self._error.partial = self._result
            raise self._error

    # --- the receive loop, which alone changes state ----------------------------------------------

    async def _drive(self) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                self._act(None, self._engine.begin(), tasks)
                wake = self._engine.wake_after()
                if wake is not None:
                    tasks.start_soon(self._wake, wake)
                while self._engine.ended_because is None:
                    for post in await self._posted():
                        self._take(post, tasks)
                    self._ask_judge(tasks)
                tasks.cancel_scope.cancel()
            # Text that had arrived when the streams were closed was generated, so it counts.
            while self._inbox:
                self._take(self._inbox.popleft(), None)
            if self._recorder is not None:
                self._recorder.close()
            self._finish()
        except Exception as error:  # what a user's own part raised, out of its group
            self._error = first_error(error)
            if isinstance(self._error, DeepPruneError):
                self._result = self.snapshot()
        finally:
            self._over.set()
            if self._feed is not None:
                self._feed.close()

    async def _posted(self) -> list[_Post]:
        """Wait for a post, then take all there are: one wake-up however many streams spoke."""
        if not self._inbox:
            self._mail = anyio.Event()
            await self._mail.wait()
        posts = list(self._inbox)
        self._inbox.clear()
        return posts

    def _take(self, post: _Post, tasks: TaskGroup | None) -> None:
        for signal in post.signals:
            if (
                post.stream is not None
                and isinstance(signal, Arrived | Ended | Failed)
                and post.stream is not self._streams.get(signal.trace)
            ):
                continue  # the stream of a trace that has been resumed by another one
            self._act(signal, self._engine.handle(signal), tasks)

    def _act(
        self, signal: Signal | None, actions: Sequence[Action], tasks: TaskGroup | None
    ) -> None:
        if self._log is not None:
            self._log.write(signal, actions)
        if self._recorder is not None:
            self._recorder.report(signal, actions)
        if self._feed is not None:
            self._feed.report(signal, actions)
        for action in actions:
            match action:
                case Start() if tasks is not None:
                    stream = self._streams[action.trace] = _Stream()
                    tasks.start_soon(self._stream, action, stream)
                case Ask():
                    self._waiting_pairs += action.pairs
                case Probe() if tasks is not None:
                    tasks.start_soon(self._probe, action)
                case Close() if action.applied:
                    self._streams[action.trace].scope.cancel()
                case End():
                    for stream in self._streams.values():
                        stream.scope.cancel()
                case _:
                    pass

    def _finish(self) -> None:
        self._result = self.snapshot()
        traces = self._engine.run_traces()
        failed = {trace.index: trace.reason for trace in traces if trace.outcome == "failed"}
        if self._fatal is not None:
            self._error = self._fatal
        elif len(failed) == len(traces) and not any(trace.tokens for trace in traces):
            self._error = AllTracesFailedError(failed)

    # --- child tasks, which only post -------------------------------------------------------------

    async def _stream(self, start: Start, stream: _Stream) -> None:
        """Stream one trace until it ends, fails or is closed."""
        request = self._request(start)
        with stream.scope:
            try:
                again = retrying(self._retries, lambda: not stream.brought_text)
                await again(self._read, request, stream)
            except BackendError as error:
                self._give_up(request, stream, error)
            except Exception as error:  # a fault of the backend's code costs its trace alone
                logger.exception("trace %d failed", request.trace)
                message = f"{type(error).__name__}: {error}"
                self._tell([Failed(trace=request.trace, error=message)], stream)

    async def _read(self, request: TraceRequest, stream: _Stream) -> None:
        async with self._backend.stream(request) as chunks:
            async for chunk in chunks:
                if chunk.pieces:
                    stream.brought_text = True
                self._tell([Arrived(trace=request.trace, chunk=chunk)], stream)
        self._tell([Ended(trace=request.trace)], stream)

    def _give_up(self, request: TraceRequest, stream: _Stream, error: BackendError) -> None:
        nothing_yet = not any(trace.tokens for trace in self._engine.traces)
        if error.fatal and nothing_yet and self._fatal is None:
            self._fatal = error
            self._tell(
                [Failed(trace=request.trace, error=str(error)), Stop(reason="failed")], stream
            )
        else:
            self._tell([Failed(trace=request.trace, error=str(error))], stream)

    def _request(self, start: Start) -> TraceRequest:
        sampling = self._sampling
        seed = self._engine.setup.seed + start.trace if sampling.send_seed else None
        if start.prefix and sampling.max_tokens is not None:
            left = sampling.max_tokens - self._engine.traces[start.trace].tokens
            sampling = sampling.model_copy(update={"max_tokens": max(1, left)})
        return TraceRequest(
            trace=start.trace,
            messages=self._messages,
            sampling=sampling,
            seed=seed,
            prefix=start.prefix,
        )

    def _ask_judge(self, tasks: TaskGroup) -> None:
        pairs, self._waiting_pairs = self._waiting_pairs, []
        if pairs and self._engine.policy_ended_because is None:
            tasks.start_soon(self._judge, pairs)

    async def _judge(self, pairs: Sequence[Pair]) -> None:
        judged: list[Judged] = await self._judging.ask(pairs)
        self._tell(judged)

    async def _probe(self, probe: Probe) -> None:
        """Ask for the answer so far by a short forced continuation."""
        text = "".join(self._engine.traces[probe.trace].pieces[: probe.tokens])
        sampling = self._sampling.model_copy(
            update={"temperature": 0.0, "max_tokens": PROBE_TOKENS, "top_logprobs": 0}
        )
        request = TraceRequest(
            trace=probe.trace, messages=self._messages, sampling=sampling, prefix=text + PROBE
        )
        said: list[str] | None = []
        usage = NO_USAGE
        try:
            async with self._backend.stream(request) as chunks:
                async for chunk in chunks:
                    said += chunk.pieces
                    usage = chunk.usage or usage
        except Exception as error:  # a probe that fails says nothing, and costs what it cost
            logger.warning("a probe of trace %d failed: %s", probe.trace, error)
            said = None
        if not usage.generated:
            usage = Usage(prompt=probe.tokens, generated=len(said or ()), estimated=True)
        answer = None if said is None else "".join(said)
        self._tell([Probed(trace=probe.trace, tokens=probe.tokens, text=answer, usage=usage)])

    async def _wake(self, seconds: float) -> None:
        await anyio.sleep(seconds)
        self._tell([Tick(seconds=seconds)])

    def _tell(self, signals: Iterable[Signal], stream: _Stream | None = None) -> None:
        self._inbox.append(_Post(list(signals), stream))
        self._mail.set()


def first_error(error: Exception) -> Exception:
    """Return the error inside a group of one, as a task group raises it."""
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return error
