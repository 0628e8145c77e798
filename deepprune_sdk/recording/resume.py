"""Taking up finished traces from a recording instead of paying for them twice."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from deepprune_sdk.data.types import Chunk, Sampling, Usage
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import RunSetup
from deepprune_sdk.recording.format import RecordedTrace
from deepprune_sdk.recording.live_recorder import differences, recorded_sampling
from deepprune_sdk.recording.reader import TraceReader
from deepprune_sdk.results.ending import Finish

__all__ = ["finished_traces", "recorded_chunks"]


def finished_traces(
    path: str | PathLike[str],
    setup: RunSetup,
    *,
    model: str,
    problem: str,
    sampling: Sampling,
    instruction: str = "",
) -> dict[int, RecordedTrace]:
    """Return the finished traces of a problem, by the place that each takes in a new run.

    A trace whose seed the run would send again takes the place of that seed; the others take what
    is free, so that no new trace repeats a recorded one.

    Args:
        path: The recording; a file that is not there yet holds none.
        setup: The run's.
        model: Name of the model.
        problem: Identifier of the problem.
        sampling: The run's, which theirs must equal.
        instruction: What the run's prompt has after the question, as theirs must have, where that
            is recorded.

    Raises:
        ConfigurationError: They were sampled otherwise, so that the two do not mix.
        RecordingError: The file is not a recording.
    """
    if not Path(path).exists():
        return {}
    traces = [
        trace
        for trace in TraceReader(path)
        if trace.complete and (trace.model, trace.problem) == (model, problem)
    ]
    places = {setup.seed_of(place): place for place in range(setup.n)}
    now = recorded_sampling(sampling)
    chosen: dict[int, RecordedTrace] = {}
    others: list[RecordedTrace] = []
    for trace in traces:
        then = {name: value for name, value in trace.sampling.items() if name != "seed"}
        was: dict[str, JsonValue] = {**then, "instruction": trace.instruction or None}
        wanted: dict[str, JsonValue] = {**now, "instruction": instruction or None}
        # Candidates do not change what is sampled, and only a `RecordingSession` says its system
        # prompt and always says its instruction.
        but = ["top_logprobs", "system"]
        if trace.instruction is None:
            but.append("instruction")
        for name, before, after in differences(was, wanted, but=but):
            raise ConfigurationError(
                f"{path}: {name} of problem {problem!r} was {before!r:.80} and is now "
                f"{after!r:.80}; resume with the same settings, or without resume="
            )
        seed = trace.sampling.get("seed")
        place = places.get(seed, -1) if isinstance(seed, int) else -1
        if place in chosen or place < 0:
            others.append(trace)
        else:
            chosen[place] = trace
    free = (place for place in range(setup.n) if place not in chosen)
    return chosen | dict(zip(free, others, strict=False))


def recorded_chunks(trace: RecordedTrace, prefix: str) -> Iterator[Chunk]:
    """Return what a stream of the trace would bring after `prefix`, with which its text begins."""
    begin = len(prefix)
    first = 0
    while begin > 0:
        begin -= len(trace.pieces[first])
        first += 1
    finish = cast("Finish", trace.finish)  # only complete traces are taken up
    middle = max(first, trace.reasoning)
    for start, end in ((first, middle), (middle, trace.tokens)):
        if start < end:
            yield Chunk(
                pieces=trace.pieces[start:end],
                reasoning=end <= trace.reasoning,
                confidences=None if trace.confidence is None else trace.confidence[start:end],
                logprobs=None if trace.logprob is None else trace.logprob[start:end],
            )
    yield Chunk(finish=finish, usage=Usage(generated=trace.tokens - first))
