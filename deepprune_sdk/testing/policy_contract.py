"""What every policy must do."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from deepprune_sdk.data.signals import Close, Decision, Stop
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.errors import ConfigurationError, RecordingError
from deepprune_sdk.policies.base import (
    Advanced,
    Observation,
    Policy,
    PolicyState,
    RunSetup,
    RunView,
)
from deepprune_sdk.policies.composed import Composed
from deepprune_sdk.recording.run_log import RunLogWriter, verify_run_log
from deepprune_sdk.testing.claims import QUESTION, claim
from deepprune_sdk.testing.policy_play import Play
from deepprune_sdk.testing.policy_scene import Scene, write_scene
from deepprune_sdk.testing.policy_watch import Watched

__all__ = ["check_policy"]

_Acted = tuple[int, dict[str, Any]]
"""An action and its round."""

CUTS = ((1,), (3, 1, 4), (2, 6))
"""Ways to cut a round's tokens into chunks, beside all in one."""
HEAD_START = 3
"""Rounds by which one of two runs is ahead of the other."""
AXE_AT = 40
"""Tokens at which a neighbour would close every trace."""


def check_policy(policy: Policy, *, n: int = 18, tokens: int = 240) -> None:
    """Check a policy: its decisions, that runs share nothing, and what may not change a decision.

    It plays some 15 runs over scripted traces, without a server, a judge or waiting, so there is
    nothing to await. In each every trace may run to its end; some fail, some repeat themselves,
    some come to no answer.

    Args:
        policy: The policy, or several as `Composed`.
        n: Traces a run at most.
        tokens: Length of the longest trace. Give checkpoints, windows and the like values that come
            to bear within it; a policy that never decides anything passes.

    Raises:
        AssertionError: It breaks the contract; the text says how, and in which run.
        ConfigurationError: It refuses an ordinary run: n traces that give confidences, and that can
            be probed and continued.
    """
    named = cast("object", policy.name)
    claim(isinstance(named, str) and bool(named), "name must be a text that is not empty")
    before = repr(policy)
    setup = RunSetup(n=n, seed=7, question=QUESTION, can_continue=True, can_probe=True)
    Watched(policy).begin(setup)
    claim(
        policy.begin(setup) is not policy.begin(setup),
        "begin() returned one state twice: each run needs a state of its own",
    )
    scene = write_scene(n, tokens)
    with _during("an ordinary run"):
        ordinary = Play(Watched(policy), setup, scene).play()
    _check_repeated(policy, setup, scene, ordinary.actions)
    _check_cuts(policy, setup, scene, ordinary.actions)
    _check_other_runs(policy, setup, scene)
    _check_neighbours(policy, setup, scene)
    _check_log(policy, setup, ordinary)
    claim(repr(policy) == before, f"the policy itself changed in a run: {before} is now {policy!r}")


def _check_repeated(
    policy: Policy, setup: RunSetup, scene: Scene, actions: Sequence[_Acted]
) -> None:
    """The same run again, and beside another one, has the same decisions."""
    with _during("the same run a second time"):
        again = Play(Watched(policy), setup, scene).play()
        _same(
            again.actions,
            actions,
            "the same run has other decisions: a run leaves something to the next one, or a choice "
            "does not come from setup.seed",
        )
    with _during("two runs at once"):
        mine = Play(Watched(policy), setup, scene)
        other = Play(Watched(policy), replace(setup, seed=8), write_scene(setup.n, 200, seed=1))
        others = other.rounds()
        for _ in range(HEAD_START):
            next(others, None)
        for _ in mine.rounds():
            next(others, None)
        for _ in others:
            pass
        _same(mine.actions, actions, "a run beside it changes a run's decisions: they share state")


def _check_cuts(policy: Policy, setup: RunSetup, scene: Scene, actions: Sequence[_Acted]) -> None:
    """How a server cuts text into chunks changes no decision."""
    for cut in CUTS:
        with _during(f"the same text in chunks of {'/'.join(map(str, cut))} tokens"):
            _same(
                Play(Watched(policy), setup, scene, cut=cut).play().actions,
                actions,
                "how text is cut into chunks changes decisions: let interest() name the lengths at "
                "which the policy looks at a trace, and look at Advanced alone",
            )


def _check_other_runs(policy: Policy, setup: RunSetup, scene: Scene) -> None:
    """Runs of every kind come to their end; a kind that the policy refuses is left out."""
    for what, changed in {
        "a run with 3 streams at once": replace(setup, concurrency=3),
        "a run whose verdicts cost tokens": replace(setup, free_judge=False),
        "a run whose traces cannot be continued": replace(setup, can_continue=False),
        "a run whose traces cannot be probed": replace(setup, can_probe=False),
        "a run of one trace": replace(setup, n=1),
    }.items():
        with _during(what, refusable=True):
            Play(Watched(policy), changed, scene).play()
    with _during("a run whose judge is slow"):
        Play(Watched(policy), setup, scene, judge_every=3).play()
    with _during("a run without a verdict and an answered probe"):
        Play(Watched(policy), setup, scene, silent=True).play()
    with _during("a run in shadow mode"):
        Play(Watched(policy), setup, scene, shadow=True).play()
    with _during("a run that is stopped"):
        stopped = Play(Watched(policy), setup, scene)
        for number, _ in enumerate(stopped.rounds()):
            if number == 5:
                stopped.tell(Stop())
        stopped.engine.roster.tally()


def _check_neighbours(policy: Policy, setup: RunSetup, scene: Scene) -> None:
    """It bears a policy that refuses its closings, and one that closes its traces."""
    with _during("a run beside a policy that protects every trace"):
        guarded = Play(Composed(Watched(policy), _Guard()), setup, scene).play()
        for trace, close in guarded.closed.items():
            claim(
                not close.hopeless or scene.answers[trace] is None,
                f"{close}: the trace would have come to an answer; what is closed as hopeless is "
                "protected by no policy, so keep that for what cannot",
            )
    for axe_first in (False, True):
        parts: list[Policy] = [Watched(policy), _Axe()]
        with _during(f"a run beside a policy that closes every trace after {AXE_AT} tokens"):
            Play(Composed(*(parts[::-1] if axe_first else parts)), setup, scene).play()


def _check_log(policy: Policy, setup: RunSetup, play: Play) -> None:
    """Told the same again from a log, another engine answers the same."""
    with _during("a run told again from its log"), TemporaryDirectory() as folder:
        path = Path(folder) / "run.jsonl"
        log = RunLogWriter(path, policy, setup, shadow=False)
        log.open()
        for signal, actions in play.told:
            log.write(signal, actions)
        log.close()
        try:
            verify_run_log(path, policy=policy)
        except RecordingError as error:
            raise AssertionError(f"a run log does not replay: {error}") from error


def _same(found: Sequence[_Acted], expected: Sequence[_Acted], what: str) -> None:
    for one, other in zip(found, expected, strict=False):
        claim(
            one == other,
            f"{what}. In round {one[0]} comes {one[1]}, where in round {other[0]} came {other[1]}",
        )
    claim(
        len(found) == len(expected), f"{what}. There are {len(found)}, where {len(expected)} were"
    )


@contextmanager
def _during(what: str, *, refusable: bool = False) -> Generator[None]:
    """Say in which run something failed."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{error} (in {what})") from error
    except ConfigurationError:
        if not refusable:
            raise
    except Exception as error:
        error.add_note(f"in {what}, which check_policy plays")
        raise


class _Guard:
    """Protects every trace."""

    name = "guard"

    def begin(self, setup: RunSetup) -> PolicyState:
        del setup
        return _GuardState()


class _GuardState(PolicyState):
    def protects(self, trace: Trace, view: RunView) -> bool:
        return True


class _Axe:
    """Closes every trace that it may."""

    name = "axe"

    def begin(self, setup: RunSetup) -> PolicyState:
        del setup
        return _AxeState()


class _AxeState(PolicyState):
    def interest(self, trace: Trace) -> int | None:
        return max(AXE_AT, trace.tokens + 1)

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if isinstance(seen, Advanced) and seen.trace.tokens >= AXE_AT:
            yield Close(trace=seen.trace.index, reason="axe")
