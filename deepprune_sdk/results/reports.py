"""The parts of a result: votes, traces, tokens, the judge, shadow mode."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from deepprune_sdk.results.ending import Finish, Outcome

__all__ = [
    "JudgeReport",
    "Report",
    "RunUsage",
    "SavedReport",
    "ShadowReport",
    "TallyReport",
    "TraceReport",
]


class Report(BaseModel):
    """Frozen values that a caller reads."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, defer_build=True)


class TallyReport(Report):
    """Weight of the ballots for one answer."""

    observed: float
    """Of traces in which the answer was seen."""
    imputed: float
    """Of traces that were closed into a cluster with this answer."""


class TraceReport(Report):
    """One trace."""

    trace: int
    """Its number, from 0."""
    outcome: Outcome | Literal["live"]
    """What ended it; "live" in a snapshot of a run that is still in progress."""
    finish: Finish | None = None
    """How its text ended: only "stop" is the model's own end. None where it was closed or failed,
    and where the server does not say."""
    reason: str = ""
    """Why a policy closed it, or the error that ended it."""
    into: int | None = None
    """The cluster it was closed into, named by the trace that founded it."""
    answer: str | None = None
    """The answer it votes for: seen in its text or, where `imputed`, its cluster's."""
    imputed: bool = False
    """Whether it was closed before it answered, and votes for its cluster's answer."""
    weight: float = 0.0
    """Weight of its ballot; 0 without one."""
    tokens: int = 0
    """Generated tokens, reasoning included."""
    compared_at: list[int] = Field(default_factory=list[int])
    """Token counts at which the judge compared it, unfinished, with others; increasing."""
    text: str = Field(default="", repr=False)
    """Reasoning and answer part."""


class RunUsage(Report):
    """Tokens of a run."""

    prompt: int = 0
    """Read by all traces."""
    generated: int = 0
    """Of all traces, closed ones included."""
    judge: int = 0
    """Read and written by the judge."""
    cached: int = 0
    """Those of `prompt` that came from the server's cache."""
    resumed: int = 0
    """Those of `generated` that were taken from a recording, and not generated again."""
    cost: float | None = None
    """What the traces cost, in the currency of the price, where the reasoner was given one. Judges,
    probes and what was taken from a recording are not in it."""
    estimated: bool = False
    """Whether some of it was counted here because the server did not report it."""


class JudgeReport(Report):
    """How often the judge was asked, and what became of it.

    A pair without a probability keeps its trace.
    """

    name: str = ""
    """Name of the judge."""
    asked: int = 0
    """Pairs that the judge was asked about."""
    scored: int = 0
    """Pairs that it gave a probability for."""
    failed: int = 0
    """The judge raised an error."""
    late: int = 0
    """No answer within the time limit."""
    malformed: int = 0
    """An answer that is not a probability, or not one per pair."""
    budget: int = 0
    """Not asked, because the budget was used up."""
    unscored: int = 0
    """The judge itself could not say."""
    fault: str = ""
    """The first thing that went wrong, in one line."""
    prompt_tokens: int = 0
    """Tokens that the judge read."""
    generated_tokens: int = 0
    """Tokens that the judge wrote."""


class SavedReport(Report):
    """Tokens that were not generated: an estimate, and what it rests on.

    It compares with n traces that all run to their ends, and takes each one that was closed or
    never started to be as long as the mean of those that came to their ends. Short traces end
    first, so it errs on the low side. Shadow mode measures the same (`ShadowReport.saved`).
    """

    tokens: int
    """Tokens."""
    share: float
    """Of what all n traces would have generated, 0 to 1."""
    mean: float
    """Tokens of a trace that came to its end."""
    finished: int
    """Traces that came to their ends: the basis."""
    closed: int
    """Traces that were closed before."""
    never_started: int
    """Traces of the n that were not started."""

    @property
    def basis(self) -> str:
        """What the estimate rests on, in words."""
        return (
            f"{self.closed} closed and {self.never_started} never started, at the mean of "
            f"{self.finished} finished ({self.mean:,.0f} tokens)"
        )


class ShadowReport(Report):
    """What the policy would have done in a run that closed nothing."""

    answer: str | None
    """The answer it would have given."""
    answer_differs: bool
    """Whether that differs from the full vote's."""
    ended_because: str
    """Why the run would have ended."""
    generated: int
    """Tokens that it would have generated."""
    saved: int
    """Tokens that it would not have generated."""
    closings: int
    """Traces that it would have closed into a cluster."""
    right: int
    """Those whose full trace came to the answer that their cluster gave them."""
    wrong: int
    """Those whose full trace came to another answer; the rest, or their cluster, had none."""
