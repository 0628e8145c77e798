"""Reading a chat completion that was not streamed, whatever a server makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from deepprune_sdk.data import Usage
from deepprune_sdk.data.figures import log_probability, token_count

__all__ = ["Reply", "read_reply", "read_usage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a judge model answered.

    Attributes:
        text: Its text.
        positions: Each generated token and the log-probabilities of its candidates; empty where
            the server gives none.
        usage: Tokens, or None where the server does not say.
        thought: Whether reasoning came instead of a text.
    """

    text: str
    positions: tuple[tuple[str, Mapping[str, float]], ...]
    usage: Usage | None
    thought: bool


def read_reply(body: object) -> Reply | None:
    """Read a response body; None where it is no chat completion."""
    choices = _list(_get(body, "choices"))
    message = _get(choices[0], "message") if choices else None
    if not choices or not isinstance(message, dict):
        return None
    message = cast("dict[str, object]", message)
    content = _get(message, "content")
    reasoning = _get(message, "reasoning_content") or _get(message, "reasoning")
    text = content if isinstance(content, str) else ""
    logprobs = _list(_get(_get(choices[0], "logprobs"), "content"))
    return Reply(
        text=text,
        positions=_positions(logprobs),
        usage=read_usage(_get(body, "usage")),
        thought=text.lstrip().startswith("<think>") or (not text and bool(reasoning)),
    )


def read_usage(usage: object) -> Usage | None:
    """Read what a server says it has read and written."""
    prompt = token_count(_get(usage, "prompt_tokens"))
    if prompt is None:
        return None
    return Usage(prompt=prompt, generated=token_count(_get(usage, "completion_tokens")) or 0)


def _positions(entries: list[object]) -> tuple[tuple[str, Mapping[str, float]], ...]:
    positions: list[tuple[str, Mapping[str, float]]] = []
    for entry in entries:
        token = _get(entry, "token")
        candidates = {
            str(_get(candidate, "token")): logprob
            for candidate in _list(_get(entry, "top_logprobs"))
            if (logprob := log_probability(_get(candidate, "logprob"))) is not None
        }
        if not isinstance(token, str) or not candidates:
            break  # some servers give the chosen token alone: that says nothing of the other label
        positions.append((token, candidates))
    return tuple(positions)


def _get(value: object, name: str) -> Any:
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
