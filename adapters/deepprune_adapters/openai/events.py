"""The JSON of one event of a chat completion stream: where its text and its usage lie."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, cast

import jiter

from deepprune_sdk.data.types import Usage

__all__ = ["Reported", "decode_event", "delta_texts", "event_usage", "plain_event"]


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


def decode_event(data: bytes) -> dict[str, Any]:
    """Decode the JSON object of an event.

    Raises:
        ValueError: It is no JSON.
        TypeError: It is no object.
    """
    try:
        event: object = jiter.from_json(data)
    except ValueError:  # half a surrogate pair, or bytes that are no UTF-8: mend what can be
        event = _mended(json.loads(data.decode("utf-8", "replace")))
    if not isinstance(event, dict):
        raise TypeError("an event is a JSON object")
    return cast("dict[str, Any]", event)


def _mended(value: object) -> object:
    """Replace what no UTF-8 can hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_mended(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: _mended(item) for key, item in cast("dict[str, object]", value).items()}
    return value


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
        if prompt < 0 or usage.get("prompt_cache_hit_tokens"):
            return None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return text, Reported(generated, prompt, 0, 0)


def delta_texts(delta: dict[str, Any]) -> tuple[str, str]:
    """Return the reasoning and the content of a delta, wherever the server puts them.

    Raises:
        TypeError: What is there is no text.
    """
    reasoning: object = delta.get("reasoning_content") or delta.get("reasoning") or ""
    content: object = delta.get("content") or delta.get("refusal") or ""
    if isinstance(content, list):  # Mistral: typed parts
        parts = cast("list[dict[str, Any]]", content)
        thoughts = [inner for part in parts for inner in part.get("thinking") or ()]
        reasoning = reasoning or "".join(inner.get("text") or "" for inner in thoughts)
        content = "".join(part.get("text") or "" for part in parts)
    if not isinstance(reasoning, str) or not isinstance(content, str):
        raise TypeError("text is a string")
    return reasoning, content


def event_usage(event: dict[str, Any]) -> Reported | None:
    """Return what an event says of the tokens so far, or None where it says nothing.

    Raises:
        TypeError: What is there is no number.
        ValueError: The same.
    """
    cached = reasoning = 0
    if usage := event.get("usage"):
        prompt, generated = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if details := usage.get("prompt_tokens_details"):
            cached = int(details.get("cached_tokens") or 0)
        cached = cached or int(usage.get("prompt_cache_hit_tokens") or 0)  # DeepSeek
        if details := usage.get("completion_tokens_details"):
            reasoning = int(details.get("reasoning_tokens") or 0)
    elif timings := event.get("timings"):  # llama.cpp
        prompt = timings.get("prompt_n", 0) + timings.get("cache_n", 0)
        generated = timings.get("predicted_n")
    else:
        return None
    if generated is None:
        return None
    return Reported(
        max(0, int(generated)), max(0, int(prompt or 0)), max(0, cached), max(0, reasoning)
    )
