"""The JSON of one event of a chat completion stream: where its text and its usage lie."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import jiter

from deepprune_sdk.data.figures import MOST_TOKENS, token_count
from deepprune_sdk.data.types import Usage

__all__ = [
    "Halves",
    "Reported",
    "carries_nothing",
    "decode_event",
    "delta_of",
    "delta_texts",
    "event_usage",
    "is_ours",
    "plain_event",
]

REASONING = ("reasoning_content", "reasoning", "reasoning_details")
"""Fields of a delta that hold its reasoning; where there are several, they say the same."""

TEXTS = ("text", "thinking", "reasoning", "reasoning_content", "content", "summary", "value")
"""Fields of a part that hold its text."""

CHOICES = 128
"""Choices of which a server may number one."""


class Reported(NamedTuple):
    """What a server says of the tokens of one stream so far; the largest counts.

    Attributes:
        generated: Tokens written, reasoning included.
        prompt: Tokens read.
        cached: Of those, tokens that were cached.
        reasoning: Of the generated ones, tokens of reasoning.
    """

    generated: int
    prompt: int
    cached: int
    reasoning: int

    @property
    def usage(self) -> Usage:
        """The same as a chunk carries it."""
        return Usage(
            prompt=self.prompt, generated=self.generated, cached=min(self.prompt, self.cached)
        )


def decode_event(data: bytes) -> tuple[dict[str, Any], bool]:
    """Decode the JSON object of an event.

    Returns:
        The object, and whether its texts are whole: others may have halves of surrogate pairs.

    Raises:
        ValueError: It is not JSON.
        TypeError: It is not an object.
        RecursionError: It is nested too deep.
    """
    whole = True
    try:
        event: object = jiter.from_json(data)
    except ValueError:  # half a surrogate pair, a number without end, or bytes that are no UTF-8
        event, whole = json.loads(data.decode("utf-8", "replace"), parse_int=_integer), False
    if not isinstance(event, dict):
        raise TypeError("an event is a JSON object")
    return cast("dict[str, Any]", event), whole


def carries_nothing(data: bytes) -> bool:
    """Whether an event that cannot be decoded is none of a completion: a ping, `null`, a note."""
    return not data.lstrip().startswith((b"{", b"<"))  # nor half of one, nor a page


def _integer(digits: str) -> float:
    """Python refuses to read numbers of thousands of digits, and no field has one."""
    return int(digits) if len(digits) < 400 else math.inf


class Halves:
    """Joins the halves of surrogate pairs that a server has cut between two events."""

    def __init__(self) -> None:
        """Begin a text."""
        self.waiting = ""

    def join(self, text: str, *, ended: bool = False) -> str:
        """Return a text as UTF-8 can hold it; a first half at its end waits for the second."""
        text, self.waiting = self.waiting + text, ""
        if not ended and "\ud800" <= text[-1:] <= "\udbff":
            text, self.waiting = text[:-1], text[-1]
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return joined.encode("utf-8", "replace").decode("utf-8")


def plain_event(event: dict[str, Any]) -> tuple[str, Reported | None] | None:
    """Return text and usage of the commonest event: answer text, running usage or none, no more.

    None where there is anything else in it; then it has to be read with care.
    """
    choices: Any = event.get("choices")
    usage: Any = event.get("usage")
    if not choices or event.get("error") or (not usage and event.get("timings")):
        return None
    try:
        (choice,) = choices
        delta = choice["delta"]
        if choice.get("finish_reason") or choice.get("logprobs") or choice.get("index"):
            return None
        if delta.get("reasoning_content") or delta.get("reasoning"):
            return None
        if delta.get("reasoning_details"):
            return None
        if delta.get("tool_calls") or delta.get("function_call"):
            return None
        text = delta["content"]
        if type(text) is not str:
            return None
        if not usage:
            return text, None
        if usage.get("prompt_tokens_details") or usage.get("completion_tokens_details"):
            return None
        prompt, generated = usage["prompt_tokens"], usage["completion_tokens"]
        if type(generated) is not int or type(prompt) is not int:
            return None
        if not 0 <= prompt <= MOST_TOKENS or generated > MOST_TOKENS:
            return None
        if usage.get("prompt_cache_hit_tokens"):
            return None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return text, Reported(generated, prompt, 0, 0)


def is_ours(choice: Mapping[str, Any]) -> bool:
    """Whether a choice is the one that was asked for: any but those with another number."""
    index: object = choice.get("index")
    return not (type(index) is int and 0 < index < CHOICES)


def delta_of(choice: Mapping[str, Any], before: str | None) -> dict[str, Any]:
    """Return what a choice adds; some servers send a whole message instead.

    Args:
        choice: The choice.
        before: The content of earlier messages, of which a whole one is the continuation, or None
            where the text comes in deltas: then a message says again what they said.

    Raises:
        TypeError: There is a delta, and it is not an object.
    """
    delta: object = choice.get("delta")
    if delta:
        if not isinstance(delta, dict):
            raise TypeError("a delta is a JSON object")
        return cast("dict[str, Any]", delta)
    message: object = choice.get("message")
    if before is None or not isinstance(message, dict):
        return {}
    whole = cast("dict[str, Any]", message)
    content: object = whole.get("content")
    if before and isinstance(content, str) and content.startswith(before):
        return {"content": content[len(before) :]}
    return whole


def delta_texts(delta: dict[str, Any]) -> tuple[str, str]:
    """Return the reasoning and the content of a delta, wherever the server puts them.

    Raises:
        TypeError: The content is not text.
    """
    reasoning = next((text for name in REASONING if (text := _text(delta.get(name)))), "")
    content: object = delta.get("content") or delta.get("refusal") or ""
    if isinstance(content, str):
        return reasoning, content
    if not isinstance(content, list | dict):
        raise TypeError("text is a string")
    thoughts, said = "", ""
    for part, thinks in _parts(cast("object", content)):
        thoughts, said = (thoughts + part, said) if thinks else (thoughts, said + part)
    return reasoning or thoughts, said


def _parts(content: object) -> Iterator[tuple[str, bool]]:
    """The texts of typed parts (Mistral and others), and whether each is reasoning."""
    for part in cast("list[object]", content) if isinstance(content, list) else [content]:
        fields = _object(part)
        kind = str(fields.get("type") or "").lower()
        thinks = "thinking" in fields or "reasoning" in fields
        yield _text(part), thinks or "think" in kind or "reason" in kind


def _text(value: object) -> str:
    """The text in whatever shape it comes; "" where there is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_text, cast("list[object]", value)))
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return next((text for name in TEXTS if (text := _text(fields.get(name)))), "")
    return ""


def event_usage(event: dict[str, Any]) -> Reported | None:
    """Return what an event says of the tokens so far; None where it says nothing believable."""
    usage = _object(event.get("usage"))
    generated = token_count(usage.get("completion_tokens"))
    if generated is not None:
        read, written = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
        cached = token_count(_object(read).get("cached_tokens"))
        return Reported(
            generated,
            token_count(usage.get("prompt_tokens")) or 0,
            cached or token_count(usage.get("prompt_cache_hit_tokens")) or 0,  # DeepSeek
            token_count(_object(written).get("reasoning_tokens")) or 0,
        )
    if event.get("usage"):
        return None
    timings = _object(event.get("timings"))  # llama.cpp
    generated = token_count(timings.get("predicted_n"))
    if generated is None:
        return None
    prompt = (token_count(timings.get(name)) or 0 for name in ("prompt_n", "cache_n"))
    return Reported(generated, sum(prompt), 0, 0)


def _object(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
