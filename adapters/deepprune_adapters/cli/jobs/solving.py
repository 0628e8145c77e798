"""One run on the command line: the backend, the run, the view, the result."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

import anyio
import anyio.to_thread
from rich.console import Console
from rich.table import Column, Table

from deepprune_adapters.cli.bounds import Bounds
from deepprune_adapters.cli.choose import DEFAULT_METHOD, choose_live_judge
from deepprune_adapters.cli.files import write_file
from deepprune_adapters.cli.jobs.interrupts import Interrupts
from deepprune_adapters.cli.options import Source
from deepprune_adapters.cli.views.board import Board
from deepprune_adapters.cli.views.event_log import EventLog
from deepprune_adapters.cli.views.live import LiveView, glyphs_of
from deepprune_adapters.cli.views.plain import PlainView
from deepprune_adapters.cli.views.summary import summary
from deepprune_adapters.cli.views.terminal import console_of
from deepprune_adapters.cli.views.text import complain, say
from deepprune_sdk import (
    Composed,
    ConfigurationError,
    Deadline,
    DeepPruneError,
    Limits,
    Message,
    ParallelReasoner,
    Requests,
    Result,
    Sampling,
    method,
)
from deepprune_sdk.answers.powers import ExtractorPowers
from deepprune_sdk.data import Event
from deepprune_sdk.policies import Policy
from deepprune_sdk.protocols import AnswerExtractor, Backend, Judge

__all__ = ["Job", "perform"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the options of `solve` say."""

    messages: Sequence[Message]
    n: int
    source: Source
    bounds: Bounds
    judge: str
    method: str
    answers: AnswerExtractor
    instruct: bool
    abstain_below: float | None
    sampling: Sampling
    shadow: bool
    as_json: bool
    events: Path | None
    report: Path | None


class View(Protocol):
    """Shows a run while it lasts."""

    def tell(self, event: Event) -> None:
        """Take an event; never waits."""
        ...

    def shown(self) -> AbstractAsyncContextManager[None]:
        """Show the view within a block."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What a run is made of, and who watches it."""

    make_judge: Callable[[Backend], Judge]
    policy: Policy
    backend: AbstractAsyncContextManager[Backend]
    board: Board
    view: View
    log: EventLog | None


@dataclass(slots=True)
class _Found:
    """What is there when the event loop is left, by whatever way."""

    result: Result | None = None
    code: int | None = None
    """Exit code of an interrupted process, or None."""


def perform(job: Job) -> int:
    """Run a job, print what it found, and return the exit code.

    Raises:
        DeepPruneError: The job cannot be run, or failed.
    """
    out = sys.stderr if job.as_json else sys.stdout
    console = console_of(out)
    make_judge = choose_live_judge(job.judge)
    policy = _within(method(job.method), job.bounds.timeout)
    added = ExtractorPowers.of(job.answers).instruction if job.instruct else None
    asked = [*(message.content for message in job.messages), added or ""]
    length = sum(len(text.encode("utf-8", "replace")) for text in asked)
    backend, address = job.source.offer(n=job.bounds.streams(job.n), prompt_bytes=length)
    board = Board(
        job.n,
        job.messages[-1].content,
        _subtitle(job, getattr(backend, "model", job.source.model or ""), address),
    )
    parts = _Parts(
        make_judge=make_judge,
        policy=policy,
        backend=backend,
        board=board,
        view=PlainView(board, out) if console is None else LiveView(board, console),
        log=None if job.events is None else EventLog(job.events),
    )
    found = _Found()
    try:
        anyio.run(_follow, job, parts, found)
    except DeepPruneError as error:
        if job.as_json and error.partial is not None:
            _print_json(error.partial)
        if error.partial is not None:
            _write_report(error.partial, job)
        if found.code is None:
            raise
    finally:
        if parts.log is not None:
            parts.log.close()
    if found.result is None:
        complain("interrupted before any trace had begun")
        return found.code or 1
    _print_summary(found.result, board, job, console, out)
    if parts.log is not None and parts.log.problem is not None:
        complain(f"{parts.log.problem}: events are missing from there on")
    if job.as_json:
        _print_json(found.result)
    _write_report(found.result, job)
    if found.code is not None:
        return found.code
    return 0 if found.result.answer is not None else 1


def _within(policy: Policy, seconds: float | None) -> Policy:
    """Return a policy that ends in time, under its own name: a limit is not part of a method."""
    if seconds is None:
        return policy
    parts = policy.policies if isinstance(policy, Composed) else (policy,)
    return Composed(*parts, Deadline(seconds=seconds), name=policy.name)


async def _follow(job: Job, parts: _Parts, found: _Found) -> None:
    """Put a job's result, and whether a signal cut it short, into `found`."""
    board, view = parts.board, parts.view
    with Interrupts() as interrupts, anyio.CancelScope() as scope:
        interrupts.then(scope.cancel)
        try:
            async with view.shown(), parts.backend as backend:
                judge = await anyio.to_thread.run_sync(
                    parts.make_judge, backend, abandon_on_cancel=True
                )
                reasoner = ParallelReasoner(
                    backend,
                    judge=judge,
                    policy=parts.policy,
                    sampling=job.sampling,
                    answers=job.answers,
                    requests=Requests(concurrency=job.bounds.concurrency),
                    limits=Limits(money=job.bounds.money),
                    price=job.bounds.read_price(),
                    shadow=job.shadow,
                )
                board.begin()
                begun = reasoner.run(
                    job.messages,
                    job.n,
                    instruct=job.instruct,
                    abstain_below=job.abstain_below,
                )
                async with begun as run:

                    def stop() -> None:
                        board.phase = "stopping (Ctrl-C again quits at once)"
                        run.stop("interrupted")

                    interrupts.then(stop)
                    async for event in run:
                        view.tell(event)
                        if parts.log is not None:
                            parts.log.write(event, board.elapsed)
                    found.result = run.result
                interrupts.then(scope.cancel)
        finally:
            found.code = interrupts.code


def _subtitle(job: Job, model: str, address: str) -> str:
    parts = [f"{job.source.chosen}: {model}", address, f"judge {job.judge}", f"n={job.n}"]
    if job.method != DEFAULT_METHOD:
        parts.append(job.method)
    if job.shadow:
        parts.append("shadow: nothing is closed")
    return ", ".join(part for part in parts if part)


def _print_summary(
    result: Result, board: Board, job: Job, console: Console | None, out: TextIO
) -> None:
    width = 80 if console is None else console.width
    glyphs = glyphs_of(out.encoding if console is None else console.encoding)
    entries = summary(result, board.elapsed, width, glyphs)
    if console is None:
        say(out, "")
        for name, text in entries:
            say(out, f"{name:<8}{text.plain}")
    else:
        table = Table.grid(Column(width=8, style="dim"), Column(overflow="fold"))
        for name, text in entries:
            table.add_row(name, text)
        console.print()
        console.print(table)


def _write_report(result: Result, job: Job) -> None:
    """Draw the run where it is wanted. A full disk costs the report and not the run."""
    if job.report is None:
        return
    from deepprune_adapters.report import run_report

    try:
        write_file("--report", job.report, run_report(result, job.messages))
    except ConfigurationError as error:
        complain(str(error))


def _print_json(result: Result) -> None:
    # Not model_dump_json: half of a surrogate pair, as JSON from a server may hold it, would be an
    # error there, and becomes its escape here.
    text = json.dumps(result.model_dump(mode="json"), ensure_ascii=False)
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()
