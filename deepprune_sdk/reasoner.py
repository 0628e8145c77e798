"""`ParallelReasoner`: sample n traces, close the redundant ones, vote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from secrets import randbelow

import anyio

from deepprune_sdk.answers import Answers, FunctionAnswers
from deepprune_sdk.data.prices import Price
from deepprune_sdk.data.types import Message, Prompt, Sampling, to_messages
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.errors import BatchError, ConfigurationError, DeepPruneError, RunTimeoutError
from deepprune_sdk.judges.learned import LearnedJudge
from deepprune_sdk.live.capacity import Room
from deepprune_sdk.live.judging import Judging, JudgingLimits
from deepprune_sdk.live.retry import Retries
from deepprune_sdk.live.run import Run, first_error
from deepprune_sdk.live.throttle import Throttle
from deepprune_sdk.policies import Policy, RunSetup, method
from deepprune_sdk.policies.limits import Limits
from deepprune_sdk.protocols import (
    AnswerExtractor,
    Backend,
    ContinuesPrefix,
    Judge,
    SharesPrompt,
)
from deepprune_sdk.recording.format import RecordedTrace
from deepprune_sdk.recording.live_recorder import TraceRecorder
from deepprune_sdk.recording.naming import RecordAs, problem_name
from deepprune_sdk.recording.resume import ResumedBackend, finished_traces
from deepprune_sdk.recording.run_log import RunLogWriter
from deepprune_sdk.recording.writer import TraceWriter
from deepprune_sdk.results.result import Result

__all__ = ["LONG_PROMPT", "ParallelReasoner"]

LONG_PROMPT = 4000
"""Characters from which a prompt is worth a warm start: some 1,000 tokens, as OpenAI caches."""


class ParallelReasoner:
    """Answers prompts by many reasoning traces at a part of their price.

    One reasoner serves any number of prompts, also at once.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        judge: Judge | None = None,
        policy: Policy | None = None,
        sampling: Sampling | None = None,
        answers: AnswerExtractor | Callable[[str], str | None] | None = None,
        concurrency: int | None = None,
        judging: JudgingLimits | None = None,
        retries: Retries | None = None,
        limits: Limits | None = None,
        price: Price | None = None,
        shadow: bool = False,
        record: str | PathLike[str] | TraceWriter | None = None,
        warm_start: bool | None = None,
        keep_text: bool = True,
    ) -> None:
        """Put a reasoner together.

        Args:
            backend: Where traces come from.
            judge: Says whether two unfinished traces will end in the same answer; by default
                `LearnedJudge`, which needs no model.
            policy: The method; by default `method("deepprune")`: traces start as the vote needs
                them, redundant ones are closed, and the run ends once the full vote would hardly
                have given another answer.
            sampling: Temperature, token limit and the like.
            answers: Reads final answers and compares them; a function from text to answer will do.
            concurrency: Most streams at once in one run; None leaves it to the backend.
            judging: Time limit and budget of the judge, a run.
            retries: How requests are repeated before their first token.
            limits: What a run may use up.
            price: What tokens cost, for results to say so, and for `Limits(money=)`.
            shadow: Take every decision and close nothing: the result says what would have been
                saved and whether the answer would have differed.
            record: A recording (`deepprune-trace/1`) that every trace of every run is appended to
                when it ends, those that were closed with what they had.
            warm_start: Start one trace first and the others at its first token, so that a server
                with a prefix cache computes the prompt once; None does so for prompts of at least
                `LONG_PROMPT` characters where that can pay (`SharesPrompt`).
            keep_text: Whether results have the texts of the traces. Without them the text of a
                trace is dropped when the trace is over: only its answer is needed to vote.

        Raises:
            ConfigurationError: Money is limited without a price, `concurrency` is below 1, or what
                is not kept is to be recorded.
        """
        if concurrency is not None and concurrency < 1:
            raise ConfigurationError(f"concurrency={concurrency}: allow at least 1 stream, or None")
        if record is not None and not keep_text:
            raise ConfigurationError("keep_text=False leaves nothing to record: drop record=")
        self.backend = backend
        self.judge: Judge = judge or LearnedJudge()
        self.policy: Policy = policy or method("deepprune")
        self.sampling: Sampling = sampling or Sampling()
        self.answers: AnswerExtractor = _extractor(answers)
        self.concurrency = concurrency
        self.judging: JudgingLimits = judging or JudgingLimits()
        self.retries: Retries = retries or Retries()
        self.limits: Limits = limits or Limits()
        self.price = price
        self.limits.around(self.policy, price)
        self._throttle = Throttle()
        self._room = Room(self.limits.traces)
        self.shadow = shadow
        self.warm_start = warm_start
        self.keep_text = keep_text
        is_path = isinstance(record, str | PathLike)
        self.record: TraceWriter | None = TraceWriter(record) if is_path else record

    async def solve(
        self,
        prompt: Prompt,
        n: int = 16,
        *,
        sampling: Sampling | None = None,
        answers: AnswerExtractor | Callable[[str], str | None] | None = None,
        judging: JudgingLimits | None = None,
        limits: Limits | None = None,
        run_log: str | PathLike[str] | None = None,
        record_as: RecordAs | None = None,
        resume: str | PathLike[str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  the caller's own scope has no partial result
    ) -> Result:
        """Answer `prompt` by a vote over at most `n` traces.

        The keyword arguments replace the reasoner's own for this call; `run_log` is a file to
        write the run's log to (`deepprune-run/1`), `record_as` says what its traces are recorded
        as. `resume` is a recording whose finished traces of this prompt are taken up instead of
        generated again; a file that is not there yet has none, so it may be the one that `record`
        writes. After `timeout` seconds it closes every stream and raises; the policy `Deadline`
        closes them and answers with what there is. Cancelling closes every stream and raises.

        Whatever it raises has the traces so far as `error.partial`, a `Result`. A caller who
        cancels from outside, as `anyio.fail_after` does, never sees the exception that passes
        through here: they use `run`, whose `snapshot` stays readable.

        Raises:
            RunTimeoutError: `timeout` is over.
            ConfigurationError: An empty prompt, n below 1, settings that cannot work together.
            AllTracesFailedError: No trace produced anything.
            BackendError: The provider refuses what every trace asks for.
        """
        run = self.run(
            prompt,
            n,
            sampling=sampling,
            answers=answers,
            judging=judging,
            limits=limits,
            run_log=run_log,
            record_as=record_as,
            resume=resume,
            watched=False,
        )
        with anyio.move_on_after(timeout):
            async with run:
                return await run.wait()
        error = RunTimeoutError(f"no answer within {timeout:g} s: raise timeout=, or lower n")
        error.partial = run.snapshot()
        raise error

    def run(
        self,
        prompt: Prompt,
        n: int = 16,
        *,
        sampling: Sampling | None = None,
        answers: AnswerExtractor | Callable[[str], str | None] | None = None,
        judging: JudgingLimits | None = None,
        limits: Limits | None = None,
        run_log: str | PathLike[str] | None = None,
        record_as: RecordAs | None = None,
        resume: str | PathLike[str] | None = None,
        watched: bool = True,
    ) -> Run:
        """Like `solve`, event by event: `async with` the run, then `async for` its events.

        Without a watcher (`watched=False`) no event is built.

        Raises:
            ConfigurationError: As for `solve`.
        """
        messages = to_messages(prompt)
        self._room.check(n)
        sampling = sampling or self.sampling
        seed = randbelow(2**31) if sampling.seed is None else sampling.seed
        backend = self.backend
        continues = isinstance(backend, ContinuesPrefix) and backend.continues_prefix
        resumed: dict[int, RecordedTrace] = {}
        if resume is not None:
            named = None if record_as is None else record_as.problem
            resumed = finished_traces(
                resume,
                model=backend.model,
                problem=named or problem_name(_question(messages)),
                sampling=sampling,
                seed=seed,
                n=n,
            )
        setup = RunSetup(
            n=n,
            seed=seed,
            question=_question(messages),
            concurrency=_least(self.concurrency, backend.concurrency),
            free_judge=not self.judge.costs_tokens,
            can_continue=continues,
            can_probe=continues,
            resumed=tuple(sorted(resumed)),
        )
        extractor = self.answers if answers is None else _extractor(answers)
        limits = limits or self.limits
        if limits.traces not in (None, self.limits.traces):
            raise ConfigurationError(
                f"Limits(traces={limits.traces}) is shared by all runs: give it to the reasoner"
            )
        policy = limits.around(self.policy, self.price)
        engine = Engine(policy, setup, extractor, shadow=self.shadow, keep_text=self.keep_text)
        candidates = max(sampling.top_logprobs, engine.candidates())
        sampling = sampling.model_copy(update={"top_logprobs": candidates})
        warm_start = self.warm_start
        if warm_start is None:
            long = sum(len(message.content) for message in messages) >= LONG_PROMPT
            warm_start = long and isinstance(backend, SharesPrompt) and backend.shares_prompt
        return Run(
            engine,
            ResumedBackend(backend, resumed) if resumed else backend,
            Judging(self.judge, judging or self.judging),
            messages=messages,
            sampling=sampling,
            retries=self.retries,
            throttle=self._throttle,
            room=self._room,
            log=None if run_log is None else RunLogWriter(run_log, policy, setup, self.shadow),
            recorder=self._recorder(engine, sampling, record_as),
            watched=watched,
            warm_start=warm_start,
            characters=limits.characters,
            price=self.price,
        )

    def _recorder(
        self, engine: Engine, sampling: Sampling, record_as: RecordAs | None
    ) -> TraceRecorder | None:
        if self.record is None:
            return None
        model = self.backend.model
        return TraceRecorder(
            self.record, engine, model=model, sampling=sampling, record_as=record_as
        )

    async def solve_many(
        self,
        prompts: Sequence[Prompt],
        n: int = 16,
        *,
        concurrency: int = 4,
        sampling: Sampling | None = None,
    ) -> list[Result]:
        """Answer many prompts, at most `concurrency` of them at a time; results in their order.

        A prompt that fails does not stop the others.

        Raises:
            ConfigurationError: As for `solve`, before any trace is started.
            BatchError: Some prompts failed; `results` has the others, `errors` what happened.
        """
        if concurrency < 1:
            raise ConfigurationError(
                f"concurrency={concurrency}: solve at least 1 prompt at a time"
            )
        runs = [self.run(prompt, n, sampling=sampling, watched=False) for prompt in prompts]
        results: list[Result | None] = [None] * len(runs)
        errors: dict[int, DeepPruneError] = {}
        limiter = anyio.CapacityLimiter(concurrency)

        async def one(position: int, run: Run) -> None:
            async with limiter, run:
                try:
                    results[position] = await run.wait()
                except DeepPruneError as error:
                    errors[position] = error

        try:
            async with anyio.create_task_group() as group:
                for position, run in enumerate(runs):
                    group.start_soon(one, position, run)
        except ExceptionGroup as error:  # what a user's own part raised
            raise first_error(error) from None
        if errors:
            raise BatchError(results, dict(sorted(errors.items())))
        return [result for result in results if result is not None]


def _extractor(
    answers: AnswerExtractor | Callable[[str], str | None] | None,
) -> AnswerExtractor:
    if answers is None:
        return Answers()
    return FunctionAnswers(answers) if callable(answers) else answers


def _question(messages: Sequence[Message]) -> str:
    """The last thing the user said, which is what the traces answer."""
    asked = [message.content for message in messages if message.role == "user"]
    return asked[-1] if asked else messages[-1].content


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
