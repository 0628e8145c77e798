"""What can go wrong with a provider: every row of the table in `docs/faults.md`."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any, Literal

from deepprune_sdk.errors import (
    AllTracesFailedError,
    AuthenticationError,
    BadRequestError,
    DeepPruneError,
    ModelNotFoundError,
    RateLimitError,
)
from support.simulator.replies import (
    Dialect,
    Reply,
    Say,
    Step,
    after,
    after_bytes,
    chunk,
    error,
    event,
    gzipped,
    recorded,
    refusal,
    rewritten,
    split,
    stream,
)
from support.simulator.server import Call, Script

HIT = frozenset({1, 4, 7, 10})
"""The traces that a fault hits which does not hit all."""

PACE = 0.001
"""Seconds between two events, so that a trace is closed while it is being written."""

DEFAULT = Dialect(pause=PACE)
BEGUN = 12
"""Things said before a stream meets its fault: the role, the thought, and some of the text."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way of a provider to behave, and what the SDK has to make of it.

    Attributes:
        name: For the test's name.
        does: What the server does, for people.
        script: Makes the server's script; a new one a run, for it may remember.
        dialect: How the streams are written.
        hits: Whether the traces in `HIT` fail.
        error: Words of their error, or of the run's.
        raises: The run's error, where it has no result.
        usage: Whose the tokens are: the server's own; its own of finished traces alone, because it
            reports at the end; or counted here.
        slack: Share by which tokens that were counted here may differ from those billed.
        closes: Whether closing a trace stops the billing.
        sends: What the backend must not send any more once it was refused.
        server: Settings of how the server is reached.
        sampling: Settings of the run.
        response_format: What the traces are asked to keep to.
        connections: Most connections of the client; None allows more than there are traces.
    """

    name: str
    does: str
    script: Callable[[], Script] = lambda: faultless_reply
    dialect: Dialect = DEFAULT
    hits: bool = False
    error: str = ""
    raises: type[DeepPruneError] | None = None
    usage: Literal["server", "final", "counted"] = "server"
    slack: float = 0.05
    closes: bool = True
    sends: tuple[str, ...] = ()
    server: Mapping[str, Any] = field(default_factory=dict[str, Any])
    sampling: Mapping[str, Any] = field(default_factory=dict[str, Any])
    response_format: Mapping[str, object] | None = None
    connections: int | None = None


# --- scripts --------------------------------------------------------------------------------------

Change = Callable[[list[Step]], Iterable[Step]]


def faultless(call: Call, dialect: Dialect = DEFAULT) -> list[Step]:
    traces = recorded()
    return stream(traces[call.seed % len(traces)], dialect, call.body)


def faultless_reply(call: Call) -> Reply:
    return Reply(steps=faultless(call))


def every(dialect: Dialect = DEFAULT, change: Change = list[Step], **fields: Any) -> Script:
    """Every stream is changed."""
    return lambda call: Reply(steps=list(change(faultless(call, dialect))), **fields)


def some(change: Change, dialect: Dialect = DEFAULT) -> Callable[[], Script]:
    """The streams of the traces in `HIT` are changed, every time they are asked for."""

    def script(call: Call) -> Reply:
        steps = faultless(call, dialect)
        return Reply(steps=list(change(steps)) if call.seed in HIT else steps)

    return lambda: script


def ending(*steps: Step) -> Callable[[], Script]:
    """The streams in `HIT` have begun, and end so."""
    return some(lambda whole: after(whole, BEGUN, *steps))


def first(reply: Callable[[], Reply], times: int = 1) -> Callable[[], Script]:
    """The first request, or the first few, of each trace are answered otherwise."""
    return lambda: lambda call: reply() if call.again < times else Reply(steps=faultless(call))


def always(reply: Callable[[], Reply]) -> Callable[[], Script]:
    """No request is served."""
    return lambda: lambda call: reply()


def hit_always(reply: Callable[[], Reply]) -> Callable[[], Script]:
    """The requests for the traces in `HIT` are never served."""
    return lambda: lambda call: reply() if call.seed in HIT else Reply(steps=faultless(call))


def refusing(field: str, reply: Reply, inner: str = "") -> Callable[[], Script]:
    """A request that holds a field is refused."""

    def script(call: Call) -> Reply:
        value = call.body.get(field)
        if value is not None and (not inner or inner in value):
            return reply
        return Reply(steps=faultless(call))

    return lambda: script


def at_most(streams: int) -> Script:
    """More streams at once than this are refused with 429."""
    open_calls: list[Call] = []

    def script(call: Call) -> Reply:
        open_calls[:] = [other for other in open_calls if not other.over]
        if len(open_calls) >= streams:
            return refusal(429, error("too many requests at once"), retry_after="0.05")
        open_calls.append(call)
        return Reply(steps=faultless(call))

    return script


def too_many_logprobs(call: Call) -> Reply:
    if call.body.get("top_logprobs", 0) > 5:
        said = "top_logprobs must be less than or equal to 5"
        return refusal(400, error(said, param="top_logprobs", code="invalid_value"))
    return Reply(steps=faultless(call, replace(DEFAULT, logprobs=5)))


def commented(steps: Sequence[Step]) -> list[Step]:
    return [part for step in steps for part in (Say(b": keep-alive\n\n"), step)]


def unsupported(param: str, **fields: object) -> Reply:
    said = f"Unsupported parameter: '{param}' is not supported with this model."
    return refusal(400, error(said, param=param, code="unsupported_parameter", **fields))


def lying(tokens: int) -> Callable[[int], int]:
    """Usage that is the same whatever was generated."""

    def count(generated: int) -> int:
        del generated
        return tokens

    return count


def of(dialect: Dialect) -> dict[str, Any]:
    """A fault of the dialect alone, which every stream has."""
    return {"dialect": dialect, "script": lambda: every(dialect)}


def wire(change: Change) -> Callable[[], Script]:
    """Every stream is changed on its way."""
    return lambda: every(DEFAULT, change)


def altered(steps: Sequence[Step], change: Callable[[dict[str, Any]], object]) -> list[Step]:
    """Change the JSON of every event."""

    def one(data: bytes) -> bytes:
        said = data.removeprefix(b"data: ").strip()
        if said == b"[DONE]":
            return data
        value: dict[str, Any] = json.loads(said)
        change(value)
        return b"data: " + json.dumps(value).encode() + b"\n\n"

    return list(rewritten(steps, one))


def deltas(value: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return (choice["delta"] for choice in value["choices"])


def details(value: dict[str, Any]) -> None:
    for delta in deltas(value):
        if text := delta.pop("reasoning", None):
            delta["reasoning_details"] = [{"type": "reasoning.text", "text": text}]


def parts(value: dict[str, Any]) -> None:
    for delta in deltas(value):
        if text := delta.pop("reasoning", None):
            delta["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]
        elif isinstance(delta.get("content"), str):
            delta["content"] = [{"type": "text", "text": delta["content"]}]


def in_parts(steps: list[Step]) -> list[Step]:
    return altered(steps, parts)


def all_reasoning(value: dict[str, Any]) -> None:
    for delta in deltas(value):
        delta["reasoning_content"] = delta.pop("content", None)
        delta["content"] = None


def whole_messages() -> Callable[[dict[str, Any]], None]:
    """Every event says all that was said before."""
    said = ""

    def change(value: dict[str, Any]) -> None:
        nonlocal said
        for choice in value["choices"]:
            said += choice.pop("delta").get("content") or ""
            choice["message"] = {"role": "assistant", "content": said}

    return change


def surrogates(steps: Iterable[Step]) -> Iterable[Step]:
    """Cut every event whose text has a character beyond the first plane."""
    for step in steps:
        text = step.data.decode() if isinstance(step, Say) else ""
        high = next((character for character in text if character > "\uffff"), None)
        if not isinstance(step, Say) or high is None:
            yield step
            continue
        first_half, second_half = json.dumps(high)[1:7], json.dumps(high)[7:13]
        before, _, rest = text.partition(high)
        end = rest[rest.index('"') :]
        unreported = end[: end.index(', "usage"')] + "}\n\n" if ', "usage"' in end else end
        yield Say((before + first_half + unreported).encode())
        field = before[: before.rindex('"') + 1]
        yield Say((field + second_half + rest).encode(), step.tokens)


def odd_logprobs(value: dict[str, Any]) -> None:
    shapes: list[object] = [-0.5, [-0.5], "none", {"content": "none"}, {"content": [1]}, True]
    for position, choice in enumerate(value["choices"]):
        choice["logprobs"] = shapes[(len(str(value)) + position) % len(shapes)]


def usage_of(said: object) -> Callable[[dict[str, Any]], None]:
    """Whatever was generated, usage says this."""

    def change(value: dict[str, Any]) -> None:
        if "usage" in value:
            value["usage"] = dict.fromkeys(("prompt_tokens", "completion_tokens"), said)

    return change


def saying(usage: object) -> Callable[[], Script]:
    return wire(lambda steps: altered(steps, usage_of(usage)))


def unknown_seed() -> Script:
    said = error('Invalid JSON payload received. Unknown name "seed": Cannot find field.', code=400)

    def script(call: Call) -> Reply:
        if "seed" in call.body:
            return refusal(400, [said])
        return Reply(steps=faultless(call))

    return script


def as_json(body: object, content_type: str = "application/json") -> Reply:
    return Reply(steps=[Say(json.dumps(body).encode())], content_type=content_type)


def bombs(call: Call) -> Reply:
    """The streams in `HIT` are a little text, and then what becomes a thousand times as much."""
    if call.seed not in HIT:
        return Reply(steps=faultless(call))
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    begun = after(faultless(call), BEGUN)
    head = b"".join(step.data for step in begun if isinstance(step, Say))
    packed = [packer.compress(head) + packer.flush(zlib.Z_SYNC_FLUSH)]
    packed += [packer.compress(b":" * 1_000_000 + b"\n") for _ in range(300)]
    tokens = sum(step.tokens for step in begun if isinstance(step, Say))
    steps: list[Step] = [Say(packed[0], tokens), *(Say(part) for part in packed[1:])]
    return Reply(steps=[*steps, "hang"], headers={"content-encoding": "gzip"})


THOUGHTLESS = replace(DEFAULT, reasoning="none")
PINGS = b"event: ping\ndata: pong\n\ndata: null\n\ndata:\n\ndata: : PROCESSING\n\n: note\n\n"
NONSENSE: dict[str, Any] = {
    "negative": -5,
    "10^30": 10**30,
    "10^400": 10**400,
    "1e308": 1e308,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "text": "12",
    "truth": True,
    "list": [12],
}
SAID = {"negative", "1e308", "text", "truth", "list"}
GEMINI_WAIT: list[object] = [
    {
        "error": {
            "code": 429,
            "message": "You exceeded your current quota, please check your plan.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.3s"}
            ],
        }
    }
]
LONG = "x" * 3_000_000
PAGE = "<html><head><title>502</title></head><body>Bad gateway</body></html>"
EMPTY = event({"id": "c", "choices": []}) + event(chunk({})) + event(chunk({"content": None}))

FAULTS: tuple[Fault, ...] = (
    Fault(name="none", does="Nothing is wrong"),
    # --- where the text is
    Fault(
        name="reasoning-content",
        does="Reasoning in `delta.reasoning_content`",
        **of(replace(DEFAULT, reasoning="reasoning_content")),
    ),
    Fault(
        name="reasoning-both",
        does="Reasoning in both fields at once",
        **of(replace(DEFAULT, reasoning="both")),
    ),
    Fault(
        name="think-tags",
        does="Reasoning as `<think>...</think>` in the content",
        **of(replace(DEFAULT, reasoning="tags")),
    ),
    Fault(
        name="think-tags-headless",
        does="The same, the opening tag missing",
        **of(replace(DEFAULT, reasoning="headless")),
    ),
    Fault(
        name="think-tags-split",
        does="The same, every byte in a read of its own",
        dialect=replace(DEFAULT, reasoning="tags"),
        script=lambda: every(replace(DEFAULT, reasoning="tags"), split),
    ),
    Fault(
        name="reasoning-hidden",
        does="Reasoning is billed and not sent",
        **of(replace(DEFAULT, reasoning="hidden")),
    ),
    Fault(
        name="several-tokens",
        does="Seven tokens in one event",
        **of(replace(DEFAULT, batch=7)),
    ),
    Fault(
        name="empty-events",
        does="Events without choices, text or meaning",
        script=wire(lambda steps: [p for s in steps for p in (Say(EMPTY), s)]),
    ),
    Fault(
        name="foreign-events",
        does="Events of types that no one asked for",
        script=wire(lambda steps: [Say(event({"type": "ping"})), *steps]),
    ),
    Fault(
        name="pings",
        does="Pings with a name and plain text, `null`, empty data, notes in the data",
        script=wire(lambda steps: [part for step in steps for part in (Say(PINGS), step)]),
    ),
    Fault(
        name="parts",
        does="Reasoning and text as objects and typed parts",
        script=wire(in_parts),
    ),
    Fault(
        name="reasoning-details",
        does="Reasoning in `delta.reasoning_details` and nowhere else",
        script=wire(lambda steps: altered(steps, details)),
    ),
    Fault(
        name="message",
        does="A whole message in each streamed choice, `delta` nowhere",
        dialect=THOUGHTLESS,
        script=lambda: every(THOUGHTLESS, lambda steps: altered(steps, whole_messages())),
    ),
    Fault(
        name="all-reasoning",
        does="All text in the reasoning field, the answer too",
        dialect=THOUGHTLESS,
        script=lambda: every(THOUGHTLESS, lambda steps: altered(steps, all_reasoning)),
    ),
    Fault(
        name="surrogates",
        does="Emoji cut between two events, half a surrogate pair each",
        script=wire(surrogates),
    ),
    Fault(
        name="logprobs-shape",
        does="`logprobs` as a number, a list or a text, and nobody asked",
        script=wire(lambda steps: altered(steps, odd_logprobs)),
    ),
    Fault(
        name="second-choice",
        does="A second choice in the stream of one",
        script=wire(lambda s: [*s[:9], Say(event(chunk({"content": "no"}, index=1))), *s[9:]]),
    ),
    Fault(
        name="tool-calls",
        does="A tool call after the text, in `delta.tool_calls`",
        **of(replace(DEFAULT, calls=True, finish=("tool_calls",))),
    ),
    Fault(
        name="tool-calls-split",
        does="The same, every byte in a read of its own",
        dialect=replace(DEFAULT, calls=True),
        script=lambda: every(replace(DEFAULT, calls=True, finish=("tool_calls",)), split),
    ),
    # --- how it ends
    Fault(
        name="finish-with-text",
        does="The last text in the event of the finish reason",
        **of(replace(DEFAULT, last_with_text=True)),
    ),
    Fault(
        name="finish-empty",
        does='`finish_reason: ""` at the end',
        **of(replace(DEFAULT, finish=("",))),
    ),
    Fault(
        name="finish-missing",
        does="No finish reason, `[DONE]` alone",
        **of(replace(DEFAULT, finish=())),
    ),
    Fault(
        name="finish-twice",
        does="Two finish reasons",
        **of(replace(DEFAULT, finish=("stop", "stop"))),
    ),
    Fault(
        name="done-missing",
        does="No `[DONE]`",
        **of(replace(DEFAULT, done=False)),
    ),
    Fault(
        name="silence-after-end",
        does="The connection stays open after the end",
        script=wire(lambda steps: [*steps, "hang"]),
    ),
    Fault(
        name="cut-after-end",
        does="The connection breaks after the end",
        script=wire(lambda steps: [*steps, "cut"]),
    ),
    Fault(
        name="abort",
        does='`finish_reason: "abort"` and `[DONE]` under HTTP 200',
        script=ending(Say(event(chunk(finish_reason="abort"))), Say(b"data: [DONE]\n\n")),
        hits=True,
        error="finish_reason 'abort'",
    ),
    *(
        Fault(
            name=f"finish-{reason}",
            does=f'`finish_reason: "{reason}"` ends the trace',
            script=ending(Say(event(chunk(finish_reason=reason)))),
            hits=True,
            error=error,
        )
        for reason, error in (
            ("network_error", "finish_reason 'network_error'"),
            ("sensitive", "content filter"),
            ("SAFETY", "content filter"),
        )
    ),
    Fault(
        name="finish-STOP",
        does='`finish_reason: "STOP"`, `"end_turn"` or `"eos"`',
        **of(replace(DEFAULT, finish=("STOP",))),
    ),
    Fault(
        name="content-filter",
        does="A content filter ends the trace",
        script=ending(Say(event(chunk(finish_reason="content_filter")))),
        hits=True,
        error="content filter",
    ),
    # --- usage
    Fault(
        name="usage-final",
        does="Usage at the end alone",
        usage="final",
        **of(replace(DEFAULT, usage="final")),
    ),
    Fault(
        name="usage-none",
        does="No usage",
        usage="counted",
        **of(replace(DEFAULT, usage="none")),
    ),
    Fault(
        name="usage-timings",
        does="`timings` instead of usage (llama.cpp)",
        **of(replace(DEFAULT, usage="timings")),
    ),
    Fault(
        name="usage-shrinks",
        does="Usage that lies: it shrinks to 1",
        usage="counted",
        **of(replace(DEFAULT, counts=lying(1))),
    ),
    Fault(
        name="usage-zero",
        does="Usage that lies: always 0",
        usage="counted",
        **of(replace(DEFAULT, counts=lying(0))),
    ),
    *(
        Fault(
            name=f"usage-{name}",
            does=f"Usage that lies: {value if name in SAID else name}",
            script=saying(value),
            usage="counted",
        )
        for name, value in NONSENSE.items()
    ),
    Fault(
        name="stream-options-400",
        does="`stream_options` refused with 400",
        script=refusing("stream_options", refusal(400, error("stream_options: not supported"))),
        usage="counted",
        sends=("stream_options",),
    ),
    Fault(
        name="stream-options-422",
        does="`stream_options` refused with 422",
        script=refusing(
            "stream_options",
            refusal(422, {"detail": [{"loc": ["body", "stream_options"], "msg": "extra"}]}),
        ),
        usage="counted",
        sends=("stream_options",),
    ),
    Fault(
        name="running-usage-refused",
        does="`continuous_usage_stats` refused",
        script=refusing(
            "stream_options",
            refusal(400, error("Unknown parameter: 'continuous_usage_stats'")),
            "continuous_usage_stats",
        ),
        usage="final",
    ),
    # --- parameters
    Fault(
        name="max-completion-tokens",
        does="`max_tokens` refused, `max_completion_tokens` wanted",
        script=refusing(
            "max_tokens",
            refusal(
                400,
                error(
                    "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                    "'max_completion_tokens' instead.",
                    param="max_tokens",
                ),
            ),
        ),
        sends=("max_tokens",),
    ),
    Fault(
        name="temperature-refused",
        does="`temperature` refused",
        script=refusing("temperature", unsupported("temperature")),
        sends=("temperature",),
    ),
    Fault(
        name="gemini-refuses-seed",
        does="`seed` refused as Gemini does: `Unknown name`",
        script=unknown_seed,
        sends=("seed",),
    ),
    Fault(
        name="top-p-refused",
        does="`top_p` refused",
        script=refusing("top_p", unsupported("top_p")),
        sampling={"top_p": 0.95},
        sends=("top_p",),
    ),
    Fault(
        name="logprobs-refused",
        does="`logprobs` refused",
        script=refusing("logprobs", unsupported("logprobs")),
        sampling={"top_logprobs": 20},
        sends=("logprobs", "top_logprobs"),
    ),
    Fault(
        name="logprobs-five",
        does="At most 5 log-probabilities",
        script=lambda: too_many_logprobs,
        sampling={"top_logprobs": 20},
    ),
    Fault(
        name="logprobs-absent",
        does="Log-probabilities silently absent",
        sampling={"top_logprobs": 20},
        **of(replace(DEFAULT, logprobs=0)),
    ),
    Fault(
        name="response-format-refused",
        does="`response_format` refused",
        script=refusing(
            "response_format",
            refusal(400, error("This response_format type is unavailable now")),
        ),
        response_format={"type": "json_object"},
        sends=("response_format",),
    ),
    # --- bytes
    Fault(
        name="split-bytes",
        does="Every byte in a read of its own, characters cut in two",
        script=wire(split),
    ),
    Fault(
        name="trickle",
        does="64 bytes every 5 ms",
        script=wire(lambda steps: split(steps, 64, 0.005)),
    ),
    Fault(
        name="crlf",
        does="CRLF line ends",
        script=wire(lambda steps: rewritten(steps, lambda data: data.replace(b"\n", b"\r\n"))),
    ),
    Fault(
        name="crlf-split",
        does="CRLF line ends, every byte in a read of its own",
        script=wire(
            lambda steps: split(rewritten(steps, lambda data: data.replace(b"\n", b"\r\n")))
        ),
    ),
    Fault(
        name="byte-order-mark",
        does="A byte order mark before the first event",
        script=wire(lambda steps: [Say(b"\xef\xbb\xbf"), *steps]),
    ),
    Fault(
        name="comments",
        does="Comments between the events",
        script=wire(commented),
    ),
    Fault(
        name="keep-alive",
        does="Comments alone, for longer than the idle timeout",
        script=wire(lambda s: [s[0], *[Say(b": alive\n\n"), 0.1] * 13, *s[1:]]),
        server={"idle_timeout": 1.0},
    ),
    Fault(
        name="gzip",
        does="The stream is compressed, though it was asked not to be",
        script=lambda: every(DEFAULT, gzipped, headers={"content-encoding": "gzip"}),
    ),
    Fault(
        name="content-type",
        does="Events as `text/plain`",
        script=lambda: every(DEFAULT, content_type="text/plain"),
    ),
    Fault(
        name="long-line",
        does="An event of 3 MB that says nothing",
        script=wire(lambda s: [s[0], Say(event(chunk({}, padding=LONG))), *s[1:]]),
    ),
    Fault(
        name="gzip-bomb",
        does="A response of 1 MB that unpacks to 300 MB",
        script=lambda: bombs,
        hits=True,
        error="unpack to more than",
    ),
    Fault(
        name="endless-line",
        does="A line of 40 MB",
        script=ending(Say(b"data: "), *[Say(LONG.encode())] * 14),
        hits=True,
        error="not an OpenAI-compatible server",
    ),
    Fault(
        name="small-pool",
        does="A client of one's own with two connections, for longer than the idle timeout",
        script=wire(lambda s: [*s[:5], 0.5, *s[5:9], 0.5, *s[9:13], 0.5, *s[13:]]),
        server={"idle_timeout": 1.0, "connect_timeout": 0.2},
        connections=2,
    ),
    Fault(
        name="reset",
        does="The connection is reset amid an event",
        script=some(lambda steps: after_bytes(steps, 1500, "reset")),
        hits=True,
        error="broke the stream off",
    ),
    Fault(
        name="cut",
        does="The connection ends without an end",
        script=ending("cut"),
        hits=True,
        error="broke the stream off",
    ),
    Fault(
        name="half-closed",
        does="The server closes its side and listens on",
        script=ending("half-close"),
        hits=True,
        error="broke the stream off",
    ),
    Fault(
        name="ends-early",
        does="The response ends in order, the trace does not",
        script=ending(),
        hits=True,
        error="broke the stream off",
    ),
    Fault(
        name="stall",
        does="No bytes and no end",
        script=ending("hang"),
        server={"idle_timeout": 1.0},
        hits=True,
        error="sent nothing for 1 s",
    ),
    Fault(
        name="endless-comments",
        does="Comments without end",
        script=ending(*[Say(b": alive\n\n"), 0.02] * 500),
        server={"total_timeout": 3.0},
        hits=True,
        error="more than 3 s in total",
    ),
    Fault(
        name="invalid-json",
        does="An event that is not JSON",
        script=ending(Say(b"data: {half\n\n"), "hang"),
        hits=True,
        error="not an OpenAI-compatible server",
    ),
    Fault(
        name="wrong-json",
        does="An event of the wrong shape",
        script=ending(Say(event({"choices": "none"})), "hang"),
        hits=True,
        error="not an OpenAI-compatible server",
    ),
    Fault(
        name="error-in-stream",
        does="An error object in the stream, under HTTP 200",
        script=ending(Say(event(error("engine is dead", code=500)))),
        hits=True,
        error="engine is dead",
    ),
    Fault(
        name="429-in-stream",
        does="A 429 in the stream, under HTTP 200",
        script=ending(Say(event(error("slow down", code=429)))),
        hits=True,
        error="limits the rate",
    ),
    # --- refusals that pass
    Fault(
        name="429-seconds",
        does="429 once, `Retry-After` in seconds",
        script=first(lambda: refusal(429, error("slow down"), retry_after="0.2")),
    ),
    Fault(
        name="429-date",
        does="429 once, `Retry-After` as a date",
        script=first(
            lambda: refusal(
                429, error("slow down"), retry_after=formatdate(time.time() + 1, usegmt=True)
            )
        ),
    ),
    Fault(
        name="429-bare",
        does="429 three times, without a word",
        script=first(lambda: refusal(429, ""), times=3),
    ),
    Fault(
        name="429-above-four",
        does="429 above 4 streams at once",
        script=lambda: at_most(4),
    ),
    Fault(
        name="429-begins-stream",
        does="429 as the first event of a stream, once",
        script=first(lambda: Reply(steps=[Say(event(error("slow down", code=429)))])),
    ),
    Fault(name="500", does="500 once", script=first(lambda: refusal(500, error("oops")))),
    Fault(name="502", does="502 once, an HTML page", script=first(lambda: refusal(502, PAGE))),
    Fault(
        name="503",
        does="503 twice, `Retry-After`",
        script=first(lambda: refusal(503, error("loading"), retry_after="0.1"), times=2),
    ),
    Fault(name="498", does="498 once", script=first(lambda: refusal(498, error("no capacity")))),
    Fault(
        name="gemini-wait",
        does="429 once with the word quota, the wait in the body",
        script=first(lambda: refusal(429, GEMINI_WAIT)),
    ),
    Fault(
        name="json-429",
        does="A 429 as JSON under HTTP 200, once",
        script=first(lambda: as_json(error("slow down", code=429))),
    ),
    Fault(
        name="json-503-events",
        does="A 503 as JSON under HTTP 200 that calls itself events, once",
        script=first(lambda: as_json(error("loading", code=503), "text/event-stream")),
    ),
    Fault(
        name="no-answer-often",
        does="Connections are closed without an answer, three times each",
        script=first(lambda: Reply(steps=["reset"]), times=3),
    ),
    Fault(name="529", does="529 once", script=first(lambda: refusal(529, error("overloaded")))),
    Fault(
        name="no-answer",
        does="The connection is reset without an answer, once",
        script=first(lambda: Reply(steps=["reset"])),
    ),
    Fault(
        name="slow-accept",
        does="A connection is not served for 0.3 s",
        server={"idle_timeout": 5.0},
    ),
    # --- refusals that do not
    Fault(
        name="500-for-good",
        does="500 for some traces, again and again",
        script=hit_always(lambda: refusal(500, error("this one never works"))),
        hits=True,
        error="this one never works",
    ),
    Fault(
        name="html-page",
        does="An HTML page under HTTP 200",
        script=always(lambda: Reply(steps=[Say(PAGE.encode())], content_type="text/html")),
        raises=AllTracesFailedError,
        error="not an OpenAI-compatible server",
    ),
    Fault(
        name="json-answer",
        does="A whole answer instead of a stream",
        script=always(
            lambda: Reply(
                steps=[Say(json.dumps({"choices": [{"message": {"content": "2"}}]}).encode())],
                content_type="application/json",
            )
        ),
        raises=AllTracesFailedError,
        error="not an OpenAI-compatible server",
    ),
    Fault(
        name="401",
        does="401",
        script=always(lambda: refusal(401, error("bad key"))),
        raises=AuthenticationError,
        error="check the API key",
    ),
    Fault(
        name="json-400",
        does="A 400 as JSON under HTTP 200",
        script=always(lambda: as_json(error("no such thing", code=400))),
        raises=BadRequestError,
        error="no such thing",
    ),
    Fault(
        name="redirect",
        does="307 to another host",
        script=always(
            lambda: refusal(307, error("there"), location="http://127.0.0.2:9/v1/chat/completions")
        ),
        raises=AllTracesFailedError,
        error="redirects to http://127.0.0.2:9",
    ),
    Fault(
        name="404",
        does="404: no such model",
        script=always(lambda: refusal(404, error("The model `m` does not exist."))),
        raises=ModelNotFoundError,
        error="does not serve the model 'm'",
    ),
    Fault(
        name="400",
        does="400 for a value that is out of range",
        script=always(
            lambda: refusal(400, error("temperature must be at most 0.5", param="temperature"))
        ),
        raises=BadRequestError,
        error="refuses temperature=0.8",
    ),
    Fault(
        name="context",
        does="400: the prompt is too long",
        script=always(lambda: refusal(400, error("maximum context length is 5"))),
        raises=BadRequestError,
        error="does not fit the model's context",
    ),
    Fault(
        name="quota",
        does="429: the quota is used up",
        script=always(lambda: refusal(429, error("x", code="insufficient_quota"))),
        raises=RateLimitError,
        error="quota",
    ),
    Fault(
        name="500-always",
        does="500 for everything",
        script=always(lambda: refusal(500, error("out of order"))),
        raises=AllTracesFailedError,
        error="out of order",
    ),
    # --- closing
    Fault(
        name="deaf",
        does="Generation and billing go on when a stream is closed",
        script=lambda: every(DEFAULT, deaf=True),
        closes=False,
    ),
)
