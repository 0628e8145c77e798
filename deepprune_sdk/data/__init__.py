"""What flows through a run, and what is counted in the end: plain values, no decisions."""

from deepprune_sdk.data.events import (
    Event,
    PairJudged,
    RunEnded,
    RunWarning,
    TraceClosed,
    TraceFailed,
    TraceFinished,
    TracePlaced,
    TraceProgress,
    TraceStarted,
    VoteChanged,
)
from deepprune_sdk.data.messages import Message, Prompt
from deepprune_sdk.data.trace import Pair, Trace, TracePrefix
from deepprune_sdk.data.types import (
    Chunk,
    Sampling,
    TraceRequest,
    Usage,
    Verdict,
)
from deepprune_sdk.data.voting import Ballot, ClusterWeightedVote, SurvivorsVote, Tally, Vote

__all__ = [
    "Ballot",
    "Chunk",
    "ClusterWeightedVote",
    "Event",
    "Message",
    "Pair",
    "PairJudged",
    "Prompt",
    "RunEnded",
    "RunWarning",
    "Sampling",
    "SurvivorsVote",
    "Tally",
    "Trace",
    "TraceClosed",
    "TraceFailed",
    "TraceFinished",
    "TracePlaced",
    "TracePrefix",
    "TraceProgress",
    "TraceRequest",
    "TraceStarted",
    "Usage",
    "Verdict",
    "Vote",
    "VoteChanged",
]
