"""`ParallelReasoner`: sample n traces, close the redundant ones, vote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace
from functools import partial
from os import PathLike
from secrets import randbelow
from typing import Any, TypedDict, Unpack, cast

import anyio

from deepprune_sdk.answers.by_name import ReadsAnswers, as_extractor
from deepprune_sdk.answers.powers import ExtractorPowers
from deepprune_sdk.data.arguments import (
    as_flag,
    as_path,
    as_seconds,
    as_settings,
    as_whole,
    check_source,
    shown,
)
from deepprune_sdk.data.messages import (
    Message,
    Prompt,
    as_prompts,
    asked,
    to_messages,
    with_instruction,
)
from deepprune_sdk.data.prices import Price
from deepprune_sdk.data.types import Sampling
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.errors import ConfigurationError, RunTimeoutError
from deepprune_sdk.judges.by_name import as_judge
from deepprune_sdk.judges.reading import reading_by
from deepprune_sdk.live.batch import solve_all
from deepprune_sdk.live.capacity import Room
from deepprune_sdk.live.judging import Judging
from deepprune_sdk.live.requests import RequestPlan, Requests
from deepprune_sdk.live.run import Run
from deepprune_sdk.live.throttle import Throttle
from deepprune_sdk.loops.calling import like, wait_for
from deepprune_sdk.methods import DEFAULT_METHOD
from deepprune_sdk.policies.base import Policy, RunSetup
from deepprune_sdk.policies.by_name import as_policy
from deepprune_sdk.policies.limits import Limits
from deepprune_sdk.protocols import AnswerExtractor, Backend, ContinuesPrefix, Judge
from deepprune_sdk.recording.format import RecordedTrace
from deepprune_sdk.recording.live_recorder import TraceRecorder
from deepprune_sdk.recording.naming import RecordAs, problem_name
from deepprune_sdk.recording.resume import finished_traces
from deepprune_sdk.recording.run_log import RunLogWriter
from deepprune_sdk.recording.writer import TraceWriter
from deepprune_sdk.results.result import Result

__all__ = ["ParallelReasoner", "Settings"]

RecordsTo = str | PathLike[str] | TraceWriter


class Settings(TypedDict, total=False):
    """The settings of a `ParallelReasoner` by name, as its constructor takes them."""

    backend: Backend
    judge: Judge | str | None
    policy: Policy | str | None
    sampling: Sampling | Mapping[str, Any] | None
    answers: ReadsAnswers | None
    requests: Requests | Mapping[str, Any] | None
    limits: Limits | Mapping[str, Any] | None
    price: Price | Mapping[str, Any] | None
    shadow: bool
    record: RecordsTo | None


class ParallelReasoner:
    """Answers prompts by many reasoning traces, at a fraction of their price.

    One reasoner serves any number of prompts, several at once if you like, from any threads and
    event loops: its limits hold over all of them. Its settings are its attributes; they never
    change, and `replace` makes a reasoner with other ones.

    Attributes:
        throttle: The requests in flight of all runs, with the limit that refusals have taught.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        judge: Judge | str | None = None,
        policy: Policy | str | None = None,
        sampling: Sampling | Mapping[str, Any] | None = None,
        answers: ReadsAnswers | None = None,
        requests: Requests | Mapping[str, Any] | None = None,
        limits: Limits | Mapping[str, Any] | None = None,
        price: Price | Mapping[str, Any] | None = None,
        shadow: bool = False,
        record: RecordsTo | None = None,
    ) -> None:
        """Put a reasoner together.

        Args:
            backend: Where traces come from.
            judge: Says whether two unfinished traces will end in the same answer; by default
                `LearnedJudge`, which needs no model. Its name will do: `"learned:prior=0.8"`.
            policy: The method, or its name: `"esc:window=4"`. By default `DEFAULT_METHOD`: traces
                start as the vote needs them, redundant ones are closed, and the run ends once the
                full vote would hardly have given another answer.
            sampling: Temperature, token limit and the like; these settings, and the three below,
                may also be a dict of their fields.
            answers: How final answers are read and compared: the name of a kind with its settings
                (`"math"`, `"choice:yes|no"`, `"json:fields=city"`), a pydantic model, a function
                from text to answer, or an extractor. By default `auto`, which takes what the
                traces show; see the page *Answers*.
            requests: How requests are sent: how many at once, how they are repeated.
            limits: What a run may use up, the judge's time and the memory for texts included.
            price: What tokens cost, for results to say so, and for `Limits(money=)`.
            shadow: Take every decision and close nothing: the result says what would have been
                saved and whether the answer would have differed.
            record: A recording (`deepprune-trace/1`) to which every trace of every run is appended
                when it ends; one that was closed, with what it had. All reasoners of this process
                that name the same file share it.

        Raises:
            ConfigurationError: Money is limited without a price, text that is not kept is to be
                recorded, a name or setting is unknown (the known ones are listed), or a value is of
                a kind that cannot be taken.
        """
        check_source("backend", backend)
        self.backend = backend
        self.judge: Judge = as_judge("learned" if judge is None else judge)
        self.policy: Policy = as_policy(DEFAULT_METHOD if policy is None else policy)
        self.sampling: Sampling = as_settings("sampling", sampling, Sampling)
        self.answers: AnswerExtractor = as_extractor(answers)
        self.requests: Requests = as_settings("requests", requests, Requests)
        self.limits: Limits = as_settings("limits", limits, Limits)
        self.price: Price | None = None if price is None else as_settings("price", price, Price)
        self.shadow: bool = as_flag("shadow", shadow)
        if record is not None and not isinstance(record, TraceWriter):
            record = TraceWriter.shared(as_path("record", record))
        self.record: TraceWriter | None = record
        if record is not None and not self.limits.keep_text:
            raise ConfigurationError("Limits(keep_text=False) leaves nothing to record")
        self._guarded: Policy = self.limits.around(self.policy, self.price)
        self.throttle: Throttle = Throttle()
        self._room = Room(self.limits.traces)

    def replace(self, **changes: Unpack[Settings]) -> ParallelReasoner:
        """Return a reasoner with other settings, for one call or for many.

        ```python
        result = await reasoner.replace(sampling=Sampling(temperature=0.2)).solve(prompt)
        ```

        The two share what all runs share: the room for traces in memory and, with the same backend,
        the limit on requests in flight that refusals have taught. What `replace` does not name
        stays as it is.

        Raises:
            ConfigurationError: As for the constructor, or another limit on what is shared.
        """
        now = {name: getattr(self, name) for name in Settings.__annotations__}
        other = copy(self)  # of a subclass, with all that it has
        ParallelReasoner.__init__(other, **cast("Settings", now | changes))
        traces = other.limits.traces
        if "limits" in changes and traces not in (None, self._room.traces):
            raise ConfigurationError(
                f"Limits(traces={traces}) is shared by all runs: give it to the first reasoner"
            )
        other._room = self._room
        if other.backend is self.backend:
            other.throttle = self.throttle
        return other

    async def solve(
        self,
        prompt: Prompt,
        n: int = 16,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  the caller's own scope has no partial result
        run_log: str | PathLike[str] | None = None,
        record_as: RecordAs | None = None,
        resume: str | PathLike[str] | None = None,
        instruct: bool = True,
        abstain_below: float | None = None,
    ) -> Result:
        """Answer `prompt` by a vote over at most `n` traces.

        Cancelling closes every stream and raises. Whatever it raises has the traces so far as
        `error.partial`, a `Result`. A caller who cancels from outside, as `anyio.fail_after` does,
        never sees the exception that passes through here: they use `run`, whose `snapshot` stays
        readable.

        Args:
            prompt: The question, or the chat messages that end in it.
            n: Most traces.
            timeout: Seconds after which every stream is closed and an error raised. The policy
                `Deadline` closes them too, and answers with what there is.
            run_log: A file to write the run's log to (`deepprune-run/1`).
            record_as: What the traces are recorded as.
            resume: A recording whose finished traces of this prompt are taken up instead of
                generated again. A file that does not exist yet has none, so it may be the one that
                `record` writes.
            instruct: Whether the kind of answers, where it has an instruction, adds it to the
                prompt, on a line of its own after the question.
            abstain_below: Agreement, 0 to 1, below which the result has no answer (`abstained`).

        Raises:
            RunTimeoutError: `timeout` is over.
            ConfigurationError: An empty prompt, n below 1, settings that cannot work together.
            AllTracesFailedError: No trace produced anything.
            BackendError: The provider refuses what every trace asks for.
        """
        seconds = as_seconds("timeout", timeout)
        run = self.run(
            prompt,
            n,
            run_log=run_log,
            record_as=record_as,
            resume=resume,
            instruct=instruct,
            abstain_below=abstain_below,
            watched=False,
        )
        with anyio.move_on_after(seconds):
            async with run:
                return await run.wait()
        error = RunTimeoutError(f"no answer within {seconds:g} s: raise timeout=, or lower n")
        error.partial = run.snapshot()
        raise error

    def run(
        self,
        prompt: Prompt,
        n: int = 16,
        *,
        run_log: str | PathLike[str] | None = None,
        record_as: RecordAs | None = None,
        resume: str | PathLike[str] | None = None,
        instruct: bool = True,
        abstain_below: float | None = None,
        watched: bool = True,
    ) -> Run:
        """Like `solve`, event by event: `async with` the run, then `async for` its events.

        With `watched=False` no events are built: await `Run.wait` instead.

        Raises:
            ConfigurationError: As for `solve`.
        """
        messages = to_messages(prompt)
        n = as_whole("n", n, least=None)
        self._room.check(n)
        if abstain_below is not None and not _is_share(abstain_below):
            raise ConfigurationError(
                f"abstain_below={shown(abstain_below)}: give an agreement from 0 to 1"
            )
        powers = ExtractorPowers.of(self.answers)
        instruction = (powers.instruction or "") if as_flag("instruct", instruct) else ""
        record_as = as_settings("record_as", record_as, RecordAs)
        if record_as.instruction is None:
            record_as = record_as.model_copy(update={"instruction": instruction})
        setup = self._setup(messages, n, record_as)
        recorded: dict[int, RecordedTrace] = {}
        if resume is not None:
            recorded = finished_traces(
                as_path("resume", resume),
                setup,
                model=self.backend.model,
                problem=record_as.problem or problem_name(setup.question),
                sampling=self.sampling,
                instruction=instruction,
            )
            setup = replace(setup, resumed=tuple(sorted(recorded)))
        policy, limits = self._guarded, self.limits
        engine = Engine(policy, setup, self.answers, shadow=self.shadow, keep_text=limits.keep_text)
        candidates = max(self.sampling.top_logprobs, engine.candidates())
        plan = RequestPlan(
            backend=self.backend,
            messages=with_instruction(messages, instruction),
            response_format=powers.response_format,
            sampling=self.sampling.model_copy(update={"top_logprobs": candidates}),
            retries=self.requests.retries,
            throttle=self.throttle,
            warm_start=self.requests.starts_warm(self.backend, messages),
            characters=limits.characters,
            recorded=recorded,
        )
        return Run(
            engine,
            plan,
            Judging(reading_by(self.judge, self.answers), limits.judging),
            room=self._room,
            log=None
            if run_log is None
            else RunLogWriter(as_path("run_log", run_log), policy, engine.setup, self.shadow),
            recorder=self._recorder(engine, plan.sampling, record_as),
            watched=as_flag("watched", watched),
            price=self.price,
            abstain_below=abstain_below,
        )

    def _setup(self, messages: tuple[Message, ...], n: int, record_as: RecordAs) -> RunSetup:
        backend, seed = self.backend, self.sampling.seed
        numbers = record_as.numbers
        if numbers is not None and len(numbers) < n:
            raise ConfigurationError(f"n={n}, but {len(numbers)} numbers: give each trace its own")
        continues = isinstance(backend, ContinuesPrefix) and backend.continues_prefix
        return RunSetup(
            n=n,
            seed=randbelow(2**31) if seed is None else seed,
            question=asked(messages),
            concurrency=_least(self.requests.concurrency, backend.concurrency),
            free_judge=not self.judge.costs_tokens,
            can_continue=continues,
            can_probe=continues,
            numbers=numbers or (),
        )

    def _recorder(
        self, engine: Engine, sampling: Sampling, record_as: RecordAs
    ) -> TraceRecorder | None:
        if self.record is None:
            return None
        model = self.backend.model
        return TraceRecorder(
            self.record, engine, model=model, sampling=sampling, record_as=record_as
        )

    async def solve_many(
        self,
        prompts: Iterable[Prompt],
        n: int = 16,
        *,
        concurrency: int = 4,
    ) -> list[Result]:
        """Answer many prompts, at most `concurrency` of them at a time.

        A prompt that fails does not stop the others. Results come in the order of the prompts.
        Whatever is raised once traces have been started, a cancellation too, has as `partial` one
        `Result` per prompt: of a prompt that was not answered what its run had found, or None.

        Raises:
            ConfigurationError: As for `solve`, before any trace is started; it says which prompt.
            BatchError: Some prompts failed; `results` has the others, `errors` what happened.
        """
        several = as_prompts(prompts)
        concurrency = as_whole("concurrency", concurrency)
        self.run(several[0] if several else "?", n, watched=False)  # what holds for all of them
        return await solve_all(partial(self.solve, n=n), several, concurrency)

    @like(solve)
    def solve_sync(self, *args: Any, **kwargs: Any) -> Result:
        """Call `solve` and wait, from code that is not async, in any thread."""
        return wait_for(self.solve, *args, **kwargs)

    @like(solve_many)
    def solve_many_sync(self, *args: Any, **kwargs: Any) -> list[Result]:
        """Call `solve_many` and wait, from code that is not async, in any thread."""
        return wait_for(self.solve_many, *args, **kwargs)


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and 0.0 <= value <= 1.0


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
