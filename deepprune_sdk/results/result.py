"""What a run found, what it cost, and how each trace ended."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from deepprune_sdk.data.trace import Outcome

__all__ = [
    "JudgeReport",
    "Result",
    "RunUsage",
    "ShadowReport",
    "TallyReport",
    "TraceReport",
]


class _Report(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, defer_build=True)


class TallyReport(_Report):
    """Weight of the ballots for one answer."""

    observed: float
    """Of traces in which the answer was seen."""
    imputed: float
    """Of traces that were closed into a cluster with this answer."""


class TraceReport(_Report):
    """One trace."""

    trace: int
    outcome: Outcome | Literal["live"]
    """What ended it; "live" in a snapshot of a run that goes on."""
    reason: str = ""
    """Why a policy closed it, or the error that ended it."""
    into: int | None = None
    """The cluster it was closed into, named by the trace that founded it."""
    answer: str | None = None
    """The answer it votes for: seen in its text or, where `imputed`, its cluster's."""
    imputed: bool = False
    weight: float = 0.0
    """Weight of its ballot; 0 without one."""
    tokens: int = 0
    """Generated tokens, reasoning included."""
    compared_at: list[int] = Field(default_factory=list[int])
    """Token counts at which the judge compared it, unfinished, with others; increasing."""
    text: str = Field(default="", repr=False)
    """Reasoning and answer part."""


class RunUsage(_Report):
    """Tokens of a run."""

    prompt: int = 0
    generated: int = 0
    """Of all traces, closed ones included."""
    judge: int = 0
    """Read and written by the judge."""
    cached: int = 0
    """Those of `prompt` that came from the server's cache."""
    resumed: int = 0
    """Those of `generated` that were taken from a recording, and not generated again."""
    cost: float | None = None
    """What the traces cost, in the currency of the price, where the reasoner was given one; judges
    and probes apart, and a part that was resumed."""
    estimated: bool = False
    """Whether a part was counted here because the server did not report it."""


class JudgeReport(_Report):
    """How often the judge was asked, and what became of it.

    A pair without a probability keeps its trace.
    """

    name: str = ""
    asked: int = 0
    scored: int = 0
    failed: int = 0
    """The judge raised an error."""
    late: int = 0
    """No answer within the time limit."""
    malformed: int = 0
    """An answer that is no probability, or not one a pair."""
    budget: int = 0
    """Not asked, since the budget was used up."""
    unscored: int = 0
    """The judge itself could not say."""
    fault: str = ""
    """What went wrong first of all that failed, was late or malformed, in one line."""
    prompt_tokens: int = 0
    generated_tokens: int = 0


class ShadowReport(_Report):
    """What the policy would have done in a run that closed nothing."""

    answer: str | None
    """The answer it would have given."""
    answer_differs: bool
    """Whether that is another one than the full vote's."""
    ended_because: str
    generated: int
    """Tokens that it would have generated."""
    saved: int
    """Tokens that it would not have generated."""
    closings: int
    """Traces that it would have closed into a cluster."""
    right: int
    """Those that went on to the answer that their cluster gave them."""
    wrong: int
    """Those that went on to another answer; the rest had no answer, or the cluster had none."""


class Result(_Report):
    """The outcome of one run."""

    answer: str | None
    """The answer of the vote; None only where no trace gave one."""
    tally: dict[str, TallyReport]
    """Weight by answer, the winner first."""
    agreement: float
    """Share of the answer among observed ballots, 0 to 1."""
    posterior: float = 0.5
    """Probability that the answer is the more frequent one of the two that were seen most, were
    traces sampled without end: Adaptive-Consistency's Beta rule on observed ballots, each counting
    1. One half where none was seen."""
    ended_because: str
    """complete: every trace ended; settled: the vote could not turn; or why it was stopped."""
    usage: RunUsage
    traces: list[TraceReport]
    clusters: dict[int, list[int]] = Field(default_factory=dict[int, list[int]])
    """Traces by cluster, which goes by the trace that founded it; in order of founding."""
    judge: JudgeReport = JudgeReport()
    orphaned: int = 0
    """Clusters whose pruned traces have no ballot, because nothing was left to speak for them."""
    shadow: ShadowReport | None = None
    warnings: list[str] = Field(default_factory=list[str])

    def _repr_html_(self) -> str:
        """Show a notebook the picture of the run."""
        from deepprune_sdk.results.picture import run_picture  # noqa: PLC0415  it draws what is here

        return run_picture(self)

    @property
    def best(self) -> TraceReport | None:
        """A trace that was seen to give the answer, a finished one first; None without one."""
        return min(
            (t for t in self.traces if t.answer == self.answer and t.weight and not t.imputed),
            key=lambda trace: (trace.outcome != "finished", trace.trace),
            default=None,
        )
