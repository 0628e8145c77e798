"""The way from a run to whoever watches it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import anyio

from deepprune_sdk.data.events import (
    Event,
    PairJudged,
    RunEnded,
    RunWarning,
    TraceClosed,
    TraceFailed,
    TraceFinished,
    TracePlaced,
    TraceProgress,
    TraceStarted,
    VoteChanged,
)
from deepprune_sdk.data.signals import (
    Action,
    Arrived,
    Close,
    End,
    Ended,
    Failed,
    Judged,
    Placed,
    Signal,
    Start,
    Warn,
)
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.errors import ConfigurationError

__all__ = ["Feed"]


class Feed:
    """A queue of events that never makes the run wait.

    Decisions are kept until they are read. Of progress only the latest figure per trace is kept,
    so a slow reader costs memory for decisions only.

    The end is told once the streams are closed: what they brought until then is in the result, so
    the last figure of each trace has to be that one.
    """

    def __init__(self, engine: Engine) -> None:
        """Watch `engine`."""
        self._engine = engine
        self._events: deque[Event] = deque()
        self._grown: set[int] = set()
        self._figures: dict[int, int] = {}
        self._end: RunEnded | None = None
        self._wake = anyio.Event()
        self._closed = False
        self._has_reader = False

    def publish(self, event: Event) -> None:
        """Queue an event."""
        self._events.append(event)
        self._wake.set()

    def close(self) -> None:
        """Tell the last figures and the end; the reader comes to its own once all is read."""
        self._grown.clear()
        for trace in self._engine.roster.run_traces():
            if self._figures.get(trace.index, 0) != trace.cost.generated:
                tokens = self._generated(trace.index)
                self.publish(TraceProgress(trace=trace.index, tokens=tokens))
        if self._end is not None:
            self.publish(self._end)
        self._closed = True
        self._wake.set()

    def report(self, signal: Signal | None, actions: Sequence[Action]) -> None:
        """Queue what a signal, taken by the engine, and the actions on it mean."""
        if signal is not None:
            self._told(signal)
        for action in actions:
            self._acted(action)

    def _told(self, signal: Signal) -> None:
        match signal:
            case Arrived() if self._end is None:
                self._grown.add(signal.trace)
                self._wake.set()
            case Ended() | Failed():
                self._over(signal)
            case Judged():
                self.publish(
                    PairJudged(
                        checkpoint=signal.pair.checkpoint,
                        left=signal.pair.left,
                        right=signal.pair.right,
                        probability=signal.verdict.probability,
                        problem=signal.problem,
                    )
                )
            case _:
                pass

    def _over(self, signal: Ended | Failed) -> None:
        """Tell of an end, unless the trace had been closed before."""
        trace = self._engine.roster.growing(signal.trace)
        self._grown.discard(trace.index)
        match signal:
            case Failed() if trace.outcome == "failed":
                self.publish(
                    TraceFailed(
                        trace=trace.index,
                        error=signal.error,
                        tokens=self._generated(trace.index),
                    )
                )
                self._publish_vote()
            case Ended() if trace.outcome == "finished":
                self.publish(
                    TraceFinished(
                        trace=trace.index,
                        answer=trace.answer,
                        finish=trace.finish,
                        tokens=self._generated(trace.index),
                    )
                )
                self._publish_vote()
            case _:
                pass

    def _acted(self, action: Action) -> None:
        match action:
            case Start():
                self.publish(TraceStarted(trace=action.trace, continued=bool(action.prefix)))
            case Placed():
                self.publish(
                    TracePlaced(
                        trace=action.trace,
                        cluster=action.cluster,
                        checkpoint=action.checkpoint,
                        similarity=action.similarity,
                    )
                )
            case Close():
                self.publish(
                    TraceClosed(
                        trace=action.trace,
                        outcome=action.outcome,
                        reason=action.reason,
                        into=action.into,
                        probability=action.probability,
                        tokens=self._closed_at(action.trace),
                        applied=action.applied,
                    )
                )
                self._publish_vote()
            case Warn():
                self.publish(RunWarning(message=action.message))
            case End():
                self._end = RunEnded(reason=action.reason)
            case _:
                pass

    def _generated(self, index: int) -> int:
        """Return what a trace has generated by now, as results count it, and note it as told."""
        tokens = self._figures[index] = self._engine.roster.growing(index).cost.generated
        return tokens

    def _closed_at(self, index: int) -> int:
        """Return what a trace had generated for the policy, which in shadow mode sees no more."""
        tokens = self._figures[index] = self._engine.roster.traces[index].cost.generated
        return tokens

    def _publish_vote(self) -> None:
        entries = self._engine.roster.tally().entries
        tally = {answer: (entry.observed, entry.imputed) for answer, entry in entries.items()}
        self.publish(VoteChanged(tally=tally))

    async def next(self) -> Event | None:
        """Wait for the next event; None after the last one.

        Raises:
            ConfigurationError: Another task waits for it already.
        """
        if self._has_reader:
            raise ConfigurationError(
                "another task reads the events of this run: read them in one place, and hand on "
                "what others need"
            )
        self._has_reader = True
        try:
            return await self._next()
        finally:
            self._has_reader = False

    async def _next(self) -> Event | None:
        while True:
            if self._events:
                return self._events.popleft()
            if self._closed:
                return None
            if self._grown:
                index = self._grown.pop()
                return TraceProgress(trace=index, tokens=self._generated(index))
            self._wake = anyio.Event()
            await self._wake.wait()
