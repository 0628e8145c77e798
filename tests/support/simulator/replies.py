"""What a provider sends: recorded traces as server-sent events, in each server's dialect."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from deepprune_sdk.recording import RecordedTrace, TraceReader, group_by_problem
from support.places import RECORDING

THOUGHT = ("Let", " me", " count", " \u2192", " na\u00efve", "ly", " \U0001f642", ".", "\n")
"""What every trace thinks before it writes its recorded text."""
PROMPT_TOKENS = 17
"""Tokens of every prompt, as the simulator counts them."""
CALL: tuple[tuple[Mapping[str, str] | None, str], ...] = (
    ({"name": "look_up", "arguments": ""}, '<tool_call>\n{"name": "look_up", "arguments": '),
    ({"arguments": '{"word"'}, '{"word"'),
    ({"arguments": ': "day"}'}, ': "day"}}\n</tool_call>'),
    (None, ""),  # the closing mark is generated and held back
)
"""The tokens of a tool call: what is sent of each, and the text that a trace has of it."""

Deed = Literal["hang", "reset", "cut", "half-close"]
"""hang: silence until the client leaves; reset: RST; cut: the end of the connection without the end
of the body; half-close: the same, but the server goes on listening."""


@dataclass(frozen=True, slots=True)
class Say:
    """Bytes to send, and the tokens that a real server generated to send them.

    Tokens without bytes are generated, and billed, and their text is not sent.
    """

    data: bytes
    tokens: int = 0


Step = Say | float | Deed
"""A float is a pause, in seconds."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    steps: Sequence[Step] = ()
    status: int = 200
    content_type: str | None = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    deaf: bool = False
    """Whether generation, and billing, go on when the client has left."""


def refusal(status: int, body: object, **headers: str) -> Reply:
    """An error answer; a string is an HTML page."""
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(steps=[Say(text.encode())], status=status, content_type=kind, headers=named)


def error(message: str, **fields: object) -> dict[str, object]:
    return {"error": {"message": message, **fields}}


Reasoning = Literal["none", "reasoning", "reasoning_content", "both", "tags", "headless", "hidden"]
Usage = Literal["running", "final", "none", "timings"]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one server writes a chat completion stream.

    Attributes:
        reasoning: Where the thought goes; headless leaves the opening tag out, hidden bills the
            thought and does not send it.
        usage: When tokens are reported. "running" and "final" obey `stream_options`.
        batch: Tokens in one event.
        finish: What `finish_reason` says at the end, one event each; "" and None as they are.
        last_with_text: Whether the finish reason comes in the event of the last text.
        counts: What usage says of the tokens generated so far; a liar changes it.
        logprobs: Most log-probabilities a position, or 0 for silence.
        pause: Seconds between two events.
        cached: Tokens of the prompt that come from the server's cache.
        done: Whether `[DONE]` comes at the end.
        calls: Whether a tool call follows the text of a trace that the model ends itself.
    """

    reasoning: Reasoning = "reasoning"
    usage: Usage = "running"
    batch: int = 1
    finish: tuple[str | None, ...] = ("stop",)
    last_with_text: bool = False
    counts: Callable[[int], int] = lambda tokens: tokens
    logprobs: int = 20
    pause: float = 0.0
    cached: int | None = None
    done: bool = True
    calls: bool = False


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def chunk(delta: Mapping[str, object] | None = None, **fields: object) -> dict[str, Any]:
    """A chat completion chunk; `finish_reason` and `logprobs` go into its choice."""
    choice: dict[str, object] = {"index": 0, "delta": delta or {}, "finish_reason": None}
    for name in ("finish_reason", "logprobs", "index"):
        if name in fields:
            choice[name] = fields.pop(name)
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice], **fields}


@cache
def recorded(problem: str = "week") -> tuple[RecordedTrace, ...]:
    """The recorded traces of one problem, by number."""
    groups = group_by_problem(TraceReader(RECORDING))
    traces = next(traces for (_, name), traces in groups.items() if name == problem)
    return tuple(sorted(traces, key=lambda trace: trace.trace))


def thought(dialect: Dialect) -> tuple[str, ...]:
    """The tokens of a trace's thought, tags included where they are tokens of the content."""
    opening = {"tags": ("<think>",)}.get(dialect.reasoning, ())
    closing = ("</think>",) if dialect.reasoning in ("tags", "headless") else ()
    return () if dialect.reasoning == "none" else (*opening, *THOUGHT, *closing)


def answered(trace: RecordedTrace, dialect: Dialect) -> tuple[str, ...]:
    """The text of a trace's answer, one piece per token."""
    calls = dialect.calls and trace.finish != "length"
    return (*trace.pieces, *(text for _, text in CALL if calls))


def tokens_of(trace: RecordedTrace, dialect: Dialect) -> int:
    """Tokens that the whole trace costs."""
    return len(thought(dialect)) + len(answered(trace, dialect))


def stream(trace: RecordedTrace, dialect: Dialect, body: Mapping[str, Any]) -> list[Step]:
    """The steps of a whole, faultless reply to a request body."""
    return list(_stream(trace, dialect, body))


def _stream(trace: RecordedTrace, dialect: Dialect, body: Mapping[str, Any]) -> Iterator[Step]:
    thinking, generated = thought(dialect), 0
    yield Say(event(chunk({"role": "assistant", "content": ""})))
    pieces = [(piece, True) for piece in thinking] + [(piece, False) for piece in trace.pieces]
    groups = list(_batches(pieces, dialect.batch))
    for position, (text, thinks, count) in enumerate(groups):
        generated += count
        if thinks and dialect.reasoning == "hidden":
            yield Say(b"", count)
            continue
        fields = dict(_report(generated, dialect, body, ended=False))
        ends = dialect.last_with_text and position == len(groups) - 1
        wanted = min(int(body.get("top_logprobs") or 0), dialect.logprobs)
        if wanted and count == 1:
            fields["logprobs"] = {"content": [_scores(text, wanted)]}
        reason = dialect.finish[0] if ends else None
        delta = _delta(text, thinks, dialect)
        yield Say(event(chunk(delta, finish_reason=reason, **fields)), count)
        if dialect.pause:
            yield dialect.pause
    for function, _ in CALL[: len(answered(trace, dialect)) - len(trace.pieces)]:
        generated += 1
        entry = {"index": 0, "id": "call-1", "type": "function", "function": function}
        delta = {"content": None, "tool_calls": [entry]} if function else {}
        yield Say(event(chunk(delta, **_report(generated, dialect, body, ended=False))), 1)
        if dialect.pause:
            yield dialect.pause
    finish = trace.finish if trace.finish == "length" else None
    for reason in dialect.finish[1 if dialect.last_with_text else 0 :]:
        yield Say(event(chunk(finish_reason=finish or reason)))
    final = _report(generated, dialect, body, ended=True)
    if final:
        yield Say(event({"id": "c", "object": "chat.completion.chunk", "choices": [], **final}))
    if dialect.done:
        yield Say(b"data: [DONE]\n\n")


def _batches(pieces: Sequence[tuple[str, bool]], size: int) -> Iterator[tuple[str, bool, int]]:
    for thinks in (True, False):
        mine = [piece for piece, flag in pieces if flag == thinks]
        for begin in range(0, len(mine), size):
            batch = mine[begin : begin + size]
            yield "".join(batch), thinks, len(batch)


def _delta(text: str, thinks: bool, dialect: Dialect) -> dict[str, str]:
    match dialect.reasoning:
        case "reasoning" | "reasoning_content" if thinks:
            return {dialect.reasoning: text}
        case "both" if thinks:
            return {"reasoning": text, "reasoning_content": text}
        case _:
            return {"content": text}


def _report(
    generated: int, dialect: Dialect, body: Mapping[str, Any], *, ended: bool
) -> dict[str, Any]:
    options: dict[str, bool] | None = body.get("stream_options")
    counted = dialect.counts(generated)
    if dialect.usage == "timings" and not ended:
        return {"timings": {"prompt_n": PROMPT_TOKENS, "cache_n": 0, "predicted_n": counted}}
    granted = ("running", "final") if ended else ("running",)
    option = "include_usage" if ended else "continuous_usage_stats"
    if dialect.usage not in granted or not options or not options.get(option):
        return {}
    usage: dict[str, Any] = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": counted}
    if dialect.cached is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": dialect.cached}
    if dialect.reasoning == "hidden":
        usage["completion_tokens_details"] = {"reasoning_tokens": len(THOUGHT)}
    return {"usage": usage}


def _scores(token: str, wanted: int) -> dict[str, Any]:
    top = [{"token": f"t{rank}", "logprob": -1.0 - rank} for rank in range(wanted)]
    return {"token": token, "logprob": -0.5, "bytes": list(token.encode()), "top_logprobs": top}


# --- what happens to the bytes on their way -------------------------------------------------------


def split(steps: Iterable[Step], size: int = 1, pause: float = 0.0) -> Iterator[Step]:
    """Send `size` bytes at a time, each in a transfer chunk of its own: that is how they arrive."""
    for step in steps:
        if not isinstance(step, Say):
            yield step
            continue
        parts = [step.data[at : at + size] for at in range(0, len(step.data), size)] or [b""]
        for part in parts[:-1]:
            yield Say(part)
            if pause:
                yield pause
        yield Say(parts[-1], step.tokens)


def rewritten(steps: Iterable[Step], change: Callable[[bytes], bytes]) -> Iterator[Step]:
    """Change the bytes of every event."""
    for step in steps:
        yield Say(change(step.data), step.tokens) if isinstance(step, Say) else step


def gzipped(steps: Iterable[Step]) -> Iterator[Step]:
    """Compress the stream, flushed after every event."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    for step in steps:
        if isinstance(step, Say):
            data = packer.compress(step.data) + packer.flush(zlib.Z_SYNC_FLUSH)
            yield Say(data, step.tokens)
        else:
            yield step
    yield Say(packer.flush())


def after(steps: Iterable[Step], count: int, *instead: Step) -> list[Step]:
    """Keep the first `count` things that are said; what follows is `instead`."""
    kept: list[Step] = []
    said = 0
    for step in steps:
        if isinstance(step, Say):
            if said == count:
                break
            said += 1
        kept.append(step)
    return [*kept, *instead]


def after_bytes(steps: Iterable[Step], count: int, *instead: Step) -> list[Step]:
    """Keep the first `count` bytes, wherever they end; what follows is `instead`."""
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, Say):
            part = step.data[:count]
            count -= len(part)
            if len(part) < len(step.data):
                kept += [Say(part), Say(b"", step.tokens)]
                break
            kept.append(step)
        else:
            kept.append(step)
    return [*kept, *instead]
