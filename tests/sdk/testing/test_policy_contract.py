"""The contract of policies: every method keeps it, and what breaks it is told how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any, ClassVar

import pytest

from deepprune_sdk import ConfigurationError, method
from deepprune_sdk.data import Pair, Trace
from deepprune_sdk.data.signals import Ask, Close, Continue, Decision, End, Placed, Probe
from deepprune_sdk.methods import METHODS
from deepprune_sdk.policies.base import (
    Advanced,
    Imputation,
    Observation,
    PolicyState,
    RunSetup,
    RunView,
    TraceOver,
)
from deepprune_sdk.testing import check_policy
from deepprune_sdk.testing.policy_play import Play
from deepprune_sdk.testing.policy_scene import write_scene

SETUP = RunSetup(n=18, seed=7, question="?", can_continue=True, can_probe=True)

# --- the SDK's own --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", METHODS.values(), ids=list(METHODS))
def test_every_method_keeps_it(
    row: Any,
) -> None:
    check_policy(method(f"{row.name}:{row.needs}" if row.needs else row.name))


BUSY = {
    "deepprune:checkpoints=16/64,keep=2,compare_members=1": "close",
    "deepprune-paper:checkpoints=16": "close",
    "deepprune-settled:checkpoints=16,lookahead=none,tau=0.5": "close",
    "deepconf:kept=0.5,warmup=6": "close",
    "esc:window=2": "unanimous",
    "parallel-probe:every=8,stable=12,drop_after=3,warmup=2": "close",
    "close-loops:characters=128,every=16": "close",
    "deadline:seconds=9": "deadline",
    "money-budget:run=0.002,price=1/1": "money budget",
    "settled:lookahead=1.5,confidence=0.9,order=start": "settled",
    "token-budget:run=3000,trace=60": "close",
    "waves:width=3,sliding=true+stop-at-answer+deadline:seconds=60": "close",
}
"""Settings that come to bear on short traces, and what is then to be seen of them."""


@pytest.mark.parametrize(("text", "sign"), BUSY.items())
def test_every_policy_keeps_it_where_it_has_much_to_decide(text: str, sign: str) -> None:
    policy = method(text)
    play = Play(policy, SETUP, write_scene(18, 240)).play()
    assert sign in {action["type"] for _, action in play.actions} | {play.engine.ended_because}
    check_policy(policy)


def test_a_policy_that_refuses_an_ordinary_run_is_told_so() -> None:
    with pytest.raises(ConfigurationError, match="n=12 is not above DeepConf's warm-up of 16"):
        check_policy(method("deepconf-low"), n=12)


# --- broken ones ----------------------------------------------------------------------------------


class State(PolicyState):
    """Closes at 24 tokens what is not the first trace, but for what a test changes."""

    def __init__(self, setup: RunSetup) -> None:
        self.setup = setup

    def interest(self, trace: Trace) -> int | None:
        return 24 if trace.tokens < 24 else None

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if isinstance(seen, Advanced) and seen.trace.index:
            yield from self.at_24(seen.trace, view)

    def at_24(self, trace: Trace, view: RunView) -> Iterable[Decision]:
        yield Close(trace=trace.index, reason="24")


class Mine:
    name: Any = "mine"

    def __init__(self, make: Callable[[RunSetup], Any]) -> None:
        self._make = make

    def begin(self, setup: RunSetup) -> PolicyState:
        return self._make(setup)

    def __repr__(self) -> str:
        return f"Mine({self.name!r})"


def test_a_policy_of_ones_own_keeps_it() -> None:
    check_policy(Mine(State))


class OneForAll:
    """The same state for every run."""

    name = "one-for-all"

    def __init__(self) -> None:
        self._state = State(SETUP)

    def begin(self, setup: RunSetup) -> PolicyState:
        return self._state


class Chance(State):
    random = Random(0)

    def at_24(self, trace: Trace, view: RunView) -> Iterable[Decision]:
        if self.random.random() < 0.5:
            yield Close(trace=trace.index, reason="by chance")


class Remembers(State):
    """What one run has seen, all others know."""

    closed: ClassVar[set[tuple[int, int]]] = set()

    def at_24(self, trace: Trace, view: RunView) -> Iterable[Decision]:
        # Each run forgets at its begin and end what it closed itself, and no more.
        if not any(run != self.setup.seed for run, _ in self.closed):
            yield Close(trace=trace.index, reason="no other run is at it")
        self.closed.add((self.setup.seed, trace.index))

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        yield from super().observe(seen, view)
        if isinstance(seen, TraceOver) and not view.live:
            own = {entry for entry in self.closed if entry[0] == self.setup.seed}
            self.closed.difference_update(own)


class Peeks(State):
    """Looks at how long traces are when it was not asked."""

    def interest(self, trace: Trace) -> int | None:
        return trace.tokens // 20 * 20 + 20

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        return ()

    def admitted(self, view: RunView) -> int:
        return 1 + sum(trace.tokens >= 22 or not trace.live for trace in view.traces)


class Stuck(State):
    def interest(self, trace: Trace) -> int | None:
        return 24


class Silenced(State):
    """Claims a closing that was refused."""

    def __init__(self, setup: RunSetup) -> None:
        super().__init__(setup)
        self._claims: dict[int, Imputation] = {}

    def at_24(self, trace: Trace, view: RunView) -> Iterable[Decision]:
        yield Close(trace=trace.index, reason="redundant", into=0, probability=0.9)
        self._claims[trace.index] = Imputation(0, 0, 0.9)

    def imputations(self) -> Mapping[int, Imputation]:
        return self._claims


class NoHope(State):
    def at_24(self, trace: Trace, view: RunView) -> Iterable[Decision]:
        yield Close(trace=trace.index, reason="long", hopeless=True)


class Again(State):
    """Continues whatever it has closed, without end."""

    def interest(self, trace: Trace) -> int | None:
        return max(24, trace.tokens + 1)

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if self.setup.can_continue and isinstance(seen, Advanced) and seen.trace.tokens >= 24:
            for _ in range(20_000):
                yield Close(trace=seen.trace.index, reason="again")
                yield Continue(trace=seen.trace.index)


class Starts(State):
    """Starts nothing."""

    def admitted(self, view: RunView) -> int:
        return 0


class Wakes(State):
    def wake_after(self) -> float | None:
        return float("inf")


class Half(State):
    def candidates(self) -> Any:
        return 0.5


class Crashes(State):
    def at_24(self, trace: Trace, view: RunView) -> Iterable[Decision]:
        raise KeyError(trace.index)


def saying(decide: Callable[[Trace, RunView], Any]) -> Mine:
    """A policy that answers so at 24 tokens."""

    class Says(State):
        def at_24(self, trace: Trace, view: RunView) -> Iterable[Decision]:
            yield decide(trace, view)

    return Mine(Says)


def pair(trace: Trace, view: RunView, *, checkpoint: int = 0, other: int = 0) -> Pair:
    return Pair(question="?", left=trace.prefix(0), right=view.traces[other].prefix(checkpoint))


class Changes:
    """Counts its runs in its name."""

    def __init__(self) -> None:
        self.runs = 0
        self.name = "changes"

    def begin(self, setup: RunSetup) -> PolicyState:
        self.runs += 1
        return State(setup)

    def __repr__(self) -> str:
        return f"Changes({self.runs})"


class Nothing(State):
    def observe(self, seen: Observation, view: RunView) -> Any:
        return None


BROKEN: dict[str, tuple[Any, str]] = {
    "nameless": (type("Nameless", (Mine,), {"name": ""})(State), "name must be a text"),
    "no state": (Mine(lambda setup: None), r"begin\(\) must return a PolicyState, not None"),
    "not a state": (Mine(lambda setup: object()), r"begin\(\) must return a PolicyState, not <obj"),
    "one state": (OneForAll(), r"begin\(\) returned one state twice: each run needs a"),
    "chance": (Mine(Chance), r"the same run has other decisions: .*setup\.seed"),
    "shared": (Mine(Remembers), "a run beside it changes a run's decisions: they share state"),
    "peeks": (Mine(Peeks), r"how text is cut into chunks changes decisions: let interest\(\)"),
    "stuck": (Mine(Stuck), r"interest\(\) is 24 again after Advanced at 24 tokens: it must move"),
    "claims": (Mine(Silenced), r"cluster's ballot for trace 1, which is live: look at trace\.live"),
    "hopeless": (Mine(NoHope), r"would have come to an answer; .*beside a policy that protects"),
    "no end": (Mine(Again), "decisions on Advanced have no end"),
    "no start": (Mine(Starts), r"no trace is started: admitted\(\) must be at least 1"),
    "wakes": (Mine(Wakes), r"wake_after\(\) must be seconds above 0 or None, not inf"),
    "half": (Mine(Half), r"candidates\(\) must be a number, 0 for none, not 0\.5"),
    "none": (Mine(Nothing), r"observe\(\) must return decisions, \(\) for none"),
    "changes": (Changes(), r"the policy itself changed in a run: Changes\(0\) is now"),
    "no such trace": (
        saying(lambda trace, view: Close(trace=99, reason="x")),
        r"trace=99, .*there is no trace 99, 18 are started \(in an ordinary run\)",
    ),
    "no reason": (
        saying(lambda trace, view: Close(trace=trace.index, reason="")),
        "say why, in reason=",
    ),
    "no share": (
        saying(lambda trace, view: Close(trace=trace.index, reason="x", probability=1.5)),
        r"the probability is not in \[0, 1\]",
    ),
    "continues what runs": (
        saying(lambda trace, view: Continue(trace=trace.index)),
        "its outcome is None, not 'pruned'",
    ),
    "no pairs": (saying(lambda trace, view: Ask(pairs=())), "Ask without a pair"),
    "itself": (
        saying(lambda trace, view: Ask(pairs=(pair(trace, view, other=trace.index),))),
        "a trace is not compared with itself",
    ),
    "two checkpoints": (
        saying(lambda trace, view: Ask(pairs=(pair(trace, view, checkpoint=1),))),
        "prefixes of two checkpoints, 1 on the right",
    ),
    "twice": (
        saying(lambda trace, view: Ask(pairs=(pair(trace, view), pair(trace, view)))),
        "is asked twice in a run",
    ),
    "ahead": (
        saying(lambda trace, view: Probe(trace=trace.index, tokens=25)),
        "the trace has 24 tokens",
    ),
    "cannot probe": (
        saying(lambda trace, view: Probe(trace=trace.index, tokens=24)),
        r"though setup\.can_probe is False \(in a run whose traces cannot be probed\)",
    ),
    "no cluster": (
        saying(lambda trace, view: Placed(trace=trace.index, cluster=77, checkpoint=0)),
        "there is no trace 77",
    ),
    "no word": (saying(lambda trace, view: End(reason="")), "say why, in reason="),
    "a string": (saying(lambda trace, view: "close"), "'close', which is not a decision"),
}


@pytest.mark.parametrize(("policy", "said"), BROKEN.values(), ids=list(BROKEN))
def test_what_breaks_it_is_told(policy: Any, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_policy(policy)


def test_an_error_of_the_policy_says_in_which_run_it_came() -> None:
    with pytest.raises(KeyError) as caught:
        check_policy(Mine(Crashes))
    assert caught.value.__notes__ == ["in an ordinary run, which check_policy plays"]
