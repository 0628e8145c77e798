"""One run of the SDK against one fault, and what became of it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2
import openai

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server.clients import Transport
from deepprune_sdk import (
    Answers,
    Composed,
    DeepPruneError,
    FullSampling,
    ParallelReasoner,
    Requests,
    Result,
    Retries,
    Sampling,
)
from deepprune_sdk.answers.classes import AnswerClasses
from deepprune_sdk.data import Ballot, SurvivorsVote, Trace
from deepprune_sdk.data.signals import Close, Decision
from deepprune_sdk.policies.base import Advanced, Observation, PolicyState, RunSetup, RunView
from support.simulator.faults import HIT, Fault
from support.simulator.replies import recorded, thought, tokens_of
from support.simulator.server import Simulator

CLOSED_AT = 18
"""Tokens after which the trial's policy closes a trace."""


HTTP: dict[Transport, type[httpx2.AsyncClient]] = {
    "httpx2": openai.DefaultAsyncHttpxClient,
    "aiohttp": openai.DefaultAioHttpClient,
}


@dataclass(frozen=True)
class CloseSome:
    """Closes some traces early, as a method would that finds them redundant."""

    traces: frozenset[int]
    name: str = "close-some"

    def begin(self, setup: RunSetup) -> PolicyState:
        del setup
        return _CloseSome(self.traces)


class _CloseSome(PolicyState):
    def __init__(self, traces: frozenset[int]) -> None:
        self._traces = traces

    def interest(self, trace: Trace) -> int | None:
        return CLOSED_AT if trace.index in self._traces else None

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if not isinstance(seen, Advanced) or seen.trace.tokens < CLOSED_AT:
            return
        if seen.trace.index in self._traces and seen.trace.live:
            yield Close(trace=seen.trace.index, reason="redundant")


class Counting:
    """Counts the bytes that were read of each call's body before its stream was closed."""

    def __init__(self) -> None:
        self.read: dict[int, int] = {}

    async def __call__(self, response: httpx2.Response) -> None:
        """Take a response, as an event hook of the client."""
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        number = int(response.headers["x-call"])
        response.stream = _Counted(response.stream, self.read, number)


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, read: dict[int, int], number: int) -> None:
        self._inner, self._read, self._number = inner, read, number

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._read[self._number] = 0
        async for data in self._inner:
            if anyio.current_effective_deadline() > -math.inf:  # else it is being closed
                self._read[self._number] += len(data)
            yield data

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a fault did to a run.

    Attributes:
        error: The run's error, or None.
        result: What it found; of a run that failed, what it had.
        expected: The answer that the traces give which survived, by the recording.
        finished: Tokens of finished traces: billed and reported.
        closed: Tokens of closed and failed traces: billed and reported.
        in_flight: Tokens that had been sent and not been read when streams were closed.
        requests: Requests in all.
    """

    fault: Fault
    n: int
    error: DeepPruneError | None
    result: Result | None
    expected: str | None
    finished: tuple[int, int]
    closed: tuple[int, int]
    in_flight: int
    requests: int

    @property
    def failed(self) -> list[str]:
        """Errors of the traces that failed."""
        traces = self.result.traces if self.result else []
        return [trace.reason for trace in traces if trace.outcome == "failed"]


def closed_by_policy(fault: Fault, n: int) -> frozenset[int]:
    """A quarter of the traces: long ones that no fault hits."""
    long = [
        trace.trace
        for trace in recorded()[:n]
        if trace.trace not in HIT and tokens_of(trace, fault.dialect) > CLOSED_AT + 25
    ]
    return frozenset(long[: n // 4])


async def attempt(
    fault: Fault, server: Simulator, n: int = 16, *, transport: Transport = "httpx2"
) -> Trial:
    """Run n traces against a fault."""
    server.reset(fault.script())
    server.accept_after = 0.3 if fault.name == "slow-accept" else 0.0
    counting = Counting()
    http = HTTP[transport](
        limits=httpx2.Limits(max_connections=2 * n, max_keepalive_connections=0),
        event_hooks={"response": [counting]},
    )
    error: DeepPruneError | None = None
    async with openai.AsyncOpenAI(api_key="none", base_url=server.url, http_client=http) as client:
        options: dict[str, Any] = {"idle_timeout": 20.0, **fault.backend}
        reasoner = ParallelReasoner(
            OpenAIBackend("m", client=client, **options),
            policy=Composed(FullSampling(), CloseSome(closed_by_policy(fault, n))),
            requests=Requests(retries=Retries(initial=0.02, maximum=5.0)),
            sampling=Sampling(seed=0, max_tokens=200, **fault.sampling),
        )
        try:
            result = await reasoner.solve("How many days?", n=n)
        except DeepPruneError as raised:
            error, result = raised, raised.partial
    server.wait_until_left()
    finished, closed, in_flight = [0, 0], [0, 0], 0
    traces = {trace.trace: trace for trace in result.traces} if result else {}
    for call in server.calls:
        trace = traces.get(call.seed)
        over = trace is not None and trace.outcome == "finished"
        (finished if over else closed)[0] += call.generated
        if not over and call.sent:
            read = call.tokens_within(counting.read.get(call.number, 0))
            in_flight += call.generated - read
    for trace in traces.values():
        (finished if trace.outcome == "finished" else closed)[1] += trace.tokens
    return Trial(
        fault=fault,
        n=n,
        error=error,
        result=result,
        expected=None if result is None else surviving_answer(fault, result),
        finished=(finished[0], finished[1]),
        closed=(closed[0], closed[1]),
        in_flight=in_flight,
        requests=len(server.calls),
    )


def surviving_answer(fault: Fault, result: Result) -> str | None:
    """The vote over the recorded texts, each as far as it was received."""
    answers, ballots = Answers(), list[Ballot]()
    classes = AnswerClasses(answers.equivalent)
    head = 0 if fault.dialect.reasoning == "hidden" else len("".join(thought(fault.dialect)))
    for trace in result.traces:
        whole = recorded()[trace.trace % len(recorded())]
        over = trace.outcome == "finished"
        text = whole.text if over else whole.text[: max(0, len(trace.text) - head)]
        complete = over and whole.finish != "length"
        found = answers.extract(text, complete=complete)
        if found is not None:
            ballots.append(Ballot(trace=trace.trace, answer=classes.name(found)))
    return SurvivorsVote().tally(ballots).answer


def sent_texts(fault: Fault, result: Result) -> Iterable[tuple[str, str, bool]]:
    """The text that each trace was sent, and the text it has; whether it is the whole one."""
    head = "" if fault.dialect.reasoning == "hidden" else "".join(thought(fault.dialect))
    for trace in result.traces:
        whole = head + recorded()[trace.trace % len(recorded())].text
        yield whole, trace.text, trace.outcome == "finished"


def holds(trial: Trial, server: Simulator) -> None:
    """Fail unless the run came through its fault as the fault's row says."""
    fault, n = trial.fault, trial.n
    if fault.raises is not None:
        assert type(trial.error) is fault.raises
        assert fault.error in str(trial.error)
        return
    assert trial.error is None
    assert trial.result is not None
    hit = HIT & set(range(n)) if fault.hits else set[int]()
    closed = closed_by_policy(fault, n)
    assert closed
    outcomes = {trace.trace: trace.outcome for trace in trial.result.traces}
    expected = dict.fromkeys(range(n), "finished")
    expected |= dict.fromkeys(closed, "pruned") | dict.fromkeys(hit, "failed")
    assert outcomes == expected, trial.failed
    assert all(fault.error in error for error in trial.failed)
    assert trial.result.answer == trial.expected
    for sent, received, whole in sent_texts(fault, trial.result):
        assert received == sent if whole else sent.startswith(received)
    billed, reported = trial.finished
    if fault.usage == "server":
        assert billed == reported
    else:
        assert trial.result.usage.estimated
        assert abs(billed - reported) <= fault.slack * billed
    billed, reported = trial.closed
    if fault.closes and fault.usage == "server":
        assert 0 <= billed - reported <= trial.in_flight
    for body in server.bodies[-2:]:
        assert not body.keys() & set(fault.sends)
        assert "n" not in body
