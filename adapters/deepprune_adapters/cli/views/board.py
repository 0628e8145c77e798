"""What a view shows of a run: its events, added up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from deepprune_sdk.data import (
    Event,
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

__all__ = ["Board", "Row", "State"]

State = Literal["running", "closed", "finished", "failed", "stopped"]


@dataclass(slots=True)
class Row:
    """One trace as a view shows it.

    Attributes:
        trace: Its number.
        state: Its state. A trace that is only closed in shadow mode keeps running.
        tokens: Generated so far.
        cluster: The cluster it is in, named by the founding trace, or None.
        into: The cluster it was closed into, in shadow mode too.
        probability: The judge's word on that.
        detail: Answer, reason or error.
        changed: When its state changed last, as a count.
    """

    trace: int
    state: State = "running"
    tokens: int = 0
    cluster: int | None = None
    into: int | None = None
    probability: float | None = None
    detail: str = ""
    changed: int = 0


@dataclass(slots=True)
class Board:
    """The state of one run, told by its events.

    Attributes:
        n: Most traces of the run.
        title: What is asked.
        subtitle: Who answers, and how.
        phase: What is happening, in a word.
    """

    n: int
    title: str
    subtitle: str
    phase: str = "loading the model"
    clock: Callable[[], float] = time.monotonic
    rows: dict[int, Row] = field(default_factory=dict[int, Row])
    tally: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    warnings: list[str] = field(default_factory=list[str])
    _clusters: dict[int, int] = field(default_factory=dict[int, int])
    _changes: int = 0
    _began: float | None = None
    _ended: float | None = None

    def begin(self) -> None:
        """Start the clock: the model is there, the traces are being started."""
        self.phase = "running"
        self._began = self.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the traces were started."""
        if self._began is None:
            return 0.0
        return (self.clock() if self._ended is None else self._ended) - self._began

    @property
    def tokens(self) -> int:
        """Tokens of all traces."""
        return sum(row.tokens for row in self.rows.values())

    @property
    def rate(self) -> float:
        """Tokens per second, all traces together."""
        return self.tokens / self.elapsed if self.elapsed else 0.0

    def counts(self) -> dict[State, int]:
        """Return how many traces are in each state."""
        counted: dict[State, int] = dict.fromkeys(
            ("running", "closed", "finished", "failed", "stopped"), 0
        )
        for row in self.rows.values():
            counted[row.state] += 1
        return counted

    def letter(self, cluster: int) -> str:
        """Name a cluster: A, B, ... Z, AA, ... in the order in which they were seen."""
        position = self._clusters.setdefault(cluster, len(self._clusters)) + 1
        name = ""
        while position:
            position, digit = divmod(position - 1, 26)
            name = chr(ord("A") + digit) + name
        return name

    def position(self, cluster: int) -> int:
        """Return the place of a cluster in that order, from 0."""
        return self._clusters.setdefault(cluster, len(self._clusters))

    def tell(self, event: Event) -> None:
        """Take an event."""
        match event:
            case TraceStarted(trace=trace):
                row = self._changed(trace, "running")
                row.into = row.probability = None
                row.detail = ""
            case TraceProgress(trace=trace, tokens=tokens):
                self.rows[trace].tokens = tokens
            case TracePlaced(trace=trace, cluster=cluster):
                self.rows[trace].cluster = cluster
                self.letter(cluster)
            case TraceClosed():
                self._closed(event)
            case TraceFinished(trace=trace, answer=answer):
                # The stream of a trace that was closed may still report its end.
                if self.rows[trace].state == "running":
                    row = self._changed(trace, "finished")
                    row.tokens, row.detail = event.tokens, answer or ""
            case TraceFailed(trace=trace, error=error):
                if self.rows[trace].state == "running":
                    row = self._changed(trace, "failed")
                    row.tokens, row.detail = event.tokens, error
            case VoteChanged(tally=tally):
                self.tally = tally
            case RunWarning(message=message):
                self.warnings.append(message)
            case RunEnded(reason=reason):
                self._end(reason)
            case _:
                pass

    def _closed(self, event: TraceClosed) -> None:
        row = self._changed(event.trace, "closed" if event.applied else "running")
        row.into, row.probability, row.detail = event.into, event.probability, event.reason
        if event.applied:
            row.tokens = event.tokens
        if event.into is not None:
            row.cluster = event.into
            self.letter(event.into)

    def _end(self, reason: str) -> None:
        self.phase = reason
        self._ended = self.clock()
        for row in self.rows.values():
            if row.state == "running":
                row.state, row.detail = "stopped", reason

    def _changed(self, trace: int, state: State) -> Row:
        row = self.rows.setdefault(trace, Row(trace))
        self._changes += 1
        row.state, row.changed = state, self._changes
        return row
