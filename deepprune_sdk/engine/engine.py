"""The sans-I/O heart of a run: traces and a policy, told what happened, answering what to do.

It does no I/O, reads no clock and starts no task. `live/run.py` drives it over open streams, and
`evaluation/replay.py` over recorded traces in virtual time; the same signals in the same order give
the same actions.

Theory of operation
===================

Five vocabularies meet here. A *signal* is told to the engine by its shell. An *observation* is what
the policy is shown of it. A *decision* is what the policy answers. An *action* is what the shell is
told to do. An *event* is what `live/feed.py` makes of signals and actions for whoever watches.

=====================  ========  =============  ===================  ============  =================
fact                   signal    observation    decision             action        event
=====================  ========  =============  ===================  ============  =================
a trace may start      .         .              admitted() is more   Start         TraceStarted
text has come          Arrived   Advanced       any                  .             TraceProgress
the model has ended    Ended     TraceOver      any                  .             TraceFinished
a stream broke off     Failed    TraceOver      any                  .             TraceFailed
a pair is of interest  .         .              Ask                  Ask           .
the judge has spoken   Judged    Scored         Placed, Close, ...   the same      PairJudged
a trace has a cluster  .         .              Placed               Placed        TracePlaced
a trace is redundant   .         TraceOver      Close                Close         TraceClosed
it is needed again     .         .              Continue             Start         TraceStarted
an answer is wanted    .         .              Probe                Probe         .
the model gave it      Probed    ProbeAnswered  any                  .             .
time has passed        Tick      Elapsed        any                  .             .
the vote is settled    .         .              End                  End           RunEnded
the user has stopped   Stop      .              .                    End           RunEnded
a server did not obey  Arrived   .              .                    Warn          RunWarning
=====================  ========  =============  ===================  ============  =================

The life of a trace: it is *started* when the policy admits it and a stream is free; it *grows*,
chunk by chunk; it is *over* with an outcome (finished, failed, or closed by a decision: pruned,
answered, stopped), and then its answer is read, once. A pruned trace may be *continued*: it is live
again, and a second request adds to its text. When nobody can need its text any more it is
*forgotten* (`keep_text=False`); its tokens and its answer stay.

When a policy is asked: never for every chunk. It names a token count per trace at which it wants to
look (`interest`), and a chunk is cut there, so that how a server cuts its text decides nothing. It
is asked again for every live trace when any trace is over, because that may change what it waits
for.

The order that is guaranteed: signals are taken one at a time. What a signal causes is shown to the
policy in the order in which it came about. Each decision takes effect before the next one of the
same observation is asked for, and closings that it causes are shown only after those. Traces are
started last, when all that is known has been seen. Actions come back in the order of the decisions.

Shadow mode takes every decision and closes no stream. The policy sees the run as it would have
been, the user gets the run as it was; `Roster` keeps both, and says why.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from deepprune_sdk.data.signals import (
    Action,
    Arrived,
    Ask,
    Close,
    Continue,
    Decision,
    End,
    Ended,
    Failed,
    Judged,
    Placed,
    Probe,
    Probed,
    Signal,
    Start,
    Stop,
    Tick,
    Warn,
)
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.types import NO_USAGE, Chunk, Usage
from deepprune_sdk.engine.reading import Reading
from deepprune_sdk.engine.roster import NEVER, Roster
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import (
    Advanced,
    Elapsed,
    Observation,
    Policy,
    ProbeAnswered,
    RunSetup,
    Scored,
    TraceOver,
)
from deepprune_sdk.policies.records import policy_record
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.results.ending import Outcome

__all__ = ["Engine"]


class Engine:
    """One run's state machine. The theory of operation is at the top of this module.

    Attributes:
        setup: What was known at the start.
        roster: The traces, as their streams have them and as the policy sees them.
        placed: The cluster that each trace was last put into, in order of placement.
        compared: Lengths in tokens of the unfinished prefixes of a trace that the judge was shown.
        probe_usage: Tokens of all probes, read and written.
        warnings: What the user should know, each once.
        ended_because: Why the run is over, or None while it is not.
        policy_ended_because: Why it is over for the policy: in shadow mode that may come earlier.
    """

    def __init__(
        self,
        policy: Policy,
        setup: RunSetup,
        answers: AnswerExtractor,
        *,
        shadow: bool = False,
        keep_text: bool = True,
        held_back: Callable[[int], Iterable[Chunk]] | None = None,
    ) -> None:
        """Prepare a run; `begin` starts it.

        Args:
            policy: The method.
            setup: What is known at the start.
            answers: Reads final answers and compares them.
            shadow: Take every decision and close nothing.
            keep_text: Whether the text of a trace stays when the trace is over and will not be
                continued.
            held_back: A shell that jumps from `next_interest` to `next_interest` gives here the
                text of a trace that it has not told yet, when the trace is about to be closed.

        Raises:
            ConfigurationError: n is below 1, or the policy cannot work with this setup.
        """
        if setup.n < 1:
            raise ConfigurationError(f"n={setup.n}: sample at least 1 trace")
        self._reading = Reading(answers, setup.question)
        self.setup: RunSetup = replace(setup, extractor=self._reading.powers)
        self.method: str = policy.name
        self.policy: dict[str, Any] = policy_record(policy)
        self._state = policy.begin(self.setup)
        self._keep_text = keep_text
        self._held_back = held_back
        self._spent: list[Trace] = []
        self._unseen: deque[Observation] = deque()
        self._actions: list[Action] = []
        self.roster: Roster = Roster(self.setup, self._state, self._reading, shadow=shadow)
        self.placed: dict[int, int] = {}
        self.compared: dict[int, set[int]] = {}
        self.probe_usage: Usage = NO_USAGE
        self.warnings: list[str] = []
        self.ended_because: str | None = None
        self.policy_ended_because: str | None = None

    # --- asked by a shell -------------------------------------------------------------------------

    def candidates(self) -> int:
        """Candidates per token whose log-probabilities the policy looks at; 0 for none."""
        return self._state.candidates()

    def wake_after(self) -> float | None:
        """Seconds since the start after which a `Tick` is wanted, or None for never."""
        return self._state.wake_after()

    def next_interest(self, index: int) -> int | None:
        """Token count at which a live trace next matters; text up to there can be told at once."""
        tokens = self.roster.interest[index]
        return None if tokens >= NEVER else tokens

    # --- signals in, actions out ------------------------------------------------------------------

    def begin(self) -> list[Action]:
        """Start the run."""
        return self._conclude()

    def handle(self, signal: Signal) -> list[Action]:
        """Take one signal; return what to do about it, in order. O(chunk) for most chunks."""
        match signal:
            case Arrived():
                looked = self._arrived(signal.trace, signal.chunk)
                self._warn(signal.chunk.warning)
                if not looked and not self._actions:
                    return []  # nothing has changed that the conclusion could act on
            case Ended():
                self.roster.streaming.discard(signal.trace)
                trace = self.roster.growing(signal.trace)
                trace.finish = signal.finish or trace.finish
                if signal.usage is not None:
                    trace.report(signal.usage)
                self._over(trace, "finished", answer=signal.answer)
            case Failed():
                self.roster.streaming.discard(signal.trace)
                self._over(self.roster.growing(signal.trace), "failed", signal.error)
            case Judged():
                self._unseen.append(Scored(signal.pair, signal.verdict.probability))
            case Probed():
                self._probed(signal)
            case Tick():
                self._unseen.append(Elapsed(signal.seconds))
            case Stop() if self.ended_because is None:
                self._end(signal.reason, for_good=True)
            case Stop():
                pass
        return self._conclude()

    def _arrived(self, index: int, chunk: Chunk) -> bool:
        """Add a chunk; return whether a policy looked at it.

        The chunk is cut where the policy wants to look. What it decides there takes effect at once,
        as it would have had the server sent the rest later: it may close this very trace, and the
        rest then goes to whatever the trace is by now.
        """
        roster = self.roster
        looked, begin, end = False, 0, len(chunk.pieces)
        trace = roster.growing(index)
        while index in roster.seen_live:
            reach = roster.interest[index] - trace.tokens
            if reach > end - begin:
                break
            trace.append(chunk, begin, begin + reach)
            begin += reach
            self._unseen.append(Advanced(trace))
            self._drain()
            roster.interest[index] = self._next_interest(trace)
            looked = True
        # Text that was under way when the trace was closed counts, and decides nothing. The trace
        # is looked up again: in shadow mode a closing has put its copy in its place.
        trace = roster.growing(index)
        trace.append(chunk, begin, end)
        trace.finish = chunk.finish or trace.finish
        if chunk.usage is not None:
            trace.report(chunk.usage)
        return looked

    def _probed(self, probed: Probed) -> None:
        self.probe_usage += probed.usage
        trace = self.roster.traces[probed.trace]
        self._unseen.append(ProbeAnswered(trace, probed.tokens, self._reading.of_probe(probed)))

    def _warn(self, message: str | None) -> None:
        if message is not None and message not in self.warnings:
            self.warnings.append(message)
            self._actions.append(Warn(message=message))

    def _catch_up(self, trace: Trace) -> None:
        for chunk in self._held_back(trace.index) if self._held_back is not None else ():
            trace.append(chunk, 0, len(chunk.pieces))

    def _next_interest(self, trace: Trace) -> int:
        wanted = self._state.interest(trace)
        return NEVER if wanted is None else max(wanted, trace.tokens + 1)

    # --- decisions --------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Show the policy what it has not seen, and carry out what it answers."""
        while self._unseen and self.policy_ended_because is None:
            seen = self._unseen.popleft()
            for decision in self._state.observe(seen, self.roster):
                self._apply(decision)
                if self.policy_ended_because is not None:
                    break
            if isinstance(seen, TraceOver):
                for index in self.roster.seen_live:
                    trace = self.roster.traces[index]
                    self.roster.interest[index] = self._next_interest(trace)
        self._unseen.clear()  # after the policy's end nothing is shown to it any more

    def _apply(self, decision: Decision) -> None:
        match decision:
            case Close():
                self._close(decision)
            case Continue():
                self._continue(decision.trace)
            case End():
                if decision.hard or self._state.may_end():
                    self._end(decision.reason, for_good=decision.hard)
            case Placed():
                self.placed[decision.trace] = decision.cluster
                self._actions.append(decision)
            case Ask():
                for prefix in (side for pair in decision.pairs for side in (pair.left, pair.right)):
                    if not prefix.finished:
                        self.compared.setdefault(prefix.trace, set()).add(prefix.tokens)
                self._actions.append(decision)
            case Probe():
                self._actions.append(decision)

    def _may_be_needed(self, close: Close) -> bool:
        """Whether the rest of a trace could still bring something: then it can be protected."""
        if close.hopeless:
            return False
        if close.outcome != "answered":
            return True
        trace = self.roster.traces[close.trace]
        return self._reading.so_far(trace, in_reasoning=True) is None

    def _close(self, close: Close) -> None:
        trace = self.roster.traces[close.trace]
        if not trace.live:
            return
        if self._may_be_needed(close) and self._state.protects(trace, self.roster):
            return
        self._catch_up(trace)
        self.roster.part(trace)
        trace.into = close.into
        self._over(trace, close.outcome, close.reason)
        self._actions.append(replace(close, applied=not self.roster.shadow))

    def _continue(self, index: int) -> None:
        trace, needs_stream = self.roster.rejoin(index)
        if needs_stream:
            self._actions.append(Start(trace=index))
        if trace.live:
            self.roster.seen_live.add(index)
            self.roster.interest[index] = self._next_interest(trace)
        else:
            self._unseen.append(TraceOver(trace))

    def _over(
        self, trace: Trace, outcome: Outcome, reason: str = "", answer: str | None = None
    ) -> None:
        """End a trace. One that was closed before stays as it is, whatever its stream says."""
        if not trace.live:
            return
        trace.outcome, trace.reason = outcome, reason
        self._reading.over(trace, answer)
        if not self._keep_text and (trace.answer is not None or not self.setup.can_continue):
            self._spent.append(trace)
        if trace.index in self.roster.seen_live:
            self.roster.seen_live.discard(trace.index)
            self._unseen.append(TraceOver(trace))

    def _end(self, reason: str, *, for_good: bool = False) -> None:
        """End the run. In shadow mode the policy's end closes nothing."""
        roster = self.roster
        if self.policy_ended_because is None:
            self.policy_ended_because = reason
            for index in sorted(roster.seen_live):
                trace = roster.traces[index]
                self._catch_up(trace)
                if roster.shadow:
                    roster.part(trace)
                self._over(trace, "stopped", reason)
        if for_good or not roster.shadow:
            for trace in roster.full.values():
                self._over(trace, "stopped", reason)
            roster.streaming.clear()
            if not self._keep_text:
                self._spent += roster.run_traces()
            self.ended_because = reason
            self._actions.append(End(reason=reason))

    # --- what follows from all that is known ------------------------------------------------------

    def _conclude(self) -> list[Action]:
        """Show the policy what is new, start what may be started, see whether all is over.

        The run is complete for the policy when nothing that it sees is live and nothing that it
        admitted waits for a stream; it is complete for good when no stream is open. In shadow mode
        the first may come long before the second: then the traces that the policy would never have
        started are started now, because the full vote needs all n.
        """
        self._drain()
        if self.ended_because is None:
            self._start_admitted()
            # In shadow mode an admitted trace may have to wait for a stream to end.
            waits = self.roster.started < self._admitted()
            if not self.roster.seen_live and not waits and self.policy_ended_because is None:
                self._end("complete")
                self._start_admitted()
            if not self.roster.streaming and self.ended_because is None:
                self._end("complete", for_good=True)
        # A trace that was closed and continued within one chunk has the rest of that chunk by now:
        # a prefix that was taken any earlier would have the rest generated, and counted, twice.
        actions = [
            replace(action, prefix=self.roster.growing(action.trace).text)
            if isinstance(action, Start)
            else action
            for action in self._actions
        ]
        self._actions = []
        # Every policy has seen their ends, and nobody will read them once more.
        while self._spent and (self._reading.settled or self.ended_because is not None):
            self._spent.pop().forget()
        return actions

    def _admitted(self) -> int:
        n = self.setup.n
        if self.roster.started == n or self.policy_ended_because is not None:
            return n
        return min(n, self._state.admitted(self.roster))

    def _start_admitted(self) -> None:
        if self.ended_because is not None:
            return
        for_policy = self.policy_ended_because is None
        admitted = self._admitted()
        room = self.setup.concurrency or self.setup.n
        while self.roster.started < admitted and len(self.roster.streaming) < room:
            trace = self.roster.start(for_policy=for_policy)
            if for_policy:
                self.roster.interest[trace.index] = self._next_interest(trace)
            self._actions.append(Start(trace=trace.index))
