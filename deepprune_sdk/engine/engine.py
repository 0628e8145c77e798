"""The sans-I/O heart of a run: traces and a policy, told what happened, answering what to do.

It does no I/O, reads no clock and starts no task. `run.py` drives it live, and a recording drives
it in virtual time; the same signals in the same order give the same actions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from deepprune_sdk.answers.classes import AnswerClasses
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
from deepprune_sdk.data.voting import Ballot, ClusterWeightedVote, Tally, Vote
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import (
    Advanced,
    Elapsed,
    Imputation,
    Observation,
    Policy,
    ProbeAnswered,
    RunSetup,
    Scored,
    TraceOver,
)
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.results.ending import Outcome

__all__ = ["PROBE", "Engine"]

PROBE = "\n\nSo the final answer is \\boxed{"
"""What follows a trace's text when the model is asked for its answer so far."""

NEVER = 1 << 62
"""A token count that no trace reaches."""


class Engine:
    """One run's state machine.

    In shadow mode a trace that the policy closes goes on as a second `Trace` of the same number,
    unseen by the policy: `traces` is the run as the policy would have had it, `full` the run as it
    was.
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
        self._setup = setup
        self._state = policy.begin(setup)
        self._answers = answers
        self._classes = AnswerClasses(answers.equivalent)
        self._shadow = shadow
        self._keep_text = keep_text
        self._held_back = held_back
        self._spent: list[Trace] = []
        self._vote = self._state.vote() or ClusterWeightedVote()
        self._streams: set[int] = set()
        self._live: set[int] = set()
        self._interest: list[int] = []
        self._unseen: deque[Observation] = deque()
        self._actions: list[Action] = []
        self.traces: list[Trace] = []
        self.full: dict[int, Trace] = {}
        self.placed: dict[int, int] = {}
        """The cluster that each trace was last put into, in order of placement."""
        self.compared: dict[int, set[int]] = {}
        """Lengths in tokens of the unfinished prefixes of a trace that the judge was shown."""
        self.probe_usage: Usage = NO_USAGE
        """Tokens of all probes, read and written."""
        self.started: int = 0
        """Traces started, the policy's and those that shadow mode goes on with."""
        self.ended_because: str | None = None
        """Why the run is over, or None while it goes on."""
        self.warnings: list[str] = []
        """What the user should know, each once."""
        self.policy_ended_because: str | None = None
        """Why it is over for the policy: in shadow mode that may come earlier."""

    # --- what policies look at (RunView) ----------------------------------------------------------

    @property
    def setup(self) -> RunSetup:
        """What was known at the start."""
        return self._setup

    @property
    def shadow(self) -> bool:
        """Whether decisions are taken and nothing is closed."""
        return self._shadow

    @property
    def live(self) -> int:
        """How many traces are live, as the policy sees them."""
        return len(self._live)

    @property
    def vote(self) -> Vote:
        """The vote that decides this run."""
        return self._vote

    @property
    def imputations(self) -> Mapping[int, Imputation]:
        """Claims of pruned traces, by trace."""
        return self._state.imputations()

    def ballots(self) -> list[Ballot]:
        """Every ballot that would be counted if the run ended now, by trace."""
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

    def growing(self, index: int) -> Trace:
        """Return the trace as its stream has it, closed in shadow or not."""
        return self.full.get(index) or self.traces[index]

    def run_traces(self) -> list[Trace]:
        """Return every started trace as its stream has it."""
        return [self.growing(index) for index in range(self.started)]

    def tally(self) -> Tally:
        """Count the vote as it stands."""
        return self._vote.tally(self.ballots())

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
                    return []
            case Ended():
                self._streams.discard(signal.trace)
                trace = self.growing(signal.trace)
                trace.finish = signal.finish or trace.finish
                if signal.usage is not None:
                    trace.report(signal.usage)
                self._over(trace, "finished")
            case Failed():
                self._streams.discard(signal.trace)
                self._over(self.growing(signal.trace), "failed", signal.error)
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
        """Add a chunk; return whether a policy looked at it."""
        looked, begin, end = False, 0, len(chunk.pieces)
        trace = self.growing(index)
        while index in self._live:
            reach = self._interest[index] - trace.tokens
            if reach > end - begin:
                break
            trace.append(chunk, begin, begin + reach)
            begin += reach
            self._unseen.append(Advanced(trace))
            self._drain()
            self._interest[index] = self._next_interest(trace)
            looked = True
        # Text that was under way when the trace was closed counts, and decides nothing.
        trace = self.growing(index)
        trace.append(chunk, begin, end)
        trace.finish = chunk.finish or trace.finish
        if chunk.usage is not None:
            trace.report(chunk.usage)
        return looked

    def _probed(self, probed: Probed) -> None:
        self.probe_usage += probed.usage
        answer = None
        if probed.text is not None:
            answer = self._answers.extract(PROBE + probed.text, complete=False)
        name = None if answer is None else self._classes.name(answer)
        self._unseen.append(ProbeAnswered(self.traces[probed.trace], probed.tokens, name))

    def _warn(self, message: str | None) -> None:
        if message is not None and message not in self.warnings:
            self.warnings.append(message)
            self._actions.append(Warn(message=message))

    def candidates(self) -> int:
        """Candidates a token whose log-probabilities the policy looks at; 0 for none."""
        return self._state.candidates()

    def wake_after(self) -> float | None:
        """Seconds since the start after which a `Tick` is wanted, or None for never."""
        return self._state.wake_after()

    def next_interest(self, index: int) -> int | None:
        """Token count at which a live trace next matters; text up to there can be told at once."""
        tokens = self._interest[index]
        return None if tokens >= NEVER else tokens

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
            for decision in self._state.observe(seen, self):
                self._apply(decision)
                if self.policy_ended_because is not None:
                    break
            if isinstance(seen, TraceOver):
                for index in self._live:
                    self._interest[index] = self._next_interest(self.traces[index])
        self._unseen.clear()

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
        text = self.traces[close.trace].answer_text
        return self._answers.extract(text, complete=False) is None

    def _close(self, close: Close) -> None:
        trace = self.traces[close.trace]
        if not trace.live or (self._may_be_needed(close) and self._state.protects(trace, self)):
            return
        self._catch_up(trace)
        if self._shadow:
            self.full[trace.index] = trace.fork()
        else:
            self._streams.discard(trace.index)
        trace.into = close.into
        self._over(trace, close.outcome, close.reason)
        self._actions.append(replace(close, applied=not self._shadow))

    def _continue(self, index: int) -> None:
        if self._shadow:  # its stream was never closed: what that brought since is the continuation
            trace = self.traces[index] = self.full.pop(index)
        else:
            trace = self.traces[index]
            trace.reopen()
            self._streams.add(index)
            self._actions.append(Start(trace=index, prefix=trace.text))
        if trace.live:
            self._live.add(index)
            self._interest[index] = self._next_interest(trace)
        else:
            self._unseen.append(TraceOver(trace))

    def _over(self, trace: Trace, outcome: Outcome, reason: str = "") -> None:
        """End a trace. One that was closed before stays as it is, whatever its stream says."""
        if not trace.live:
            return
        trace.outcome, trace.reason = outcome, reason
        complete = outcome == "finished" and trace.finish != "length"
        answer = self._answers.extract(trace.answer_text, complete=complete)
        trace.answer = None if answer is None else self._classes.name(answer)
        if not self._keep_text and (trace.answer is not None or not self._setup.can_continue):
            self._spent.append(trace)
        if trace.index in self._live:
            self._live.discard(trace.index)
            self._unseen.append(TraceOver(trace))

    def _end(self, reason: str, *, for_good: bool = False) -> None:
        """End the run. In shadow mode the policy's end closes nothing."""
        if self.policy_ended_because is None:
            self.policy_ended_because = reason
            for index in sorted(self._live):
                trace = self.traces[index]
                self._catch_up(trace)
                if self._shadow:
                    self.full[index] = trace.fork()
                self._over(trace, "stopped", reason)
        if for_good or not self._shadow:
            for trace in self.full.values():
                self._over(trace, "stopped", reason)
            self._streams.clear()
            if not self._keep_text:
                self._spent += self.run_traces()
            self.ended_because = reason
            self._actions.append(End(reason=reason))

    def _conclude(self) -> list[Action]:
        """Show the policy what is new, start what may be started, see whether all is over."""
        self._drain()
        if self.ended_because is None:
            self._start_admitted()
            # In shadow mode an admitted trace may have to wait for a stream to end.
            waits = self.started < self._admitted()
            if not self._live and not waits and self.policy_ended_because is None:
                self._end("complete")
                self._start_admitted()
            if not self._streams and self.ended_because is None:
                self._end("complete", for_good=True)
        while self._spent:  # every policy has seen their ends
            self._spent.pop().forget()
        actions, self._actions = self._actions, []
        return actions

    def _admitted(self) -> int:
        n = self._setup.n
        if self.started == n or self.policy_ended_because is not None:
            return n
        return min(n, self._state.admitted(self))

    def _start_admitted(self) -> None:
        if self.ended_because is not None:
            return
        policy_runs = self.policy_ended_because is None
        admitted = self._admitted()
        room = self._setup.concurrency or self._setup.n
        while self.started < admitted and len(self._streams) < room:
            trace = Trace(self.started)
            self.started += 1
            self._streams.add(trace.index)
            if policy_runs:
                self.traces.append(trace)
                self._live.add(trace.index)
                self._interest.append(self._next_interest(trace))
            else:
                self.full[trace.index] = trace
            self._actions.append(Start(trace=trace.index))
