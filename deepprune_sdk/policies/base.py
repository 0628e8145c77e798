"""What a policy is: observations in, decisions out.

A `Policy` is frozen configuration. `begin` makes the state of one run, so one reasoner serves many
prompts at once. A state never waits, reads a clock or draws from a shared generator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from deepprune_sdk.answers.auto import AutoAnswers
from deepprune_sdk.answers.powers import ExtractorPowers
from deepprune_sdk.data.arguments import as_whole
from deepprune_sdk.data.signals import Decision, PairKey
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.voting import Ballot, Vote
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.protocols import AnswerWatch

__all__ = [
    "Advanced",
    "AnswerReading",
    "Elapsed",
    "Imputation",
    "Observation",
    "Policy",
    "PolicyState",
    "ProbeAnswered",
    "RunSetup",
    "RunView",
    "Scored",
    "TraceOver",
]


_DEFAULT_EXTRACTOR = ExtractorPowers.of(AutoAnswers())


MOST_TRACES: Final = 100_000
"""Traces of one run: what is known of each is in memory, and a run that does not wait for the
backend starts all at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSetup:
    """What a policy knows before the first trace.

    Attributes:
        n: Most traces that may be started.
        seed: Seed of every random choice of the run.
        question: What is asked, as a judge sees it.
        concurrency: Most live traces at once, or None.
        free_judge: Whether verdicts cost nothing, so that pairs may be asked ahead of need.
        can_continue: Whether a closed trace can be continued from its text.
        can_probe: Whether a trace can be asked for its answer so far.
        replayed: Whether recorded traces are replayed: there is no clock and no server, and a
            recording answers the probes, so that nothing is read in them.
        resumed: Traces that come from a recording, and cost nothing.
        numbers: The recorded number of each trace, where a run records what is missing of a
            problem; otherwise a trace's number is its place in the run.
        extractor: What the run's answer extractor can do; the engine says so, which has it.

    Raises:
        ConfigurationError: `n` is more than `MOST_TRACES`.
    """

    n: int
    seed: int
    question: str
    concurrency: int | None = None
    free_judge: bool = True
    can_continue: bool = False
    can_probe: bool = False
    replayed: bool = False
    resumed: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    extractor: ExtractorPowers = _DEFAULT_EXTRACTOR

    def __post_init__(self) -> None:
        """Check that the traces could be held in memory."""
        if as_whole("n", self.n, least=None) > MOST_TRACES:
            raise ConfigurationError(
                f"n={self.n}: sample at most {MOST_TRACES} traces of one prompt"
            )

    @property
    def streams(self) -> int:
        """How many traces may be live at once."""
        return min(self.n, self.concurrency or self.n)

    def number_of(self, trace: int) -> int:
        """Return the number by which a server and a recording know a trace."""
        return self.numbers[trace] if self.numbers else trace

    def seed_of(self, trace: int) -> int:
        """Return the seed that a trace is sampled with, the same whenever its number is."""
        return self.seed + self.number_of(trace)


@dataclass(frozen=True, slots=True)
class Advanced:
    """A trace grew to a token count in which this state, or one beside it, was interested."""

    trace: Trace


@dataclass(frozen=True, slots=True)
class TraceOver:
    """A trace ended: by itself, by failing, or closed by any policy (see `Trace.outcome`)."""

    trace: Trace


@dataclass(frozen=True, slots=True)
class Scored:
    """The judge's word on a pair; None where there is none."""

    pair: PairKey
    probability: float | None


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The time has come that a state asked to be told of, in seconds since the start."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ProbeAnswered:
    """The answer that a trace had come to after `tokens`; None where the probe gave none."""

    trace: Trace
    tokens: int
    answer: str | None


Observation = Advanced | TraceOver | Scored | ProbeAnswered | Elapsed
"""What a policy is shown."""


@dataclass(frozen=True, slots=True)
class Imputation:
    """The claim to a ballot of a trace that did not come to its answer.

    Attributes:
        cluster: The cluster it was pruned into, named by the founding trace, or None.
        speaker: The answered trace whose answer it takes, or None while there is none.
        weight: Probability that it would have ended in the same answer.
        answer: The answer, where it comes from a probe and not from a speaker.
    """

    cluster: int | None
    speaker: int | None
    weight: float
    answer: str | None = None


class AnswerReading(Protocol):
    """The run's extractor, as policies may ask it."""

    def watch(self) -> AnswerWatch:
        """Begin to follow a trace: says when `so_far` is worth asking, at O(1) per character."""
        ...

    def so_far(self, trace: Trace, *, in_reasoning: bool = False) -> str | None:
        """The answer that `trace` has stated by now. O(its text).

        `in_reasoning` reads the reasoning too where the answer part states none.
        """
        ...


class RunView(Protocol):
    """What a state may look at."""

    @property
    def setup(self) -> RunSetup:
        """What was known at the start."""
        ...

    @property
    def traces(self) -> Sequence[Trace]:
        """The traces started so far, by number."""
        ...

    @property
    def live(self) -> int:
        """How many of them are live."""
        ...

    @property
    def vote(self) -> Vote:
        """The vote that decides this run."""
        ...

    @property
    def imputations(self) -> Mapping[int, Imputation]:
        """Claims of pruned traces, by trace."""
        ...

    @property
    def reading(self) -> AnswerReading:
        """What traces have answered, as the run's extractor reads it."""
        ...

    def growing(self, index: int) -> Trace:
        """The trace as its stream has it: in shadow mode it grows on after it was closed."""
        ...

    def ballots(self) -> list[Ballot]:
        """Every ballot that would be counted if the run ended now."""
        ...


class PolicyState:
    """One policy's memory of one run. The defaults let everything through."""

    def admitted(self, view: RunView) -> int:
        """How many traces may have been started by now."""
        return view.setup.n

    def interest(self, trace: Trace) -> int | None:
        """Token count of `trace` at which `Advanced` is wanted next, or None for never.

        Chunks are split there, so that no decision depends on how a server cuts its text.
        """
        del trace

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        """Answer an observation. Each decision takes effect before the next one is asked for."""
        del seen, view
        return ()

    def wake_after(self) -> float | None:
        """Seconds since the start after which `Elapsed` is wanted, or None for never."""

    def candidates(self) -> int:
        """Candidates a token whose log-probabilities are looked at; 0 for none."""
        return 0

    def protects(self, trace: Trace, view: RunView) -> bool:
        """Whether no policy may close `trace` now."""
        del trace, view
        return False

    def may_end(self) -> bool:
        """Whether another policy may end the run now."""
        return True

    def imputations(self) -> Mapping[int, Imputation]:
        """Claims of the traces that this policy pruned, by trace."""
        return {}

    def vote(self) -> Vote | None:
        """The vote, where this policy owns it."""
        return None


class Policy(Protocol):
    """Frozen configuration of a method."""

    @property
    def name(self) -> str:
        """The method's name, for reports."""
        ...

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run.

        Raises:
            ConfigurationError: The method cannot work with this setup.
        """
        ...
