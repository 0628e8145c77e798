"""The live shell round the engine: streams, judge calls, cancellation."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from time import monotonic
from types import TracebackType
from typing import Self, cast

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from deepprune_sdk.data.arguments import check_text
from deepprune_sdk.data.events import Event
from deepprune_sdk.data.prices import Price
from deepprune_sdk.data.signals import (
    Action,
    Arrived,
    Ask,
    Close,
    End,
    Ended,
    Failed,
    Judged,
    Probe,
    Signal,
    Start,
    Stop,
    Tick,
)
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.engine.summary import summarize
from deepprune_sdk.errors import AllTracesFailedError, ConfigurationError, DeepPruneError
from deepprune_sdk.live.capacity import Room
from deepprune_sdk.live.feed import Feed
from deepprune_sdk.live.judging import Judging
from deepprune_sdk.live.outputs import Outputs
from deepprune_sdk.live.requests import RequestPlan
from deepprune_sdk.live.streams import DOWN, Stream, Streams
from deepprune_sdk.loops.foreign import uncancelled
from deepprune_sdk.loops.waiting import Flag, Loop
from deepprune_sdk.recording.live_recorder import TraceRecorder
from deepprune_sdk.recording.run_log import RunLogWriter
from deepprune_sdk.results.result import Result

__all__ = ["Run"]

FLUSHING = 1.0
"""Seconds between two times that the text of live traces is kept, in a run that is recorded."""


@dataclass(frozen=True, slots=True)
class _Post:
    """What a task tells the receive loop."""

    signals: Sequence[Signal]
    stream: Stream | None = None


class Run:
    """A run in progress: `async with` it, `async for` its events, then read `result`.

    Leaving the block before the run is over closes every stream. A run is entered once, and its
    events are read in one place; `stop` and `wait` may be called from any thread and event loop.

    Attributes:
        id: Names the run in the log.
    """

    def __init__(
        self,
        engine: Engine,
        plan: RequestPlan,
        judging: Judging,
        *,
        room: Room,
        log: RunLogWriter | None = None,
        recorder: TraceRecorder | None = None,
        watched: bool = True,
        price: Price | None = None,
        abstain_below: float | None = None,
    ) -> None:
        """Prepare a run; entering it starts it. Made by `ParallelReasoner.run`."""
        self._engine = engine
        self.id: str = token_hex(4)
        self._judging = judging
        self._room = room
        self._summarize = partial(
            summarize, engine, price=price, abstain_below=abstain_below, model=plan.backend.model
        )
        self._streams = Streams(engine, plan, tell=self._tell, run_id=self.id)
        self._outputs = Outputs(log, recorder)
        self._feed = Feed(engine) if watched else None
        self._waiting_pairs: list[Pair] = []
        self._error: Exception | None = None
        self._result: Result | None = None
        self._began: float | None = None
        self._ended: float | None = None
        self._over = Flag()
        self._inbox: deque[_Post] = deque()
        # Made when the run is entered: it may have been made in another event loop, or in none.
        self._loop: Loop | None = None
        self._mail: anyio.Event
        self._group: TaskGroup

    # --- for the caller ---------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start the traces.

        Raises:
            ConfigurationError: It was entered before, or the recording or the run log cannot be
                written.
            RecordingError: The file to record to is not a recording.
        """
        if self._loop is not None:
            raise ConfigurationError(
                "a run is entered once, and this one was: make another by `reasoner.run(...)`"
            )
        self._outputs.open()  # first: a run whose files cannot be opened has not begun
        self._mail = anyio.Event()
        self._group = anyio.create_task_group()
        self._loop = Loop()
        self._began = monotonic()
        await self._group.__aenter__()
        self._group.start_soon(self._drive)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every stream that is still open.

        An error that leaves the block, a cancellation too, has what the run had found as `partial`.
        """
        self._group.cancel_scope.cancel()
        try:
            # What it returns is about its own end; on trio it would swallow the caller's error.
            await self._group.__aexit__(None, None, None)
        except BaseException as raised:
            error = raised
            raise
        finally:
            try:
                if self._result is None and self._error is None:
                    self._end("cancelled")
            finally:
                self._finish()
                if error is not None:
                    keep_partial(error, self._result)

    def __aiter__(self) -> Self:
        """Iterate over the events; raises as `wait` does once all are read."""
        return self

    async def __anext__(self) -> Event:
        """Return the next event.

        Raises:
            ConfigurationError: The run was not entered, or elsewhere: events are read by one task
                at a time, in the event loop in which the run was entered.
        """
        is_here = self._entered().is_current()
        if self._feed is None:
            await self._over.wait()
            event = None
        elif is_here:
            event = await self._feed.next()
        else:
            raise ConfigurationError(
                "the events of a run are read in the event loop in which it was entered; its "
                "wait() and stop() work in others, too"
            )
        if event is None:
            self._raise()
            raise StopAsyncIteration
        return event

    async def wait(self) -> Result:
        """Wait for the end of the run.

        Raises:
            AllTracesFailedError: No trace produced anything.
            BackendError: The first trace met an error that every other must meet too.
            ConfigurationError: The run was not entered, or the backend cannot work as it is set up.
        """
        self._entered()
        await self._over.wait()
        return self.result

    @property
    def result(self) -> Result:
        """The result of a run that is over.

        Raises:
            DeepPruneError: The run is not over, or as for `wait`.
        """
        self._entered()
        self._raise()
        if self._result is None:
            raise DeepPruneError("the run is not over: read its events to the end, or await wait()")
        return self._result

    def snapshot(self) -> Result:
        """What the run has found so far."""
        seconds = None if self._began is None else (self._ended or monotonic()) - self._began
        result = self._summarize(self._judging.report, seconds=seconds)
        missing = list(self._outputs.warnings())
        if missing:
            result = result.model_copy(update={"warnings": [*result.warnings, *missing]})
        return result

    def stop(self, reason: str = "stopped") -> None:
        """End the run with what it has; its result says `reason`.

        Safe in any thread and in a signal handler. A run that is not entered yet ends at once then.

        Raises:
            ConfigurationError: The reason is not a text.
        """
        check_text("reason", reason, "say in a few words why")
        if not self._over.is_set():
            self._inbox.append(_Post([Stop(reason=reason)]))
            if self._loop is not None:
                self._loop.post(partial(self._tell, ()))  # an empty post wakes it

    def _entered(self) -> Loop:
        if self._loop is None:
            raise ConfigurationError(
                "the run has not begun: enter it by `async with reasoner.run(...) as run:`, and "
                "read its events or await run.wait() in the block"
            )
        return self._loop

    def _raise(self) -> None:
        if self._error is not None:
            keep_partial(self._error, self._result)
            raise self._error

    # --- the receive loop: only it changes state --------------------------------------------------

    async def _drive(self) -> None:
        try:
            n = self._engine.setup.n
            async with self._room.hold(n), anyio.create_task_group() as tasks:
                self._act(None, uncancelled(self._engine.begin), tasks)
                wake = self._engine.wake_after()
                if wake is not None:
                    tasks.start_soon(self._wake, wake)
                if self._outputs.kept_text:
                    tasks.start_soon(self._keep_text)
                while self._engine.ended_because is None and self._outputs.error is None:
                    for _ in range(await self._posted()):
                        # It stays in the inbox until then: it counts if this is cancelled.
                        await self._look_ahead(self._inbox[0])
                        self._take(self._inbox.popleft(), tasks)
                    self._ask_judge(tasks)
                tasks.cancel_scope.cancel()
            self._end("complete" if self._outputs.error is None else "failed")
            self._find_error()
        except Exception as error:  # what a user's own part raised, out of its group
            self._error = first_error(error)
            self._outputs.close()
            self._result = self.snapshot()
        # Not where it is cancelled: leaving the block takes what had arrived first.
        self._finish()

    def _finish(self) -> None:
        """Tell whoever waits that nothing more will come."""
        self._over.set()
        if self._feed is not None:
            self._feed.close()

    async def _posted(self) -> int:
        """Wait for a post, and count all there are: one wake-up however many streams spoke."""
        if not self._inbox:
            self._mail = anyio.Event()
            await self._mail.wait()
        return len(self._inbox)

    async def _look_ahead(self, post: _Post) -> None:
        """Let answers that take their time to compare take it elsewhere, and cancel them at once.

        Only what has ended is known to have an answer; any other is compared where it is read.
        """
        roster = self._engine.roster
        if not roster.reading.takes_time:
            return
        for signal in post.signals:
            if isinstance(signal, Ended | Failed):
                trace = roster.growing(signal.trace)
                compare = partial(roster.reading.look_ahead, trace)
                await to_thread.run_sync(compare, abandon_on_cancel=True)

    def _take(self, post: _Post, tasks: TaskGroup | None) -> None:
        for signal in post.signals:
            if (
                post.stream is not None
                and isinstance(signal, Arrived | Ended | Failed)
                and not self._streams.speaks(post.stream, signal.trace)
            ):
                continue  # the first stream of a trace that another one continues
            self._act(signal, self._told(signal), tasks)

    def _told(self, signal: Signal) -> Sequence[Action]:
        return uncancelled(partial(self._engine.handle, signal))

    def _act(
        self, signal: Signal | None, actions: Sequence[Action], tasks: TaskGroup | None
    ) -> None:
        self._outputs.report(signal, actions)
        if self._feed is not None:
            self._feed.report(signal, actions)
        for action in actions:
            match action:
                case Start() if tasks is not None:
                    self._streams.open(action, tasks)
                case Ask():
                    self._waiting_pairs += action.pairs
                case Probe() if tasks is not None:
                    tasks.start_soon(self._streams.probe, action)
                case Close() if action.applied:
                    self._streams.close(action.trace)
                case End():
                    self._streams.close_all()
                case _:
                    pass

    def _end(self, reason: str) -> None:
        """Come to the result, and finish the files first: it says what they lack."""
        try:
            self._settle(reason)
        except Exception as error:  # a policy of the user's: it does not replace what ended the run
            self._error = self._error or error
        self._outputs.close()
        self._result = self.snapshot()

    def _settle(self, reason: str) -> None:
        """Take what had arrived when the streams were closed: it was generated, so it counts."""
        while self._inbox:
            self._take(self._inbox.popleft(), None)
        if self._engine.ended_because is None:
            stop = Stop(reason=reason)
            self._act(stop, self._told(stop), None)
        self._ended = monotonic()

    def _find_error(self) -> None:
        """A run that found nothing raises what was in its way."""
        traces = self._engine.roster.run_traces()
        failed = {trace.index: trace.reason for trace in traces if trace.outcome == "failed"}
        nothing = not any(trace.tokens for trace in traces)
        down = self._engine.ended_because == DOWN
        if self._error is not None:
            return
        if self._streams.fatal is not None:
            self._error = self._streams.fatal
        elif self._outputs.error is not None:
            self._error = self._outputs.error
        elif nothing and (down or len(failed) == len(traces)):
            self._error = AllTracesFailedError(failed)

    # --- child tasks, which only post -------------------------------------------------------------

    def _ask_judge(self, tasks: TaskGroup) -> None:
        pairs, self._waiting_pairs = self._waiting_pairs, []
        if pairs and self._engine.policy_ended_because is None:
            tasks.start_soon(self._judge, pairs)

    async def _judge(self, pairs: Sequence[Pair]) -> None:
        for batch in self._judging.batches(pairs):
            judged: list[Judged] = await self._judging.ask(batch)
            self._tell(judged)
            await checkpoint()  # what was judged is acted on before more is

    async def _wake(self, seconds: float) -> None:
        await anyio.sleep(seconds)
        self._tell([Tick(seconds=seconds)])

    async def _keep_text(self) -> None:
        """Let a crash of the process cost no more than the last second of text."""
        while True:
            await anyio.sleep(FLUSHING)
            self._outputs.flush()

    def _tell(self, signals: Iterable[Signal], stream: Stream | None = None) -> None:
        self._inbox.append(_Post(list(signals), stream))
        self._mail.set()


def first_error(error: Exception) -> Exception:
    """Return the error inside a group of one, as a task group raises it."""
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return error


def keep_partial(error: BaseException, partial: Result | Sequence[Result | None] | None) -> None:
    """Put what a run had found on the error that ended it, whoever's class it is."""
    with suppress(Exception):  # a class without room for it, or with a will of its own
        setattr(error, "partial", partial)  # noqa: B010  no such attribute is declared
