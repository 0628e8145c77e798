"""What a caller sees while a run is in progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deepprune_sdk.data.signals import Unscored
from deepprune_sdk.results.ending import Finish, Outcome

__all__ = [
    "Event",
    "PairJudged",
    "RunEnded",
    "RunWarning",
    "TraceClosed",
    "TraceFailed",
    "TraceFinished",
    "TracePlaced",
    "TraceProgress",
    "TraceStarted",
    "VoteChanged",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStarted:
    """A stream is being opened; `continued` where it takes a closed trace further."""

    trace: int
    continued: bool = False
    type: Literal["trace_started"] = "trace_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceProgress:
    """Tokens that a trace has generated so far, as results count them (`TraceReport.tokens`).

    Coalesced: a slow consumer gets only the latest figure. The last figure of a trace, whichever
    event has it, is the result's: what arrived while its stream was being closed comes before
    `RunEnded`.
    """

    trace: int
    tokens: int
    type: Literal["trace_progress"] = "trace_progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairJudged:
    """The judge's verdict on two traces at a checkpoint, or why there is none.

    Attributes:
        checkpoint: Number of the checkpoint, from 0.
        left: Number of the trace that is being placed.
        right: Number of the cluster member that it is compared with.
        probability: That both end in the same answer; None where there is no verdict.
        problem: Why there is none.
    """

    checkpoint: int
    left: int
    right: int
    probability: float | None
    problem: Unscored | None = None
    type: Literal["pair_judged"] = "pair_judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePlaced:
    """A trace was put into a cluster, named by its founding trace.

    Attributes:
        trace: Number of the trace.
        cluster: Number of the founding trace: the trace itself where it founds one.
        checkpoint: Number of the checkpoint at which it was compared.
        similarity: Mean verdict against members of the cluster; None for a founder.
    """

    trace: int
    cluster: int
    checkpoint: int
    similarity: float | None
    type: Literal["trace_placed"] = "trace_placed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceClosed:
    """A policy closed a trace; in shadow mode (`applied` False) it only would have.

    Attributes:
        trace: Number of the trace.
        outcome: What ended it: pruned, answered or stopped.
        reason: Why, as a word of the policy.
        into: The cluster that stands for it from now on, named by its founding trace, or None.
        probability: That it would have ended in its cluster's answer; the weight of its ballot.
        tokens: What it has generated.
        applied: Whether its stream was closed.
    """

    trace: int
    outcome: Outcome
    reason: str
    into: int | None
    probability: float | None
    tokens: int
    applied: bool = True
    type: Literal["trace_closed"] = "trace_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFinished:
    """The model ended a trace, or its token limit did.

    Attributes:
        trace: Number of the trace.
        answer: The answer read in it, or None.
        finish: How the model ended it; None where the server did not say.
        tokens: What it has generated.
    """

    trace: int
    answer: str | None
    finish: Finish | None
    tokens: int
    type: Literal["trace_finished"] = "trace_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFailed:
    """The provider broke a trace off; what it had written stays."""

    trace: int
    error: str
    tokens: int
    type: Literal["trace_failed"] = "trace_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteChanged:
    """The vote as it stands: by answer, the observed and the imputed weight, the leader first."""

    tally: dict[str, tuple[float, float]]
    type: Literal["vote_changed"] = "vote_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWarning:
    """Something a user should know, said once per run."""

    message: str
    type: Literal["run_warning"] = "run_warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The run is over and its streams are closed; the last event."""

    reason: str
    type: Literal["run_ended"] = "run_ended"


Event = (
    TraceStarted
    | TraceProgress
    | PairJudged
    | TracePlaced
    | TraceClosed
    | TraceFinished
    | TraceFailed
    | VoteChanged
    | RunWarning
    | RunEnded
)
"""Tagged by the literal `type`."""
