"""What a shell tells the engine, and what the engine and its policies answer.

Plain tagged data: the run log is these records as JSON lines.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import NO_USAGE, Chunk, Usage, Verdict
from deepprune_sdk.results.ending import Finish

__all__ = [
    "Action",
    "Arrived",
    "Ask",
    "Close",
    "Continue",
    "Decision",
    "End",
    "Ended",
    "Failed",
    "Judged",
    "PairKey",
    "Placed",
    "Probe",
    "Probed",
    "Signal",
    "Start",
    "Stop",
    "Tick",
    "Unscored",
    "Warn",
    "key_of",
    "record_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairKey:
    """Names a pair within a run: the two traces, compared at one checkpoint."""

    checkpoint: int
    left: int
    right: int


def key_of(pair: Pair) -> PairKey:
    """Name a pair."""
    return PairKey(checkpoint=pair.left.checkpoint, left=pair.left.trace, right=pair.right.trace)


# --- told to the engine -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A chunk came."""

    trace: int
    chunk: Chunk
    type: Literal["arrived"] = "arrived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The server ended a stream properly.

    Attributes:
        trace: Number of the trace.
        finish: How the model ended it, where no chunk said so.
        usage: What the server last reported on its tokens.
        answer: Its final answer where that need not be read, as of a recorded trace; "" where it is
            known that it gave none. None: the run's extractor reads the text.
    """

    trace: int
    finish: Finish | None = None
    usage: Usage | None = None
    answer: str | None = None
    type: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A stream broke off, or never began."""

    trace: int
    error: str
    type: Literal["failed"] = "failed"


Unscored = Literal["failed", "late", "malformed", "budget", "unscored"]
"""Why a pair has no probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The judge answered, or did not, on one pair."""

    pair: PairKey
    verdict: Verdict
    problem: Unscored | None = None
    type: Literal["judged"] = "judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The user asked to stop, or a limit of the shell was reached."""

    reason: str = "stopped"
    type: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What the model said when a trace was cut at `tokens` and asked for its answer so far.

    Attributes:
        trace: Number of the trace.
        tokens: Length of the trace when it was asked.
        text: What the model said to the extractor's probe; None where it was not asked, or failed.
        usage: Tokens of the probe.
        answer: The answer itself where it need not be read, as in a recording; "" where it is known
            that it gave none.
    """

    trace: int
    tokens: int
    text: str | None = None
    usage: Usage = NO_USAGE
    answer: str | None = None
    type: Literal["probed"] = "probed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """This many seconds have passed since the start."""

    seconds: float
    type: Literal["tick"] = "tick"


Signal = Annotated[
    Arrived | Ended | Failed | Judged | Probed | Stop | Tick, Field(discriminator="type")
]
"""What a shell tells the engine, tagged by the literal `type`."""


# --- answered by policies and the engine --------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Open the stream of a trace, continuing `prefix` where it is not empty."""

    trace: int
    prefix: str = ""
    type: Literal["start"] = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask the judge about these pairs."""

    pairs: tuple[Pair, ...]
    type: Literal["ask"] = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Ask the model for the answer that a trace has come to after its first `tokens`."""

    trace: int
    tokens: int
    type: Literal["probe"] = "probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close a trace.

    Attributes:
        trace: Number of the trace.
        reason: Why, as a word of the policy.
        outcome: What becomes of the trace.
        into: The cluster that stands for it from now on, named by its founding trace, or None.
        probability: That the trace would have ended in its cluster's answer; its ballot's weight.
        applied: False in shadow mode: the decision was taken, and the stream continues.
        hopeless: Whether no answer can come of it; then no policy can protect it.
    """

    trace: int
    reason: str
    outcome: Literal["pruned", "answered", "stopped"] = "pruned"
    into: int | None = None
    probability: float | None = None
    applied: bool = True
    hopeless: bool = False
    type: Literal["close"] = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A trace was put into a cluster. A shell has nothing to do: this is for those who watch.

    Attributes:
        trace: Number of the trace.
        cluster: The cluster, named by its founding trace: the trace itself where it founds one.
        checkpoint: Number of the checkpoint at which it was compared.
        similarity: Mean judge score against the sampled members, or None for a founder.
    """

    trace: int
    cluster: int
    checkpoint: int
    similarity: float | None = None
    type: Literal["placed"] = "placed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """Continue a pruned trace: no live or answered member of its cluster is left."""

    trace: int
    type: Literal["continue"] = "continue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warn:
    """Something a user should know, said once per run."""

    message: str
    type: Literal["warn"] = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The run is over; `hard` where nothing may continue, not even in shadow mode."""

    reason: str
    hard: bool = False
    type: Literal["end"] = "end"


Decision = Ask | Probe | Close | Placed | Continue | End
"""What a policy may answer."""

Action = Start | Ask | Probe | Close | Placed | Warn | End
"""What a shell is told."""


def record_of(action: Action) -> dict[str, Any]:
    """Return an action as JSON values. Pairs are named, not spelled out: the log has their text."""
    if isinstance(action, Ask):
        named = [(key.checkpoint, key.left, key.right) for key in map(key_of, action.pairs)]
        return {"type": action.type, "pairs": named}
    return asdict(action)
