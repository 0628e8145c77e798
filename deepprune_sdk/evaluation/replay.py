"""The virtual-time shell: recorded traces through the same engine as live runs.

Time is counted in tokens. Every live trace advances at the same rate, as in continuous batching;
judges answer at once, so their tokens cost but do not delay. A trace's text is told to the engine
when the policy is interested in it, or about to close it, not token by token.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from deepprune_sdk.answers.by_name import ReadsAnswers
from deepprune_sdk.data.signals import (
    Action,
    Arrived,
    Ask,
    Close,
    End,
    Ended,
    Probe,
    Probed,
    Signal,
    Start,
)
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Chunk, Usage
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.engine.summary import summarize
from deepprune_sdk.errors import RecordingError
from deepprune_sdk.evaluation.extractor import extractor_of
from deepprune_sdk.judges.by_name import as_judge
from deepprune_sdk.judges.reading import reading_by
from deepprune_sdk.live.judging import Judging
from deepprune_sdk.policies.base import Policy, RunSetup
from deepprune_sdk.policies.by_name import as_policy
from deepprune_sdk.policies.limits import JudgingLimits
from deepprune_sdk.protocols import Judge
from deepprune_sdk.recording.reader import RecordedTrace
from deepprune_sdk.results.ending import Finish
from deepprune_sdk.results.result import Result

__all__ = ["Replayed", "replay"]

PROBE_TOKENS = 12
"""What a recorded probe is taken to have written: the most it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A replayed run.

    Attributes:
        result: The same as of a live run; its trace i is the i-th one drawn.
        critical_tokens: Length of the run in virtual time: tokens that had to be generated one
            after another.
    """

    result: Result
    critical_tokens: int


async def replay(
    traces: Sequence[RecordedTrace],
    policy: Policy | str,
    judge: Judge | str,
    *,
    seed: int = 0,
    answers: ReadsAnswers | None = None,
    concurrency: int | None = None,
    judging: JudgingLimits | None = None,
    can_continue: bool = False,
) -> Replayed:
    """Run `policy` over the traces of one problem, in their order; n is their number.

    Args:
        traces: Complete traces of one problem, as `draws.draw` returns them.
        policy: The method.
        judge: Asked as in a live run; its failures keep traces.
        seed: Of the policy's random choices.
        answers: Reads and compares final answers; by default as the recording says
            (`extractor_of`). A trace that comes to its end has the recorded one, where there is
            one.
        concurrency: Most live traces at once.
        judging: Limits of the judge.
        can_continue: Whether the backend that is stood in for continues prefixes.
    """
    policy, judge = as_policy(policy), as_judge(judge)
    answers = extractor_of(traces, answers)
    shell = _Replay(traces, reading_by(judge, answers), judging or JudgingLimits())
    can_probe = all(trace.probes for trace in traces)
    setup = RunSetup(
        n=len(traces),
        seed=seed,
        question=traces[0].question if traces else "",
        concurrency=concurrency,
        # Verdicts come at once here, so nothing is gained by asking ahead of need.
        free_judge=False,
        can_continue=can_continue,
        can_probe=can_probe,
        replayed=True,
    )
    engine = Engine(policy, setup, answers, held_back=shell.held_back)
    await shell.run(engine)
    return Replayed(result=summarize(engine, shell.judging.report), critical_tokens=shell.now)


@dataclass(slots=True)
class _Playback:
    """How far one recorded trace has been played and told."""

    trace: RecordedTrace
    begun: int
    told: int = 0
    wanted: int = -1


class _Replay:
    def __init__(
        self, traces: Sequence[RecordedTrace], judge: Judge, limits: JudgingLimits
    ) -> None:
        self._traces = traces
        self._playing: dict[int, _Playback] = {}
        self._paused: dict[int, int] = {}
        self._agenda: list[tuple[int, int]] = []
        self._probes: list[Probe] = []
        self._some_ended = False
        self.judging = Judging(judge, limits)
        self.now = 0

    async def run(self, engine: Engine) -> None:
        await self._act(engine, engine.begin())
        while engine.ended_because is None:
            time, index = heapq.heappop(self._agenda)
            playback = self._playing.get(index)
            if playback is None or time != self._due(playback):
                continue  # closed meanwhile, or due at another time by now
            self.now = time
            self._some_ended = False
            await self._tell(engine, index, playback)
            self._reschedule(engine, index)

    def _due(self, playback: _Playback) -> int:
        return max(self.now, playback.begun + playback.wanted)

    async def _tell(self, engine: Engine, index: int, playback: _Playback) -> None:
        """Tell what a trace has written up to where it matters, and its end if that is reached."""
        signals: list[Signal] = [
            Arrived(trace=index, chunk=chunk)
            for chunk in _chunks(playback.trace, playback.told, playback.wanted)
        ]
        playback.told = playback.wanted
        if playback.told == len(playback.trace.pieces):
            recorded = playback.trace
            finish = cast("Finish", recorded.finish)  # only complete traces are drawn
            signals.append(Ended(trace=index, finish=finish, answer=recorded.answer))
        for signal in signals:
            if index not in self._playing:
                return  # closed at this very token
            if isinstance(signal, Ended):
                del self._playing[index]
                self._some_ended = True
            await self._act(engine, engine.handle(signal))

    async def _act(self, engine: Engine, actions: Iterable[Action]) -> None:
        waiting = self._carry_out(engine, actions)
        while waiting and engine.ended_because is None:
            asked = waiting
            waiting: list[Pair] = []
            for judged in await self.judging.ask(asked, inline=True):
                waiting += self._carry_out(engine, engine.handle(judged))
        probes, self._probes = self._probes, []
        for probe in probes:
            await self._act(engine, engine.handle(self._probed(probe)))

    def _probed(self, probe: Probe) -> Probed:
        """Answer a probe from the recording; a probe of the recording's reads the whole trace.

        A trace that ends at this very token is not asked: what it has to say, it has said.
        """
        trace = self._traces[probe.trace]
        if probe.tokens == trace.tokens:
            return Probed(trace=probe.trace, tokens=probe.tokens)
        if probe.tokens not in trace.probes:
            recorded = ", ".join(map(str, trace.probes)) or "none"
            raise RecordingError(
                f"no probe at {probe.tokens} tokens for trace {trace.trace} of problem "
                f"{trace.problem!r}; recorded: {recorded}"
            )
        usage = Usage(prompt=probe.tokens, generated=PROBE_TOKENS, estimated=True)
        answer = trace.probes[probe.tokens]
        return Probed(trace=probe.trace, tokens=probe.tokens, answer=answer, usage=usage)

    def _carry_out(self, engine: Engine, actions: Iterable[Action]) -> list[Pair]:
        """Start, close and end as told; return the pairs to judge."""
        waiting: list[Pair] = []
        for action in actions:
            match action:
                case Start():
                    told = self._paused.pop(action.trace, 0)
                    playback = _Playback(self._traces[action.trace], self.now - told, told)
                    self._playing[action.trace] = playback
                    self._schedule(engine, action.trace, playback)
                case Ask():
                    waiting += action.pairs
                case Probe():
                    self._probes.append(action)
                case Close():
                    self._paused[action.trace] = self._playing.pop(action.trace).told
                    self._some_ended = True
                case End():
                    self._playing.clear()
                case _:
                    pass
        return waiting

    def _reschedule(self, engine: Engine, told: int) -> None:
        """Ask when traces next matter: all of them where one ended, else the one that was told.

        A policy may take interest in other traces when one is over, and at no other moment.
        """
        for index in list(self._playing) if self._some_ended else (told,):
            playback = self._playing.get(index)
            if playback is not None:
                self._schedule(engine, index, playback)

    def _schedule(self, engine: Engine, index: int, playback: _Playback) -> None:
        end = len(playback.trace.pieces)
        interest = engine.next_interest(index)
        wanted = end if interest is None else min(interest, end)
        if wanted != playback.wanted:
            playback.wanted = wanted
            heapq.heappush(self._agenda, (self._due(playback), index))

    def held_back(self, index: int) -> Sequence[Chunk]:
        """Give what a trace has written by now and the engine was not told."""
        playback = self._playing[index]
        begin = playback.told
        playback.told = max(begin, min(self.now - playback.begun, len(playback.trace.pieces)))
        return _chunks(playback.trace, begin, playback.told)


def _chunks(trace: RecordedTrace, begin: int, end: int) -> list[Chunk]:
    """Cut the pieces `begin` to `end` where the reasoning part ends."""
    seam = min(max(begin, trace.reasoning), end)
    return [
        Chunk(
            pieces=tuple(trace.pieces[first:last]),
            reasoning=last <= trace.reasoning,
            confidences=None if trace.confidence is None else tuple(trace.confidence[first:last]),
            logprobs=None if trace.logprob is None else tuple(trace.logprob[first:last]),
        )
        for first, last in ((begin, seam), (seam, end))
        if first < last
    ]
