"""Recording whole sets of problems: full traces of each, resumable at any moment."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import ClassVar, Final, cast

from pydantic import ConfigDict, Field, ValidationError

from deepprune_sdk.answers.by_name import ReadsAnswers, as_extractor
from deepprune_sdk.answers.powers import ExtractorPowers
from deepprune_sdk.data.arguments import as_settings, as_whole, shown
from deepprune_sdk.data.config import Config
from deepprune_sdk.data.prices import Price
from deepprune_sdk.data.types import Message, Sampling
from deepprune_sdk.errors import ConfigurationError, RecordingError
from deepprune_sdk.live.requests import Requests
from deepprune_sdk.live.run import Run
from deepprune_sdk.policies import Composed, Deadline, FullSampling, Policy
from deepprune_sdk.policies.limits import Limits
from deepprune_sdk.protocols import Backend
from deepprune_sdk.reasoner import ParallelReasoner
from deepprune_sdk.recording.format import to_json
from deepprune_sdk.recording.lines import Lines
from deepprune_sdk.recording.live_recorder import differences, recorded_sampling
from deepprune_sdk.recording.naming import RecordAs, problem_name
from deepprune_sdk.recording.writer import Recorded, TraceWriter

__all__ = ["Problem", "RecordingSession", "read_problems"]


class Problem(Config):
    """One problem to record traces of."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    question: str = Field(min_length=1)
    """The problem, without the instruction."""
    problem: str = ""
    """Identifier; by default one is made of the question, the same at every run."""
    gold: str | None = None
    """The reference answer."""

    @property
    def name(self) -> str:
        """The identifier."""
        return self.problem or problem_name(self.question)


def read_problems(path: str | PathLike[str]) -> list[Problem]:
    """Read problems: JSON lines, plain or gzipped, each `{"question", "problem"?, "gold"?}`.

    Raises:
        ConfigurationError: The file cannot be read, a line is not a problem, or two problems have
            the same name; the message names file, line and field.
    """
    problems: dict[str, Problem] = {}
    try:
        with Path(path).open("rb") as file:
            lines = Lines(file)
            texts = [*lines, lines.rest]
    except OSError as error:
        message = f"{path}: {error.strerror or error}; give a file of problems"
        raise ConfigurationError(message) from error
    if lines.fault:
        raise ConfigurationError(f"{path}: {lines.fault}; give a whole file")
    for number, line in enumerate(texts, start=1):
        if not line.strip():
            continue
        problem = _problem(line, f"{path}:{number}")
        if problem.name in problems:
            raise ConfigurationError(
                f"{path}:{number}: problem: {problem.name!r} is there already; give each problem "
                "its own name"
            )
        problems[problem.name] = problem
    if not problems:
        raise ConfigurationError(f'{path} is empty; give one {{"question": ...}} per line')
    return list(problems.values())


def _problem(line: bytes, where: str) -> Problem:
    try:
        return Problem.model_validate(to_json(line.removeprefix(b"\xef\xbb\xbf")))
    except (RecordingError, ConfigurationError, ValidationError) as error:
        message = f'{where}: {error}; give {{"question": ..., "problem"?: ..., "gold"?: ...}}'
        raise ConfigurationError(message) from error


LIMITS: Final = Limits(unread=False)
"""What cannot be read today may be read tomorrow, by another kind of answers."""


def _full_sampling(timeout: float | None) -> Policy:
    full = FullSampling()
    return full if timeout is None else Composed(full, Deadline(seconds=timeout), name=full.name)


class RecordingSession:
    """Records full traces of problems, by the runs that `ParallelReasoner` makes of them.

    ```python
    with TraceWriter("traces.jsonl.gz") as writer:
        session = RecordingSession(backend, writer, n=64, sampling=Sampling(max_tokens=512, seed=0))
        for problem in read_problems("problems.jsonl"):
            if session.missing(problem):
                async with session.run(problem) as run:
                    await run.wait()
    ```

    A trace is written when it ends. Killed at any moment, the same again continues with what is
    missing: trace i of a problem is always sampled with seed + i. One that failed is not written.
    """

    def __init__(
        self,
        backend: Backend,
        writer: TraceWriter,
        *,
        n: int,
        sampling: Sampling | None = None,
        answers: ReadsAnswers | None = None,
        instruction: str | None = None,
        system: str | None = None,
        requests: Requests | None = None,
        price: Price | None = None,
        timeout: float | None = None,
    ) -> None:
        """Prepare to record.

        Args:
            backend: Where traces come from.
            writer: Where they go; open for as long as `missing` and `run` are used.
            n: Traces per problem.
            sampling: Temperature, token limit and the like; without a seed it is 0.
            answers: How final answers are read, as for `ParallelReasoner`; the recording names it.
            instruction: Added to each question, on a line of its own; "" adds nothing. By default
                what the kind of answers asks for, as in `ParallelReasoner.solve`.
            system: A system prompt before each question.
            requests: How requests are sent.
            price: What tokens cost, for results to say so, and for `run(money=)`.
            timeout: Seconds per problem; traces that have not ended by then are left missing.

        Raises:
            ConfigurationError: `n` is below 1, `timeout` is not above 0, or there is no such kind
                of answers.
        """
        n = as_whole("n", n)
        if not isinstance(cast("object", writer), TraceWriter):
            raise ConfigurationError(f"writer={shown(writer)}: give TraceWriter(path), entered")
        sampling = as_settings("sampling", sampling, Sampling)
        self._writer = writer
        self._n = n
        extractor = as_extractor(answers)
        if instruction is None:
            instruction = ExtractorPowers.of(extractor).instruction or ""
        self._instruction = instruction
        self._system = system
        self._sampling = sampling.model_copy(update={"seed": sampling.seed or 0})
        self._reasoner = ParallelReasoner(
            backend,
            policy=_full_sampling(timeout),
            sampling=self._sampling,
            answers=extractor,
            requests=requests,
            limits=LIMITS,
            price=price,
            record=writer,
        )

    def missing(self, problem: Problem) -> tuple[int, ...]:
        """Return the numbers of the traces that are still to be recorded.

        Raises:
            ConfigurationError: The recorded ones were sampled differently, so the two do not mix;
                or the writer is not open, so that nobody knows what is recorded.
        """
        if not self._writer.is_open:
            raise ConfigurationError(
                f"{self._writer.path} is not open: use the session within `with writer:`"
            )
        known = self._writer.recorded.get((self._reasoner.backend.model, problem.name))
        if known is None:
            return tuple(range(self._n))
        self._check_same(problem, known)
        wanted = max(0, self._n - len(known.complete))
        free = (number for number in range(self._n + len(known.closed)) if number not in known)
        return tuple(number for number, _ in zip(free, range(wanted), strict=False))

    def run(self, problem: Problem, *, money: float | None = None) -> Run:
        """Return the run that records what is missing; enter it, and follow or await it.

        It raises as every run does, if no trace produced anything or the file cannot be written.

        Args:
            problem: One of the problems.
            money: Most that this run may cost, at the session's price; what has not ended by then
                is left missing.

        Raises:
            ConfigurationError: As for `missing`, or nothing is missing, or money is bounded without
                a price.
        """
        numbers = self.missing(problem)
        record_as = RecordAs(
            problem=problem.name,
            question=problem.question,
            gold=problem.gold,
            instruction=self._instruction,
            system=self._system,
            numbers=numbers,
            complete_only=True,
            required=True,
        )
        reasoner = self._reasoner
        if money is not None:
            reasoner = reasoner.replace(limits=LIMITS.model_copy(update={"money": money}))
        return reasoner.run(
            self._prompt(problem), len(numbers), record_as=record_as, instruct=False
        )

    def _prompt(self, problem: Problem) -> list[Message]:
        asked = problem.question
        if self._instruction:
            asked = f"{asked}\n{self._instruction}"
        question = Message(role="user", content=asked)
        if self._system is None:
            return [question]
        return [Message(role="system", content=self._system), question]

    def _check_same(self, problem: Problem, known: Recorded) -> None:
        sampling = recorded_sampling(self._sampling)
        if self._system is not None:
            sampling["system"] = self._system
        settings = list(differences(known.sampling, sampling))
        if known.question != problem.question:
            settings.append(("question", known.question, problem.question))
        if known.instruction not in (None, self._instruction):
            settings.append(("instruction", known.instruction, self._instruction))
        for name, before, after in settings:
            raise ConfigurationError(
                f"{self._writer.path}: {name} of problem {problem.name!r} was {before!r:.80} and "
                f"is now {after!r:.80}; record with the same settings, or to another file"
            )
