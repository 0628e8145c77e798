"""Every trace of a run: as its stream has it, and as the policy sees it."""

from __future__ import annotations

from collections.abc import Mapping

from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.voting import Ballot, ClusterWeightedVote, Tally, Vote
from deepprune_sdk.engine.reading import Reading
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import Imputation, PolicyState, RunSetup

__all__ = ["NEVER", "Roster"]

NEVER = 1 << 62
"""A token count that no trace reaches."""


class Roster:
    """The traces of a run, and their ballots. It is what policies may look at (`RunView`).

    In shadow mode a trace that the policy closes is kept twice. `traces` has it as it was closed:
    the policy must live in the world that its closings would have made, or its later decisions
    would not be those of a real run. `full` has the same trace as its stream continues it, which
    is what the user gets and what the closing is checked against. Outside of shadow mode `full` is
    empty.

    Attributes:
        setup: What was known at the start.
        reading: What traces have answered, as the run's extractor reads it.
        shadow: Whether decisions are taken and nothing is closed.
        traces: The run as the policy has it, by number.
        full: In shadow mode, traces that have been closed for the policy, as their streams have
            them, and traces that were started after the policy's end.
        seen_live: Traces that are live for the policy.
        streaming: Traces whose stream is open, or about to be opened.
        interest: Token count at which each trace of `traces` next matters to the policy.
        started: Traces started, the policy's and those that only shadow mode continues with.
        vote: The vote that decides this run.
    """

    def __init__(
        self, setup: RunSetup, state: PolicyState, reading: Reading, *, shadow: bool
    ) -> None:
        """Begin without a trace."""
        self.setup = setup
        self.reading = reading
        self.shadow = shadow
        self.traces: list[Trace] = []
        self.full: dict[int, Trace] = {}
        self.seen_live: set[int] = set()
        self.streaming: set[int] = set()
        self.interest: list[int] = []
        self.started: int = 0
        self.vote: Vote = state.vote() or ClusterWeightedVote()
        self._state = state

    # --- looked at --------------------------------------------------------------------------------

    @property
    def live(self) -> int:
        """How many traces are live, as the policy sees them."""
        return len(self.seen_live)

    @property
    def imputations(self) -> Mapping[int, Imputation]:
        """Claims of pruned traces, by trace."""
        return self._state.imputations()

    def growing(self, index: int) -> Trace:
        """Return the trace as its stream has it, closed in shadow or not."""
        return self.full.get(index) or self.traces[index]

    def run_traces(self) -> list[Trace]:
        """Return every started trace as its stream has it."""
        return [self.growing(index) for index in range(self.started)]

    def ballots(self) -> list[Ballot]:
        """Return every ballot that would be counted if the run ended now, by trace.

        An observed answer comes first. A pruned trace votes for what the trace that speaks for its
        cluster has answered by now, so that its ballot follows its speaker and lapses without one.
        """
        claims = self.imputations
        ballots: list[Ballot] = []
        for trace in self.traces:
            claim = claims.get(trace.index)
            if trace.answer is not None:
                ballots.append(Ballot(trace=trace.index, answer=trace.answer))
            elif claim is not None:
                answer = claim.answer
                if claim.speaker is not None:
                    answer = self.traces[claim.speaker].answer
                if answer is not None:
                    ballots.append(
                        Ballot(trace=trace.index, answer=answer, weight=claim.weight, imputed=True)
                    )
        return ballots

    def tally(self) -> Tally:
        """Count the vote as it stands."""
        return self.vote.tally(self.ballots())

    # --- changed by the engine --------------------------------------------------------------------

    def start(self, *, for_policy: bool) -> Trace:
        """Add the next trace. After the policy's end only shadow mode still starts one."""
        trace = Trace(self.started)
        self.started += 1
        self.streaming.add(trace.index)
        if for_policy:
            self.traces.append(trace)
            self.interest.append(NEVER)
            self.seen_live.add(trace.index)
        else:
            self.full[trace.index] = trace
        return trace

    def part(self, trace: Trace) -> None:
        """Let a trace end for the policy: with its stream or, in shadow mode, without it."""
        if self.shadow:
            self.full[trace.index] = trace.fork()
        else:
            self.streaming.discard(trace.index)

    def rejoin(self, index: int) -> tuple[Trace, bool]:
        """Take a closed trace up again; return it, and whether it needs a stream.

        In shadow mode its stream was never closed: what that has brought since is the continuation,
        and may have ended by now.

        Raises:
            ConfigurationError: No policy has closed it.
        """
        closed = self.traces[index].outcome
        if closed not in ("pruned", "answered", "stopped"):
            raise ConfigurationError(
                f"trace {index} is to be continued and is {closed or 'live'}: only a trace that a "
                "policy has closed can be continued"
            )
        if self.shadow:
            trace = self.traces[index] = self.full.pop(index)
            return trace, False
        trace = self.traces[index]
        trace.reopen()
        self.streaming.add(index)
        return trace, True
