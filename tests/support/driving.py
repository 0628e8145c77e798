"""Drive an engine by hand, and hold after every signal what no run may break."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from deepprune_sdk import Answers, DeepPrune, Result
from deepprune_sdk.data import Verdict
from deepprune_sdk.data.signals import (
    Action,
    Arrived,
    Ask,
    Close,
    End,
    Ended,
    Failed,
    Judged,
    PairKey,
    Placed,
    Signal,
    Start,
    Stop,
    key_of,
)
from deepprune_sdk.data.trace import Pair, speaking
from deepprune_sdk.data.types import NO_USAGE, Chunk, Usage
from deepprune_sdk.engine import Engine
from deepprune_sdk.engine.summary import summarize
from deepprune_sdk.policies import Policy
from deepprune_sdk.policies.base import PolicyState, RunSetup
from deepprune_sdk.policies.deepprune import DeepPruneState
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.results.ending import Finish

Verdicts = Callable[[Pair], float | None] | Mapping[tuple[int, int], float | None] | float | None


def tokens(text: str) -> tuple[str, ...]:
    """Cut a text before every blank."""
    return tuple(re.findall(r"\s*\S+|\s+$", text))


class Kept:
    """DeepPrune that keeps the state it began, so that a test can look at its clusters."""

    state: DeepPruneState

    def __init__(self, policy: DeepPrune) -> None:
        self.policy = policy
        self.name = policy.name

    def begin(self, setup: RunSetup) -> PolicyState:
        self.state = self.policy.begin(setup)
        return self.state


class Driver:
    """An engine, the streams that a shell would have open for it, and what it asked.

    Every signal goes through `tell`, which fails where the engine answers what no run may do.
    """

    def __init__(
        self,
        policy: Policy | DeepPrune,
        *,
        n: int,
        concurrency: int | None = None,
        free_judge: bool = True,
        can_continue: bool = False,
        shadow: bool = False,
        seed: int = 0,
        answers: AnswerExtractor | None = None,
        keep_text: bool = True,
    ) -> None:
        self.kept = Kept(policy) if isinstance(policy, DeepPrune) else None
        setup = RunSetup(
            n=n,
            seed=seed,
            question="?",
            concurrency=concurrency,
            free_judge=free_judge,
            can_continue=can_continue,
        )
        self.engine = Engine(
            self.kept or policy, setup, answers or Answers(), shadow=shadow, keep_text=keep_text
        )
        self.room = concurrency or n
        self.open: set[int] = set()
        self.closed: set[int] = set()
        self.started: set[int] = set()
        self.asked: set[PairKey] = set()
        self.waiting: list[Pair] = []
        self.actions: list[Action] = []
        self.over = False
        self._check(self.engine.begin())

    # --- signals ----------------------------------------------------------------------------------

    def tell(self, signal: Signal) -> list[Action]:
        if isinstance(signal, Ended | Failed):
            self.open.discard(signal.trace)
        actions = self._check(self.engine.handle(signal))
        traces = self.engine.roster.traces
        assert not any(traces[trace].live for trace in self.engine.roster.imputations), (
            "a live claim"
        )
        return actions

    def say(
        self,
        trace: int,
        text: str | Sequence[str],
        *,
        reasoning: bool = False,
        finish: Finish | None = None,
        usage: Usage | None = None,
    ) -> list[Action]:
        pieces = tokens(text) if isinstance(text, str) else tuple(text)
        chunk = Chunk(pieces=pieces, reasoning=reasoning, finish=finish, usage=usage)
        return self.tell(Arrived(trace=trace, chunk=chunk))

    def end(self, trace: int, text: str = "", *, finish: Finish = "stop") -> list[Action]:
        said = self.say(trace, text) if text else []
        return said + self.tell(Ended(trace=trace, finish=finish))

    def fail(self, trace: int, error: str = "broken") -> list[Action]:
        return self.tell(Failed(trace=trace, error=error))

    def stop(self, reason: str = "stopped") -> list[Action]:
        return self.tell(Stop(reason=reason))

    def verdict(self, pair: Pair, probability: float | None, usage: Usage = NO_USAGE) -> None:
        self.waiting.remove(pair)
        verdict = Verdict(probability=probability, usage=usage)
        problem = "unscored" if probability is None else None
        self.tell(Judged(pair=key_of(pair), verdict=verdict, problem=problem))

    def judge(self, verdicts: Verdicts, *, rounds: int | None = None) -> int:
        """Answer what is asked, and what is asked then; return how many rounds that took."""
        done = 0
        while self.waiting and (rounds is None or done < rounds):
            for pair in list(self.waiting):
                self.verdict(pair, _probability(verdicts, pair))
            done += 1
        return done

    def finish(self) -> None:
        """Let every stream end and every verdict come, which must end the run."""
        for _ in range(200):
            self.judge(0.9)
            if not self.open:
                break
            self.end(min(self.open))
        self.judge(0.9)
        assert self.ended_because is not None
        assert not any(trace.live for trace in self.engine.roster.run_traces())

    # --- what a test asks -------------------------------------------------------------------------

    @property
    def state(self) -> DeepPruneState:
        assert self.kept is not None
        return self.kept.state

    @property
    def clusters(self) -> dict[int, list[int]]:
        return self.state.clusters.members

    @property
    def waiting_keys(self) -> list[tuple[int, int]]:
        return [(pair.left.trace, pair.right.trace) for pair in self.waiting]

    @property
    def ended_because(self) -> str | None:
        return self.engine.ended_because

    def outcomes(self) -> list[str | None]:
        return [trace.outcome for trace in self.engine.roster.traces]

    def result(self) -> Result:
        return summarize(self.engine)

    # --- what no run may break --------------------------------------------------------------------

    def _check(self, actions: list[Action]) -> list[Action]:
        assert not (self.over and actions), f"{actions} after the end"
        for action in actions:
            assert not self.over, f"{action} after the end"
            self._check_one(action)
        self._check_clusters(action for action in actions if isinstance(action, Close))
        self.actions += actions
        return actions

    def _check_one(self, action: Action) -> None:
        match action:
            case Start():
                assert action.trace not in self.open, f"{action} is streaming"
                if action.prefix:
                    assert action.trace in self.closed, f"{action} continues what was not closed"
                    self.closed.discard(action.trace)
                else:
                    assert action.trace == len(self.started), f"{action} out of turn"
                self.started.add(action.trace)
                self.open.add(action.trace)
                assert len(self.open) <= self.room, "too many streams at once"
                assert len(self.started) <= self.engine.setup.n, "too many traces"
            case Close():
                assert action.trace in self.started
                assert action.into is None or action.into in self.started
                assert action.trace not in self.closed, f"{action} twice"
                if action.applied:
                    assert action.trace in self.open, f"{action} is not streaming"
                    self.open.discard(action.trace)
                    self.closed.add(action.trace)
            case Ask():
                for pair in action.pairs:
                    key = key_of(pair)
                    assert {key.left, key.right} <= self.started
                    assert key.left != key.right
                    assert pair.left.checkpoint == pair.right.checkpoint
                    assert not self.asked & {
                        key,
                        PairKey(checkpoint=key.checkpoint, left=key.right, right=key.left),
                    }, f"{key} is asked twice"
                    self.asked.add(key)
                self.waiting += action.pairs
            case Placed():
                assert {action.trace, action.cluster} <= self.started
            case End():
                self.over = True
                self.open.clear()
            case _:
                pass

    def _check_clusters(self, closings: Iterable[Close]) -> None:
        """A closing leaves someone to speak for the trace's cluster."""
        if self.kept is None or self.engine.policy_ended_because is not None:
            return
        for close in closings:
            home = self.state.clusters.home.get(close.trace)
            if home is not None and close.reason != "not selected":
                members = self.clusters[home]
                assert speaking(self.engine.roster.traces, members), (
                    f"{close} silences cluster {home}"
                )


def _probability(verdicts: Verdicts, pair: Pair) -> float | None:
    if callable(verdicts):
        return verdicts(pair)
    if isinstance(verdicts, Mapping):
        left, right = pair.left.trace, pair.right.trace
        return verdicts[left, right] if (left, right) in verdicts else verdicts[right, left]
    return verdicts
