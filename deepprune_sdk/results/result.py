"""What a run found, what it cost, and how each trace ended."""

from __future__ import annotations

from pydantic import Field

from deepprune_sdk.results.picture import run_picture
from deepprune_sdk.results.reports import (
    JudgeReport,
    Report,
    RunUsage,
    ShadowReport,
    TallyReport,
    TraceReport,
)

__all__ = ["Result"]


class Result(Report):
    """The outcome of one run."""

    answer: str | None
    """The answer of the vote; None only if no trace gave one, or the run abstained. A vote field by
    field may give one that no trace gave, and that is not in the tally."""
    answers: str = ""
    """How answers were read: the kind, as `answers=` takes it; of `auto` also what it took."""
    tally: dict[str, TallyReport]
    """Weight by answer, the winner first."""
    method: str = ""
    """The policy's name, which `--method` and `method()` take; its settings are not part of it."""
    agreement: float
    """Share of the leading answer among observed ballots, 0 to 1."""
    abstained: bool = False
    """Whether `answer` is withheld because the agreement is below `abstain_below`; the tally has
    the answer that leads."""
    posterior: float = 0.5
    """Probability that the answer is the more frequent of the two that were seen most, if traces
    were sampled without end: Adaptive-Consistency's Beta rule on observed ballots, each counting 1.
    One half if none was seen."""
    ended_because: str
    """complete: every trace ended; settled: the vote could not turn; or why it was stopped."""
    usage: RunUsage
    """Tokens, and what they cost."""
    traces: list[TraceReport]
    """Every trace that was started, by number."""
    clusters: dict[int, list[int]] = Field(default_factory=dict[int, list[int]])
    """The traces of each cluster, which is named by the trace that founded it, in order of
    founding."""
    judge: JudgeReport = JudgeReport()
    """How often the judge was asked, and what came of it."""
    orphaned: int = 0
    """Clusters whose pruned traces have no ballot, because nothing was left to speak for them."""
    shadow: ShadowReport | None = None
    """In shadow mode, what the policy would have done."""
    warnings: list[str] = Field(default_factory=list[str])
    """What you should know, each once: traces without an answer, cut off or failed, a vote that is
    divided, hidden reasoning, fewer log-probabilities than asked for."""

    def _repr_html_(self) -> str:
        """Show a notebook the picture of the run."""
        return run_picture(self)

    @property
    def best(self) -> TraceReport | None:
        """A trace in which the answer was seen, preferably a finished one; None without any."""
        return min(
            (t for t in self.traces if t.answer == self.answer and t.weight and not t.imputed),
            key=lambda trace: (trace.outcome != "finished", trace.trace),
            default=None,
        )
