"""Recorded traces, `deepprune-trace/1`: one trace a line, as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    ModelWrapValidatorHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails, from_json

from deepprune_sdk.errors import RecordingError
from deepprune_sdk.protocols import AnswerExtractor

__all__ = [
    "SCHEMA",
    "RecordedFinish",
    "RecordedTrace",
    "group_by_problem",
    "to_json",
    "to_line",
    "to_trace",
]

logger: logging.Logger = logging.getLogger(__name__)

SCHEMA: Final = "deepprune-trace/1"
"""What every record of a recording says it is."""

RecordedFinish = Literal["stop", "length", "cut", "pruned", "stopped", "failed"]
"""What ended a recorded trace.

stop: the model; length: its token limit; cut: the server, for a reason of its own; pruned: closed
as redundant or not worth its tokens; stopped: closed because its answer was there or the run ended;
failed: the provider broke off.
"""

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0)]
Floats = tuple[Number, ...]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(defer_build=True))
class RecordedTrace:
    """One trace as it was generated.

    Raises:
        RecordingError: A field is missing or malformed, on making one; the message names it.
    """

    schema: Literal["deepprune-trace/1"] = SCHEMA
    problem: str
    """Identifier of the problem."""
    question: str
    """The problem's text, without the instruction."""
    gold: str | None = None
    """The reference answer."""
    model: str
    """The model that wrote the trace."""
    trace: Count
    """Number within the problem, from 0."""
    pieces: tuple[str, ...] = Field(min_length=1, repr=False)
    """The text token by token, without the end-of-turn token."""
    confidence: Floats | None = Field(default=None, repr=False)
    """A token each: minus the mean log-probability of the top candidates."""
    logprob: Floats | None = Field(default=None, repr=False)
    """A token each: log-probability of the token itself."""
    finish: RecordedFinish
    """What ended the trace."""
    sampling: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """Temperature, token limit, seed of this trace and the like."""
    probes: dict[int, str] = Field(default_factory=dict[int, str])
    """Number of tokens seen -> the answer that the model gave when it was cut there and asked."""
    t: Floats | None = Field(default=None, repr=False)
    """A token each: seconds from the request to its arrival."""
    reasoning: Count = 0
    """How many of the first pieces are reasoning that the model sets apart from its answer."""
    answer: str | None = None
    """The final answer, where the recording has it; "" where it says that there was none, which is
    null in a file. None, a field that is left out, leaves it to an extractor (`final_answer`)."""
    answers: str | None = None
    """How answers are read, as `answers=` names it, where that was chosen."""
    instruction: str | None = None
    """What the prompt had after the question, or None where that is not known."""

    @model_validator(mode="wrap")
    @classmethod
    def _one_clear_error(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            trace = handler(data)
        except ValidationError as error:
            raise RecordingError(_fault(error.errors(include_url=False)[0])) from error
        trace._check_lengths()
        return trace

    def _check_lengths(self) -> None:
        tokens = len(self.pieces)
        for name, values in (
            ("confidence", self.confidence),
            ("logprob", self.logprob),
            ("t", self.t),
        ):
            if values is not None and len(values) != tokens:
                raise RecordingError(
                    f"{name}: {len(values)} values for {tokens} pieces; give one per piece, or null"
                )
        if self.reasoning > tokens:
            raise RecordingError(
                f"reasoning: {self.reasoning}, but there are {tokens} pieces; give how many of "
                "them are reasoning"
            )

    @property
    def text(self) -> str:
        """Reasoning and answer part, joined."""
        return "".join(self.pieces)

    @property
    def answer_text(self) -> str:
        """Only the answer part, as `Trace.answer_text` has it."""
        said = "".join(self.pieces[self.reasoning :])
        return self.text if self.finish == "stop" and not said.strip() else said

    @property
    def tokens(self) -> int:
        """Number of tokens."""
        return len(self.pieces)

    @property
    def complete(self) -> bool:
        """Whether the trace came to its own end or its limit, and no policy or fault cut it."""
        return self.finish in {"stop", "length", "cut"}

    def final_answer(self, answers: AnswerExtractor) -> str | None:
        """Return the recorded answer, or what `answers` reads where there is none recorded.

        The one final answer of a trace for everything that evaluates recordings. As in a live run,
        an extractor that raises has read none.
        """
        if self.answer is not None:
            return self.answer.strip() or None
        try:
            return answers.extract(self.answer_text, complete=self.finish == "stop") or None
        except Exception as error:  # the extractor is the user's code
            logger.debug("no answer of trace %d: %s", self.trace, type(error).__name__)
            return None


_trace: TypeAdapter[RecordedTrace] = TypeAdapter(RecordedTrace)

_MENDS: Final = {
    "problem": "give an identifier of the problem",
    "pieces": "give the text as a list of tokens; a layout with whole texts is read with a mapping",
    "confidence": "give a number a piece, or null",
    "logprob": "give a number a piece, or null",
    "t": "give seconds a piece, or null",
    "gold": "give the reference answer as a string, or null",
}


def _fault(fault: ErrorDetails) -> str:
    """Put a fault into one line: the field, what is wrong, the mend."""
    path = [part for part in fault["loc"] if part != "[key]"]
    field = str(path[0]) if path else ""
    where = field + "".join(f"[{part}]" for part in path[1:])
    if fault["type"] == "missing":
        what = "missing"
    elif fault["type"] == "too_short":
        what = "empty"
    else:
        shown = repr(fault["input"])
        what = f"{shown[:60]}{'...' if len(shown) > 60 else ''}: {fault['msg']}"
    mend = _MENDS.get(field)
    return f"{where}: {what}" + (f"; {mend}" if mend else "")


def to_trace(record: object) -> RecordedTrace:
    """Read a record of the format.

    Args:
        record: JSON values, as `from_json` gives them.

    Raises:
        RecordingError: It is not one; the message names the field and the mend.
    """
    if not isinstance(record, dict):
        raise RecordingError("not a JSON object; give one trace a line")
    fields = cast("dict[str, object]", record)
    schema = fields.get("schema")
    if schema != SCHEMA:
        known = "missing" if schema is None else f"{schema!r} is unknown"
        raise RecordingError(f"schema: {known}; this reads {SCHEMA!r}, and others with a mapping")
    if fields.get("answer", "") is None:
        fields = {**fields, "answer": ""}
    return _trace.validate_python(fields)


def to_json(line: bytes) -> object:
    """Read a line of JSON.

    Raises:
        RecordingError: It is none.
    """
    try:
        return from_json(line, allow_inf_nan=False)
    except ValueError as error:
        whole_file = "; a file that is one JSON array: jq -c '.[]' makes lines of it"
        hint = whole_file if line.lstrip()[:1] == b"[" else ""
        raise RecordingError(f"not JSON ({error}){hint}") from error


def to_line(trace: RecordedTrace) -> bytes:
    """Write a trace as a line of the format, its line end included.

    Optional fields are left out where they say nothing. Half of a surrogate pair, which UTF-8
    cannot hold, becomes U+FFFD.
    """
    record: dict[str, object] = {
        "schema": trace.schema,
        "problem": trace.problem,
        "question": trace.question,
        "gold": trace.gold,
        "model": trace.model,
        "trace": trace.trace,
        "pieces": trace.pieces,
        "confidence": trace.confidence,
        "logprob": trace.logprob,
        "finish": trace.finish,
        "sampling": trace.sampling,
        "probes": trace.probes,
    }
    optional = {
        "t": trace.t,
        "reasoning": trace.reasoning or None,
        "answer": trace.answer,
        "answers": trace.answers,
        "instruction": trace.instruction,
    }
    record |= {name: value for name, value in optional.items() if value is not None}
    if trace.answer == "":
        record["answer"] = None
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode() + b"\n"


def group_by_problem(
    traces: Iterable[RecordedTrace],
) -> dict[tuple[str, str], list[RecordedTrace]]:
    """Gather the traces of each (model, problem), in the order in which they come.

    All of them are in memory then: for a set that fits.
    """
    groups: dict[tuple[str, str], list[RecordedTrace]] = {}
    for trace in traces:
        groups.setdefault((trace.model, trace.problem), []).append(trace)
    return groups
