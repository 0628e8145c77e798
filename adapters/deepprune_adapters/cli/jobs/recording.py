"""A recording on the command line: the backend, the problems one after another, what is left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio

from deepprune_adapters.cli.bounds import Bounds
from deepprune_adapters.cli.jobs.interrupts import Interrupts
from deepprune_adapters.cli.options import Source
from deepprune_adapters.cli.views.pace import Pace
from deepprune_adapters.cli.views.recording import PlainRecordView, RecordView, TerminalRecordView
from deepprune_adapters.cli.views.terminal import console_of
from deepprune_adapters.cli.views.text import clean, complain, count, say
from deepprune_sdk import (
    AuthenticationError,
    DeepPruneError,
    ModelNotFoundError,
    RecordingError,
    Requests,
    Result,
    Sampling,
)
from deepprune_sdk.answers.powers import ExtractorPowers
from deepprune_sdk.protocols import AnswerExtractor, Backend
from deepprune_sdk.recorder import Problem, RecordingSession
from deepprune_sdk.recording import TraceWriter

__all__ = ["RecordJob", "record_all"]

IN_A_ROW: Final = 3
"""Problems that may fail one after another before the backend is taken to be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordJob:
    """What the options of `record` say."""

    problems: Sequence[Problem]
    output: Path
    n: int
    source: Source
    sampling: Sampling
    answers: AnswerExtractor
    instruction: str | None
    system: str | None
    bounds: Bounds

    def offer(self) -> AbstractAsyncContextManager[Backend]:
        """Return the backend that the job wants.

        Raises:
            ConfigurationError: As `Source.offer`.
        """
        longest = max(len(problem.question.encode("utf-8", "replace")) for problem in self.problems)
        added = self.instruction or ExtractorPowers.of(self.answers).instruction or ""
        added += self.system or ""
        backend, _ = self.source.offer(
            n=self.bounds.streams(self.n),
            prompt_bytes=longest + len(added.encode("utf-8", "replace")) + 1,
        )
        return backend


@dataclass(slots=True)
class _State:
    """What is known when the event loop is left, by whatever way."""

    pace: Pace | None = None
    problems_failed: dict[str, str] = field(default_factory=dict[str, str])
    code: int | None = None
    """Exit code of an interrupted process, or None."""
    cut: int = 0
    """Traces that were cut off by a limit of tokens."""
    unread: int = 0
    """Traces that the model ended, without an answer that could be read."""
    stopped: int = 0
    """Traces that a limit of time or money stopped, so that they are still missing."""
    spent: float = 0.0
    """Money, where there is a price."""

    def note(self, result: Result) -> None:
        """Count what a problem cost, and its traces that will have no ballot."""
        self.spent += result.usage.cost or 0.0
        if result.ended_because in {"deadline", "money budget"}:
            self.stopped += sum(trace.outcome == "stopped" for trace in result.traces)
        for trace in result.traces:
            if trace.outcome == "finished" and trace.answer is None:
                self.cut += trace.finish == "length"
                self.unread += trace.finish in {"stop", None}


def record_all(job: RecordJob) -> int:
    """Record what is missing and return the exit code.

    Raises:
        DeepPruneError: Nothing can be recorded, or no more.
    """
    console = console_of(sys.stdout)
    view = PlainRecordView(sys.stdout) if console is None else TerminalRecordView(console)
    make_backend = job.offer()
    state = _State()
    with TraceWriter(job.output) as writer:
        if writer.cut:
            say(sys.stdout, f"{job.output}: cut off {writer.cut:,} bytes of a torn last record")
        try:
            anyio.run(_follow, job, writer, make_backend, view, state)
        except DeepPruneError as error:
            if state.pace is not None and not isinstance(error, RecordingError):
                complain(_kept(job, state.pace))
            raise
    return _conclude(job, state)


async def _follow(
    job: RecordJob,
    writer: TraceWriter,
    make_backend: AbstractAsyncContextManager[Backend],
    view: RecordView,
    state: _State,
) -> None:
    with Interrupts() as interrupts, anyio.CancelScope() as scope:
        interrupts.then(scope.cancel)
        try:
            async with view.shown(), make_backend as backend:
                session = RecordingSession(
                    backend,
                    writer,
                    n=job.n,
                    sampling=job.sampling,
                    answers=job.answers,
                    instruction=job.instruction,
                    system=job.system,
                    requests=Requests(concurrency=job.bounds.concurrency),
                    price=job.bounds.read_price(),
                    timeout=job.bounds.timeout,
                )
                missing = [len(session.missing(problem)) for problem in job.problems]
                total = len(job.problems) * job.n
                state.pace = Pace(len(missing), total - sum(missing), sum(missing))
                view.begin(state.pace)
                await _record(job, session, view, state, state.pace)
        finally:
            state.code = interrupts.code


async def _record(
    job: RecordJob, session: RecordingSession, view: RecordView, state: _State, pace: Pace
) -> None:
    in_a_row = 0
    for position, problem in enumerate(job.problems, start=1):
        if not session.missing(problem):
            continue
        money = job.bounds.money
        left = None if money is None else money - state.spent
        if left is not None and left <= 0:
            return
        pace.begin(position, problem.name)
        try:
            async with session.run(problem, money=left) as run:
                async for event in run:
                    pace.tell(event)
                    view.tell(event)
            state.note(run.result)
        except (AuthenticationError, ModelNotFoundError):
            raise
        except DeepPruneError as error:
            if error.partial is not None:
                state.spent += error.partial.usage.cost or 0.0
            # One problem may be refused, as too long perhaps; a server that is gone refuses all.
            in_a_row += 1
            if isinstance(error, RecordingError) or in_a_row == IN_A_ROW:
                raise
            state.problems_failed[problem.name] = str(error)
        else:
            in_a_row = 0


def _kept(job: RecordJob, pace: Pace) -> str:
    there = pace.there + pace.recorded
    total = pace.there + pace.missing
    return (
        f"{there:,} of {count(total, 'trace')} are in {job.output}; "
        "the same command continues from there"
    )


def _conclude(job: RecordJob, state: _State) -> int:
    pace = state.pace
    if pace is None:
        complain("interrupted before any trace had begun")
        return state.code or 1
    if state.code is not None:
        complain(f"interrupted; {_kept(job, pace)}")
        return state.code
    for name, error in state.problems_failed.items():
        complain(f"problem {clean(name, 80)} failed: {clean(error, 400)}")
    for amount, what in (
        (state.cut, "cut off by the token limit before an answer: raise --max-tokens"),
        (state.unread, "without an answer that could be read: say how they are stated, --answers"),
    ):
        if amount:
            complain(f"{amount:,} of {count(pace.recorded, 'trace')} recorded now are {what}")
    short = pace.missing - pace.recorded
    bounded = state.stopped
    if job.bounds.money is not None and state.spent >= job.bounds.money:
        bounded = short - pace.failed
    if bounded:
        what = f"{count(bounded, 'trace')} not over within --timeout or --money"
        failed = f", {pace.failed:,} failed" if pace.failed else ""
        complain(f"{what}{failed}; {_kept(job, pace)}{_spent(job, state)}")
        return 1
    if short:
        complain(f"{count(short, 'trace')} failed; {_kept(job, pace)}{_spent(job, state)}")
        return 1
    say(
        sys.stdout,
        f"{job.output}: {count(pace.there + pace.recorded, 'trace')} of "
        f"{count(pace.problems, 'problem')}, {pace.recorded:,} of them recorded now "
        f"({pace.tokens:,} tokens){_spent(job, state)}",
    )
    return 0


def _spent(job: RecordJob, state: _State) -> str:
    return "" if job.bounds.price is None else f"; {state.spent:.4g} spent"
