"""What no policy may answer, seen as it answers: a policy between another one and the engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import cast

from deepprune_sdk.data.signals import (
    Ask,
    Close,
    Continue,
    Decision,
    End,
    PairKey,
    Placed,
    Probe,
    key_of,
)
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.voting import Vote
from deepprune_sdk.policies.base import (
    Advanced,
    Imputation,
    Observation,
    Policy,
    PolicyState,
    RunSetup,
    RunView,
)
from deepprune_sdk.testing.claims import claim

__all__ = ["Watched"]

MOST_DECISIONS = 10_000
"""Decisions on one observation, beyond which they are taken to have no end."""


class Watched:
    """Hands everything on between a policy and the engine, and claims that it may be so."""

    def __init__(self, policy: Policy) -> None:
        """Watch `policy`."""
        self._policy = policy
        self.name: str = policy.name

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run, watched.

        Raises:
            AssertionError: It is not a state.
            ConfigurationError: As of the policy.
        """
        state = cast("object", self._policy.begin(setup))
        claim(isinstance(state, PolicyState), f"begin() must return a PolicyState, not {state!r}")
        return _WatchedState(cast("PolicyState", state), setup)


class _WatchedState(PolicyState):
    def __init__(self, state: PolicyState, setup: RunSetup) -> None:
        self._state = state
        self._setup = setup
        self._asked: set[PairKey] = set()
        self._looked: dict[int, int] = {}

    def admitted(self, view: RunView) -> int:
        admitted = self._state.admitted(view)
        claim(_whole(admitted), f"admitted() must be a number of traces, not {admitted!r}")
        return admitted

    def interest(self, trace: Trace) -> int | None:
        wanted = self._state.interest(trace)
        claim(
            wanted is None or _whole(wanted),
            f"interest() must be a number of tokens or None, not {wanted!r}",
        )
        # Once it was shown a trace at a length, it has to want a greater one: else it is shown the
        # trace at every single token.
        if wanted is not None and self._looked.get(trace.index) == trace.tokens:
            claim(
                wanted > trace.tokens,
                f"interest() is {wanted} again after Advanced at {trace.tokens} tokens: it must "
                "move forward, or be None",
            )
        return wanted

    def observe(self, seen: Observation, view: RunView) -> Iterator[Decision]:
        if isinstance(seen, Advanced):
            self._looked[seen.trace.index] = seen.trace.tokens
        decisions = cast("Iterable[Decision] | None", self._state.observe(seen, view))
        claim(decisions is not None, "observe() must return decisions, () for none, not None")
        for number, decision in enumerate(decisions or ()):
            claim(number < MOST_DECISIONS, f"decisions on {type(seen).__name__} have no end")
            self._check(decision, view)
            yield decision

    def wake_after(self) -> float | None:
        seconds = self._state.wake_after()
        claim(
            seconds is None or (isfinite(seconds) and seconds > 0),
            f"wake_after() must be seconds above 0 or None, not {seconds!r}",
        )
        return seconds

    def candidates(self) -> int:
        candidates = self._state.candidates()
        claim(_whole(candidates), f"candidates() must be a number, 0 for none, not {candidates!r}")
        return candidates

    def protects(self, trace: Trace, view: RunView) -> bool:
        return self._state.protects(trace, view)

    def may_end(self) -> bool:
        return self._state.may_end()

    def imputations(self) -> Mapping[int, Imputation]:
        return self._state.imputations()

    def vote(self) -> Vote | None:
        return self._state.vote()

    # --- decisions --------------------------------------------------------------------------------

    def _check(self, decision: Decision, view: RunView) -> None:
        match cast("object", decision):
            case Close() as close:
                self._started(close, view, close.trace, close.into)
                claim(bool(close.reason), f"{close}: say why, in reason=")
                probability = close.probability
                claim(
                    probability is None or 0.0 <= probability <= 1.0,
                    f"{close}: the probability is not in [0, 1]",
                )
            case Continue() as again:
                self._started(again, view, again.trace)
                outcome = view.traces[again.trace].outcome
                claim(self._setup.can_continue, f"{again}, though setup.can_continue is False")
                claim(outcome == "pruned", f"{again}: its outcome is {outcome!r}, not 'pruned'")
            case Ask() as ask:
                self._check_pairs(ask, view)
            case Probe() as probe:
                self._started(probe, view, probe.trace)
                claim(self._setup.can_probe, f"{probe}, though setup.can_probe is False")
                there = view.traces[probe.trace].tokens
                claim(0 < probe.tokens <= there, f"{probe}: the trace has {there} tokens")
            case Placed() as placed:
                self._started(placed, view, placed.trace, placed.cluster)
            case End() as end:
                claim(bool(end.reason), f"{end}: say why, in reason=")
            case other:
                claim(False, f"observe() returned {other!r}, which is not a decision")

    def _check_pairs(self, ask: Ask, view: RunView) -> None:
        claim(bool(ask.pairs), "Ask without a pair: leave it out")
        for pair in ask.pairs:
            key = key_of(pair)
            self._started(key, view, key.left, key.right)
            claim(key.left != key.right, f"{key}: a trace is not compared with itself")
            claim(
                pair.left.checkpoint == pair.right.checkpoint,
                f"{key}: prefixes of two checkpoints, {pair.right.checkpoint} on the right",
            )
            claim(key not in self._asked, f"{key} is asked twice in a run")
            self._asked.add(key)

    def _started(self, what: object, view: RunView, *traces: int | None) -> None:
        for trace in traces:
            claim(
                trace is None or 0 <= trace < len(view.traces),
                f"{what}: there is no trace {trace}, {len(view.traces)} are started",
            )


def _whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0
