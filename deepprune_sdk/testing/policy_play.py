"""A scripted run for `check_policy`: traces, verdicts, probes and time that are the same each time.

A play is a shell around an engine, as a live run is, but for waiting. Time goes in rounds: in each,
every open stream brings some tokens, one stream after the other; then the judge and the probes
answer, and a second has passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deepprune_sdk.answers import Answers
from deepprune_sdk.data.signals import (
    Action,
    Arrived,
    Ask,
    Close,
    End,
    Ended,
    Failed,
    Judged,
    Probe,
    Probed,
    Signal,
    Start,
    Tick,
    key_of,
    record_of,
)
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Chunk, Usage, Verdict
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.policies.base import Policy, RunSetup
from deepprune_sdk.testing.claims import claim
from deepprune_sdk.testing.policy_scene import Scene

__all__ = ["ROUND", "Play"]

ROUND = 8
"""Tokens that a stream brings in a round."""


class Play:
    """One run of a policy over a scene."""

    def __init__(
        self,
        policy: Policy,
        setup: RunSetup,
        scene: Scene,
        *,
        cut: Sequence[int] = (ROUND,),
        judge_every: int = 1,
        silent: bool = False,
        shadow: bool = False,
    ) -> None:
        """Begin the run; `play` or `rounds` continues it.

        Args:
            policy: The policy.
            setup: Of the run.
            scene: What the traces say.
            cut: Lengths of the chunks that a round's tokens come in, in turn.
            judge_every: Rounds between the judge's answers.
            silent: Whether judge and probes never have an answer.
            shadow: Whether nothing is closed.
        """
        self.engine: Engine = Engine(policy, setup, Answers(), shadow=shadow)
        self.told: list[tuple[Signal | None, list[Action]]] = []
        """Signals and the actions on them, as a run log has them."""
        self.actions: list[tuple[int, dict[str, Any]]] = []
        """Every action with its round; how text was cut is not in it."""
        self._round = 0
        self._setup = setup
        self._scene = scene
        self._cut = cut
        self._judge_every = judge_every
        self._silent = silent
        self._open: set[int] = set()
        self._said: dict[int, int] = {}
        self._pairs: list[Pair] = []
        self._probes: list[Probe] = []

    @property
    def closed(self) -> Mapping[int, Close]:
        """The closings that were carried out, by trace."""
        closings = (a for _, actions in self.told for a in actions if isinstance(a, Close))
        return {close.trace: close for close in closings if close.applied}

    def play(self) -> Play:
        """Go on to the end of the run."""
        for _ in self.rounds():
            pass
        return self

    def rounds(self) -> Iterator[None]:
        """Go on round by round.

        Raises:
            AssertionError: The run does not end.
        """
        self.engine.candidates()
        self._act(None, self.engine.begin())
        started = self.engine.roster.started
        claim(started > 0, "no trace is started: admitted() must be at least 1 at first")
        # Time for each trace to run to its end by itself, and for as much again by continuing.
        longest = max(map(len, self._scene.pieces)) // ROUND + 2
        most = longest * (len(self._scene.pieces) + 1) * self._judge_every * 2
        for number in range(1, most):
            self._round = number
            for trace in sorted(self._open):
                if trace in self._open:
                    self._grow(trace)
            if number % self._judge_every == 0:
                self._answer()
            wake = self.engine.wake_after()
            if wake is not None and number - 1 < wake <= number:
                self.tell(Tick(seconds=float(number)))
            self._check_claims()
            if self.engine.ended_because is not None:
                return
            yield
        claim(False, f"the run does not end: {len(self._open)} streams open after {most} rounds")

    def _check_claims(self) -> None:
        """A closing may be refused: then the trace is live, and votes for itself."""
        for trace, held in self.engine.roster.imputations.items():
            live = self.engine.roster.traces[trace].live
            claim(
                held.cluster is None or not live,
                f"imputations() has a cluster's ballot for trace {trace}, which is live: look at "
                "trace.live after Close, another policy may protect it",
            )
            claim(
                0.0 <= held.weight <= 1.0,
                f"imputations(): the weight {held.weight!r} of trace {trace} is not in [0, 1]",
            )

    def tell(self, signal: Signal) -> None:
        """Tell the engine what happened, and do what it answers."""
        if self.engine.ended_because is None:
            self._act(signal, self.engine.handle(signal))

    def _act(self, signal: Signal | None, actions: list[Action]) -> None:
        self.told.append((signal, actions))
        self.actions += ((self._round, record_of(action)) for action in actions)
        for action in actions:
            match action:
                case Start():
                    self._open.add(action.trace)
                case Close() if action.applied:
                    self._open.discard(action.trace)
                case Ask():
                    self._pairs += action.pairs
                case Probe():
                    self._probes.append(action)
                case End():
                    self._open.clear()
                case _:
                    pass

    def _grow(self, trace: int) -> None:
        """Bring a round's tokens of a trace, also those under way when it is closed."""
        scene, begin = self._scene, self._said.get(trace, 0)
        pieces = scene.pieces[trace]
        end = self._said[trace] = min(begin + ROUND, len(pieces))
        turn = 0
        while begin < end:
            stop = min(begin + self._cut[turn % len(self._cut)], end)
            reasoning = begin < scene.thoughts[trace]
            if reasoning:
                stop = min(stop, scene.thoughts[trace])
            confidences = tuple(scene.confidences[trace][begin:stop])
            chunk = Chunk(
                pieces=tuple(pieces[begin:stop]), reasoning=reasoning, confidences=confidences
            )
            self.tell(Arrived(trace=trace, chunk=chunk))
            begin, turn = stop, turn + 1
        if end == len(pieces) and trace in self._open:
            self._open.discard(trace)
            usage = Usage(prompt=20, generated=len(pieces))
            finish = "stop" if scene.answers[trace] else "length"
            self.tell(
                Failed(trace=trace, error="broken off")
                if trace in scene.fails
                else Ended(trace=trace, finish=finish, usage=usage)
            )

    def _answer(self) -> None:
        """Answer what was asked, and what is asked then."""
        while self._pairs or self._probes:
            pairs, self._pairs = self._pairs, []
            probes, self._probes = self._probes, []
            for pair in pairs:
                probability = None if self._silent else self._scene.verdict(pair)
                self.tell(
                    Judged(
                        pair=key_of(pair),
                        verdict=Verdict(probability=probability),
                        problem="unscored" if probability is None else None,
                    )
                )
            for probe in probes:
                text = None if self._silent else self._scene.probed(probe)
                self.tell(Probed(trace=probe.trace, tokens=probe.tokens, text=text))
