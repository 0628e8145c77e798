"""One run of the SDK against one fault, and what became of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import httpx2
import openai

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server, Transport
from deepprune_adapters.tokens import default_counter
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
from deepprune_sdk.data import Ballot, Chunk, SurvivorsVote, Trace, TraceRequest
from deepprune_sdk.data.signals import Close, Decision
from deepprune_sdk.policies.base import Advanced, Observation, PolicyState, RunSetup, RunView
from deepprune_sdk.protocols import Backend
from support.simulator.faults import HIT, Fault
from support.simulator.replies import THOUGHT, answered, recorded, thought, tokens_of
from support.simulator.server import Call, Simulator

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
    """Counts the bytes of each call's body that were read, and of these the ones handed on.

    What had been read when a stream was closed, and waited there to be handed on, is lost with it.

    Attributes:
        read: Bytes of the body so far, by call.
        handed_on: Those of them that whoever reads the chunks has had, by call.
    """

    def __init__(self, server: Simulator) -> None:
        self._server = server
        self._latest: dict[int, int] = {}
        self.read: dict[int, int] = {}
        self.handed_on: dict[int, int] = {}

    async def __call__(self, response: httpx2.Response) -> None:
        """Take a response, as an event hook of the client."""
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        number = int(response.headers["x-call"])
        self._latest[self._server.calls[number].seed] = number
        response.stream = _Counted(response.stream, self.read, number)

    def hand_on(self, trace: int) -> None:
        """Take note that a chunk comes out: it, and all before it, is handed on."""
        number = self._latest[trace]
        self.handed_on[number] = self.read[number]


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, read: dict[int, int], number: int) -> None:
        self._inner, self._read, self._number = inner, read, number

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._read[self._number] = 0
        async for data in self._inner:
            self._read[self._number] += len(data)
            yield data

    async def aclose(self) -> None:
        await self._inner.aclose()


class WatchedBackend:
    """Takes note of each chunk that comes out of a backend, before anything else can be read."""

    concurrency = None

    def __init__(self, inner: Backend, counting: Counting, fault: Fault) -> None:
        self.model = inner.model
        self._inner = inner
        self._bytes = counting
        self._response_format = fault.response_format

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        named = request.sampling.model_copy(update={"extra": {"user": str(request.trace)}})
        asked = replace(request, response_format=self._response_format, sampling=named)
        async with self._inner.stream(asked) as chunks:
            yield self._watched(chunks, request.trace)

    async def _watched(self, chunks: AsyncIterator[Chunk], trace: int) -> AsyncIterator[Chunk]:
        async for chunk in chunks:
            self._bytes.hand_on(trace)
            yield chunk


@dataclass(frozen=True, kw_only=True)
class Account:
    """The tokens of one trace, by everybody's books.

    Attributes:
        over: Whether the trace finished; else it was closed, or it failed.
        billed: By the server: all that it generated.
        arrived: Those of them that had been read when the last chunk was handed on.
        received: Those of them whose text the trace has, or that were never to be sent.
        reported: By the result.
        counted: What the default counter makes of the text that the trace has, event by event.
    """

    over: bool
    billed: int
    arrived: int
    received: int
    reported: int
    counted: int


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a fault did to a run.

    Attributes:
        error: The run's error, or None.
        result: What it found; of a run that failed, what it had.
        expected: The answer that the traces give which survived, by the recording.
        accounts: What each trace of the result costs.
        requests: Requests in all.
        later: Bodies of the requests that the same backend sent for one trace more, after the run;
            none where there is nothing that it should have learned.
    """

    fault: Fault
    n: int
    error: DeepPruneError | None
    result: Result | None
    expected: str | None
    accounts: list[Account]
    requests: int
    later: list[dict[str, Any]]

    @property
    def right(self) -> bool:
        """Whether the answer is the expected one, in whichever of its spellings came first."""
        found, expected = self.result and self.result.answer, self.expected
        if found is None or expected is None:
            return found == expected
        return Answers().equivalent(found, expected)

    @property
    def failed(self) -> list[str]:
        """Errors of the traces that failed."""
        traces = self.result.traces if self.result else []
        return [trace.reason for trace in traces if trace.outcome == "failed"]

    @property
    def finished(self) -> tuple[int, int]:
        """Tokens of finished traces: billed and reported."""
        return self._sums(over=True)

    @property
    def closed(self) -> tuple[int, int]:
        """Tokens of closed and failed traces: billed and reported."""
        return self._sums(over=False)

    @property
    def in_flight(self) -> int:
        """Tokens that had been sent and not been handed on when streams were closed."""
        return sum(each.billed - each.received for each in self.accounts)

    def _sums(self, *, over: bool) -> tuple[int, int]:
        mine = [each for each in self.accounts if each.over == over]
        return sum(each.billed for each in mine), sum(each.reported for each in mine)


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
    counting = Counting(server)
    http = HTTP[transport](
        limits=httpx2.Limits(
            max_connections=fault.connections or 2 * n, max_keepalive_connections=0
        ),
        event_hooks={"response": [counting]},
    )
    error: DeepPruneError | None = None
    async with openai.AsyncOpenAI(api_key="none", base_url=server.url, http_client=http) as client:
        options: dict[str, Any] = {"idle_timeout": 20.0, **fault.server}
        reasoner = ParallelReasoner(
            WatchedBackend(
                OpenAIBackend("m", server=Server(client=client, **options)), counting, fault
            ),
            policy=Composed(FullSampling(), CloseSome(closed_by_policy(fault, n))),
            requests=Requests(retries=Retries(initial=0.02, maximum=5.0)),
            sampling=Sampling(seed=0, max_tokens=200, **fault.sampling),
            answers=Answers(),
        )
        try:
            result = await reasoner.solve("How many days?", n=n, instruct=False)
        except DeepPruneError as raised:
            error, result = raised, raised.partial
        requests = len(server.calls)
        if fault.sends:
            await reasoner.solve("How many days?", n=1, instruct=False)
    server.wait_until_left()
    calls = server.calls[:requests]
    return Trial(
        fault=fault,
        n=n,
        error=error,
        result=result,
        expected=None if result is None else surviving_answer(fault, result),
        accounts=list(accounts(fault, result, calls, counting.handed_on)) if result else [],
        requests=requests,
        later=server.bodies[requests:],
    )


def accounts(
    fault: Fault, result: Result, calls: Sequence[Call], handed_on: Mapping[int, int]
) -> Iterable[Account]:
    """The books of each trace."""
    counter = default_counter()
    hidden = len(THOUGHT) if fault.dialect.reasoning == "hidden" else 0
    for trace in result.traces:
        mine = [call for call in calls if call.seed == trace.trace]
        head = () if hidden else thought(fault.dialect)
        sent = (*head, *answered(recorded()[trace.trace], fault.dialect))
        ends = list(accumulate(map(len, sent)))
        received = bisect_right(ends, len(trace.text))
        yield Account(
            over=trace.outcome == "finished",
            billed=sum(call.generated for call in mine),
            arrived=sum(call.tokens_within(handed_on.get(call.number, 0)) for call in mine),
            received=received + hidden * (received > 0),
            reported=trace.tokens,
            counted=sum(len(counter.split(piece)) for piece in sent[:received]),
        )


def surviving_answer(fault: Fault, result: Result) -> str | None:
    """The vote over the recorded texts, each as far as it was received."""
    answers, ballots = Answers(), list[Ballot]()
    classes = AnswerClasses(answers.equivalent)
    head = 0 if fault.dialect.reasoning == "hidden" else len("".join(thought(fault.dialect)))
    for trace in result.traces:
        whole = recorded()[trace.trace % len(recorded())]
        over = trace.outcome == "finished"
        text = "".join(answered(whole, fault.dialect))
        text = text if over else text[: max(0, len(trace.text) - head)]
        complete = over and whole.finish != "length"
        found = answers.extract(text, complete=complete)
        if found is not None:
            ballots.append(Ballot(trace=trace.trace, answer=classes.name(found)))
    return SurvivorsVote().tally(ballots).answer


def sent_texts(fault: Fault, result: Result) -> Iterable[tuple[str, str, bool]]:
    """The text that each trace was sent, and the text it has; whether it is the whole one."""
    head = "" if fault.dialect.reasoning == "hidden" else "".join(thought(fault.dialect))
    for trace in result.traces:
        answer = answered(recorded()[trace.trace % len(recorded())], fault.dialect)
        yield head + "".join(answer), trace.text, trace.outcome == "finished"


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
    assert trial.right
    for sent, received, whole in sent_texts(fault, trial.result):
        assert received == sent if whole else sent.startswith(received)
    assert trial.result.usage.estimated == (fault.usage != "server")
    for account in trial.accounts:
        holds_account(account, fault)
    if not fault.closes:
        whole = [tokens_of(recorded()[trace], fault.dialect) for trace in closed]
        assert trial.closed[0] == sum(whole)
    if fault.connections:
        assert trial.requests == n  # who waits for a connection is not given up
    assert all("n" not in body for body in server.bodies)
    assert len(trial.later) == (1 if fault.sends else 0)  # what was refused was learned for good
    assert all(not body.keys() & set(fault.sends) for body in trial.later)


def holds_account(account: Account, fault: Fault) -> None:
    """Fail unless a trace's tokens are counted as well as they can be.

    What the server said is exact, whatever else happens at the time. What it did not say is counted
    here, by the text that arrived: a token of the server's is one of the counter's, or several.
    """
    # When a chunk came out, the reader could be some bytes ahead of it: those it has not handed on.
    assert account.received <= account.arrived <= account.billed
    if account.over and fault.usage != "counted":
        assert account.reported == account.billed
    elif fault.usage == "server":
        assert account.reported == account.received
    else:
        assert account.received <= account.reported <= account.counted
        assert account.counted <= (1 + fault.slack) * account.received + 1
