"""Every method on the same draws of recorded traces, with intervals over problems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import blake2b
from multiprocessing import get_context
from time import process_time

import anyio
from anyio.lowlevel import checkpoint

from deepprune_sdk.errors import ConfigurationError, RecordingError
from deepprune_sdk.evaluation.draws import draw, drawable
from deepprune_sdk.evaluation.extractor import extractor_of
from deepprune_sdk.evaluation.replay import Replayed, replay
from deepprune_sdk.evaluation.workers import process_count, quiet, unheard
from deepprune_sdk.policies.base import Policy, RunSetup
from deepprune_sdk.policies.cons import FullSampling
from deepprune_sdk.protocols import AnswerExtractor, Judge
from deepprune_sdk.recording.reader import RecordedTrace
from deepprune_sdk.results.reports import JudgeReport

__all__ = ["Draw", "Outcome", "run_bench"]

CONS = "cons"
"""The method against which all others are measured; it is always among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one method made of one draw.

    Attributes:
        agrees: Whether its answer is the full vote's on the same draw; None where that has none.
        correct: Whether its answer is the reference answer; None without one.
        generated: Tokens of all traces, closed ones included.
        judge: Tokens the judge read and wrote, probes included.
        judging: How often the judge was asked, and what became of it.
        prompt: Tokens of the prompts of all started traces; estimated, see `prompt_tokens`.
        critical: Tokens generated one after another.
        pass_at_k: Whether an observed answer is the reference answer; None without one.
        distinct: Different observed answers.
        started: Traces started.
        finished: Traces that ran to their end.
        unread: Those of them without an answer that could be read.
        closed: Traces closed by the method.
        seconds: Processor time of the replay here.
    """

    agrees: bool | None
    correct: bool | None
    generated: int
    judge: int
    judging: JudgeReport
    prompt: int
    critical: int
    pass_at_k: bool | None
    distinct: int
    started: int
    finished: int
    unread: int
    closed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Draw:
    """All methods' outcomes on one draw of one problem.

    Attributes:
        problem: Name of the problem.
        repeat: Number of the draw, from 0.
        outcomes: By method, without those that could not work on this draw.
        refused: Why they could not, by method.
    """

    problem: str
    repeat: int
    outcomes: Mapping[str, Outcome]
    refused: Mapping[str, str]


def run_bench(
    problems: Mapping[str, Sequence[RecordedTrace]],
    methods: Mapping[str, Policy],
    make_judge: Callable[[], Judge],
    *,
    n: int,
    repeats: int,
    seed: int,
    answers: AnswerExtractor | None = None,
    workers: int | None = None,
    leave_out: bool = False,
    drop_small: bool = False,
) -> Iterator[Draw]:
    """Replay every method on `repeats` draws of `n` traces of each problem.

    A problem is one task of a process pool. The draws come in no order; the same seed gives the
    same draws.

    Args:
        problems: Complete traces by problem.
        methods: Policies by name; cons@n is added.
        make_judge: Makes the judge in each process; it must be picklable, so a module's function.
        n: Traces a draw.
        repeats: Draws a problem.
        seed: Of the draws and of the methods' random choices.
        answers: Reads and compares answers; by default as the recording says (`extractor_of`). A
            recorded one is taken as it is.
        workers: Processes; by default one a core. 1 stays in this process.
        leave_out: Continue without a method that cannot work on these recordings; by default the
            first one's error is raised.
        drop_small: Leave out problems with fewer than n traces; by default they are refused.

    Raises:
        RecordingError: A problem has fewer than n traces, or one that is not complete, or the
            recording has no probes where a method asks for one.
        ConfigurationError: A method cannot work with n traces, or with these.
    """
    methods = {CONS: FullSampling(), **methods}
    for name, policy in methods.items():
        _require_no_clock(name, policy, n)
    problems = drawable(problems, n, drop_small=drop_small)  # a fault shows before the work begins
    tasks = [
        _Task(
            problem=problem,
            traces=tuple(traces),
            methods=methods,
            make_judge=make_judge,
            n=n,
            repeats=repeats,
            seed=seed,
            answers=extractor_of(traces, answers),
            leave_out=leave_out,
        )
        for problem, traces in problems.items()
    ]
    workers = min(workers or process_count(), len(tasks))
    if workers <= 1:
        for task in tasks:
            yield from _run(task)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=quiet) as pool:
        with unheard():
            futures: list[Future[list[Draw]]] = [pool.submit(_run, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield from future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _require_no_clock(name: str, policy: Policy, n: int) -> None:
    """Refuse a method that waits for seconds: it would be measured as if it had none.

    Raises:
        ConfigurationError: It does.
    """
    setup = RunSetup(n=n, seed=0, question="", can_probe=True, replayed=True)
    try:
        seconds = policy.begin(setup).wake_after()
    except ConfigurationError:
        return  # that it cannot work for another reason, its first replay says
    if seconds is not None:
        raise ConfigurationError(
            f"{name} cannot be replayed: it waits {seconds:g} s, and a replay counts tokens, not "
            "seconds; leave that out (deadline), or bound the tokens by token-budget"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    problem: str
    traces: tuple[RecordedTrace, ...]
    methods: Mapping[str, Policy]
    make_judge: Callable[[], Judge]
    n: int
    repeats: int
    seed: int
    answers: AnswerExtractor
    leave_out: bool


def _run(task: _Task) -> list[Draw]:
    return anyio.run(_replay_all, task)


async def _replay_all(task: _Task) -> list[Draw]:
    answers = _Remembered(task.answers)
    judge = task.make_judge()
    prompt = prompt_tokens(task.traces)
    draws: list[Draw] = []
    for repeat in range(task.repeats):
        seed = task.seed * 1_000_003 + repeat
        drawn = draw(task.traces, task.n, seed)
        full: str | None = None
        outcomes: dict[str, Outcome] = {}
        refused: dict[str, str] = {}
        for name, policy in task.methods.items():
            await checkpoint()  # Ctrl-C is heard here: a replay waits for nothing
            begun = process_time()
            try:
                replayed = await replay(drawn, policy, judge, seed=seed, answers=answers)
            except (ConfigurationError, RecordingError) as error:
                if not task.leave_out:
                    raise
                refused[name] = str(error)
                continue
            seconds = process_time() - begun
            if name == CONS:
                full = replayed.result.answer
            scored = _Scores(full, drawn[0].gold, answers)
            outcomes[name] = _outcome(replayed, scored, prompt, seconds)
        draws.append(Draw(task.problem, repeat, outcomes, refused))
    return draws


def prompt_tokens(traces: Sequence[RecordedTrace]) -> int:
    """Estimate the length of a problem's prompt, which recordings do not tell in tokens.

    Question and instruction, at the characters a token that the problem's own traces have.
    """
    characters = sum(len(trace.text) for trace in traces)
    tokens = sum(trace.tokens for trace in traces)
    prompt = len(traces[0].question) + len(traces[0].instruction or "")
    return round(prompt * tokens / characters) if characters else 0


@dataclass(frozen=True, slots=True)
class _Scores:
    """What answers are held against."""

    full: str | None
    gold: str | None
    answers: AnswerExtractor

    def agrees(self, answer: str | None) -> bool | None:
        return None if self.full is None else self._same(answer, self.full)

    def correct(self, answers: Iterable[str | None]) -> bool | None:
        gold = self.gold
        return None if gold is None else any(self._same(answer, gold) for answer in answers)

    def _same(self, left: str | None, right: str | None) -> bool:
        return left is not None and right is not None and self.answers.equivalent(left, right)


def _outcome(replayed: Replayed, scores: _Scores, prompt: int, seconds: float) -> Outcome:
    result = replayed.result
    observed = {t.answer for t in result.traces if t.answer is not None and not t.imputed}
    ends = [trace.outcome for trace in result.traces]
    read = [t.answer is not None and not t.imputed for t in result.traces]
    return Outcome(
        agrees=scores.agrees(result.answer),
        correct=scores.correct([result.answer]),
        generated=result.usage.generated,
        judge=result.usage.judge,
        judging=result.judge,
        prompt=prompt * len(ends),
        critical=replayed.critical_tokens,
        pass_at_k=scores.correct(observed),
        distinct=len(observed),
        started=len(ends),
        finished=ends.count("finished"),
        unread=sum(end == "finished" and not seen for end, seen in zip(ends, read, strict=True)),
        closed=len(ends) - ends.count("finished"),
        seconds=seconds,
    )


class _Remembered:
    """An extractor that reads each text of a problem once: draws overlap.

    Unfinished texts go by their digest: a trace that is watched for its answer is read at many
    lengths, which are not all to be kept.
    """

    def __init__(self, answers: AnswerExtractor) -> None:
        self.wrapped = answers
        self._finished = lru_cache(maxsize=None)(partial(answers.extract, complete=True))
        self._unfinished: dict[bytes, str | None] = {}
        self._equivalent = lru_cache(maxsize=None)(answers.equivalent)

    def extract(self, text: str, *, complete: bool) -> str | None:
        if complete:
            return self._finished(text)
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key not in self._unfinished:
            self._unfinished[key] = self.wrapped.extract(text, complete=False)
        return self._unfinished[key]

    def equivalent(self, left: str, right: str) -> bool:
        return self._equivalent(left, right)
