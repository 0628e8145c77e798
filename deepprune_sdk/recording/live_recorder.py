"""A live run that records itself."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Final

from pydantic import JsonValue

from deepprune_sdk.data.signals import Action, Arrived, Ended, Failed, Signal, Start
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.types import Sampling
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.recording.format import RecordedFinish, RecordedTrace
from deepprune_sdk.recording.journal import Journal
from deepprune_sdk.recording.naming import RecordAs, problem_name
from deepprune_sdk.recording.writer import TraceWriter
from deepprune_sdk.results.ending import Outcome

__all__ = ["TraceRecorder", "differences", "recorded_sampling"]

_FINISH: Final[dict[Outcome, RecordedFinish]] = {
    "finished": "stop",
    "answered": "stopped",
    "pruned": "pruned",
    "stopped": "stopped",
    "failed": "failed",
}
_SECRET: Final = re.compile(r"api_?key|authori[sz]|passw|secret|credential|token$", re.IGNORECASE)
_INFINITE: Final = 9999.0
"""What stands for infinity, which JSON cannot hold; vLLM writes the same."""


def recorded_sampling(sampling: Sampling) -> dict[str, JsonValue]:
    """Return the settings that a recording keeps: those that are set, less the seed."""
    exclude = {"seed", "send_seed"} | (
        {"top_logprobs"} if not sampling.top_logprobs else set[str]()
    )
    settings = sampling.model_dump(mode="json", exclude=exclude, exclude_none=True)
    return {
        name: _without_secrets(value) for name, value in settings.items() if value not in ([], {})
    }


def _without_secrets(value: JsonValue) -> JsonValue:
    """Return a value with "..." for texts whose name says that they are nobody else's business."""
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "..." if isinstance(one, str) and _SECRET.search(name) else _without_secrets(one)
        for name, one in value.items()
    }


def differences(
    before: Mapping[str, JsonValue], now: Mapping[str, JsonValue], *, but: Collection[str] = ()
) -> Iterator[tuple[str, JsonValue, JsonValue]]:
    """Yield each setting that is not what it was, with both its values; None where it is not set.

    Traces that were sampled in two ways do not mix in one vote.
    """
    for name in sorted((before.keys() | now.keys()) - set(but)):
        if before.get(name) != now.get(name):
            yield name, before.get(name), now.get(name)


class TraceRecorder:
    """Writes the traces of one run.

    Once it is open it raises nothing: what cannot be written is said by `fault`, tried again at the
    end, and kept in the journal for whoever opens the recording next.

    A trace that ends by itself, or fails, is written at once. One that a policy closed may still
    be continued, so it is written when the run is over, or left. Until then `flush` keeps the text
    of every trace in a journal, which outlives the process.
    """

    def __init__(
        self,
        writer: TraceWriter,
        engine: Engine,
        *,
        model: str,
        sampling: Sampling,
        record_as: RecordAs | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `open` is called before the run's first signal.

        Args:
            writer: Where to; entered for as long as the run goes on.
            engine: The run's.
            model: Name of the model.
            sampling: The run's.
            record_as: Names, numbers and what to leave out.
            clock: Seconds, for the arrival times.
        """
        self._writer = writer
        self._engine = engine
        self._model = model
        self._sampling = sampling
        self._as = record_as or RecordAs()
        self._clock = clock
        question = engine.setup.question if self._as.question is None else self._as.question
        self._question = question
        self._problem = problem_name(question) if self._as.problem is None else self._as.problem
        powers = engine.setup.extractor
        self._unnamed = powers.spec is None
        # What is read by default need not be said: that of a reader is the same. An extractor
        # without a name is code: its answers are recorded, and how they are to be compared.
        self._answers = powers.spec or ("text" if powers.response_format is None else "json")
        if self._answers == "auto":
            self._answers = None
        self._first = 0
        self._began: dict[int, float] = {}
        self._arrivals: dict[int, list[float]] = {}
        self._written: set[int] = set(engine.setup.resumed)
        self._kept: dict[int, int] = {}
        self._file = ExitStack()
        self._is_open = False
        common = {
            "problem": self._problem,
            "question": question,
            "gold": self._as.gold,
            "model": model,
            "answers": self._answers,
            "instruction": self._as.instruction,
        }
        self._journal = None if self._as.complete_only else Journal(writer.path, common)
        self._fault = ""
        self._unwritten: set[int] = set()

    @property
    def required(self) -> bool:
        """Whether the run is there to be recorded."""
        return self._as.required

    @property
    def fault(self) -> str:
        """Why traces are not in the recording, in one line; "" where all are that should be."""
        return self._fault

    def open(self) -> None:
        """Open the file.

        Raises:
            ConfigurationError: It cannot be written.
            RecordingError: It is no recording.
        """
        self._file.enter_context(self._writer)
        self._is_open = True
        if not self._engine.setup.numbers:
            self._first = self._writer.reserve(self._model, self._problem, self._engine.setup.n)

    def report(self, signal: Signal | None, actions: Sequence[Action]) -> None:
        """Take a signal that the engine has handled, and its actions."""
        match signal:
            case Arrived():
                since = round(self._clock() - self._began[signal.trace], 3)
                self._arrivals[signal.trace] += [since] * len(signal.chunk.pieces)
            case Ended() | Failed():
                trace = self._engine.roster.growing(signal.trace)
                if trace.outcome in {"finished", "failed"}:
                    self._write(trace)
            case _:
                pass
        for action in actions:
            if isinstance(action, Start):
                self._began.setdefault(action.trace, self._clock())
                self._arrivals.setdefault(action.trace, [])

    def close(self) -> None:
        """Write what was closed or has not ended, and close the file. Does nothing twice."""
        if not self._is_open:
            return
        self._is_open = False
        self._fault = ""  # what could not be written may be now
        for trace in self._engine.roster.run_traces():
            self._write(trace)
        if self._unwritten:
            self.flush()
        try:
            self._file.close()
        except Exception as error:
            self._fault = self._fault or _said(error)
        if self._journal is not None:
            self._journal.close(remove=not self._fault)

    def flush(self) -> None:
        """Keep what is new of the traces that are not written yet."""
        if self._journal is None:
            return
        for trace in self._engine.roster.run_traces():
            begin, end = self._kept.get(trace.index, 0), trace.tokens
            if end == begin or trace.index in self._written:
                continue
            self._kept[trace.index] = end
            fields = {
                "pieces": trace.pieces[begin:end],
                "t": self._arrivals[trace.index][begin:end],
                "confidence": _all_finite(trace.confidences[begin:end]),
                "logprob": _all_finite(trace.logprobs[begin:end]),
                "reasoning": trace.reasoning_pieces,
                "sampling": self._settings(trace.index),
            }
            try:
                self._journal.append(self._number(trace.index), fields)
            except Exception:  # it insures against a crash: without it, the recording is the same
                self._journal.close(remove=False)
                self._journal = None
                return

    def _write(self, trace: Trace) -> None:
        finish = trace.finish if trace.finish and trace.outcome != "failed" else None
        finish = finish or _FINISH[trace.outcome or "stopped"]
        whole = finish in {"stop", "length", "cut"}
        left_out = self._as.complete_only and not whole
        if trace.index in self._written or left_out or not (trace.pieces or finish == "stop"):
            return
        try:
            self._writer.write(self._recorded(trace, finish, whole=whole))
        except Exception as error:  # a full disk, or a trace that no recording can hold
            self._unwritten.add(trace.index)
            self._fault = self._fault or _said(error)
        else:
            self._unwritten.discard(trace.index)
            self._written.add(trace.index)

    def _recorded(self, trace: Trace, finish: RecordedFinish, *, whole: bool) -> RecordedTrace:
        # A model that ends its text at once wrote one token, without text.
        pieces = tuple(trace.pieces) or ("",)
        return RecordedTrace(
            problem=self._problem,
            question=self._question,
            gold=self._as.gold,
            model=self._model,
            trace=self._number(trace.index),
            pieces=pieces,
            confidence=_a_piece_each(trace.confidences, pieces),
            logprob=_a_piece_each(trace.logprobs, pieces),
            finish=finish,
            sampling=self._settings(trace.index),
            t=_a_piece_each(self._arrivals[trace.index], pieces),
            reasoning=trace.reasoning_pieces,
            answers=self._answers,
            # Only whoever has the code could read it again.
            answer=(trace.answer or "") if self._unnamed and whole else None,
            instruction=self._as.instruction,
        )

    def _number(self, index: int) -> int:
        return self._first + self._engine.setup.number_of(index)

    def _settings(self, index: int) -> dict[str, JsonValue]:
        settings = recorded_sampling(self._sampling)
        if self._sampling.send_seed:
            settings["seed"] = self._engine.setup.seed_of(index)
        if self._as.system is not None:
            settings["system"] = self._as.system
        return settings


def _a_piece_each(values: Sequence[float], pieces: Sequence[str]) -> tuple[float, ...] | None:
    """Return the values for writing, or None where some pieces have none."""
    if len(values) != len(pieces) or any(map(math.isnan, values)):
        return None
    return _finite(values)


def _all_finite(values: Sequence[float]) -> tuple[float, ...]:
    """Return the values for writing, or none where one is not a number."""
    return _a_piece_each(values, [""] * len(values)) or ()


def _finite(values: Sequence[float]) -> tuple[float, ...]:
    # Plus 0.0, so that no value is a negative zero.
    return tuple(round(max(-_INFINITE, min(value, _INFINITE)), 4) + 0.0 for value in values)


def _said(error: Exception) -> str:
    with suppress(Exception):  # an extractor's own class of answer may fail here too
        return str(error) or type(error).__name__
    return type(error).__name__
