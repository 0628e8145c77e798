"""What crosses the boundary between the SDK and a backend or a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from pydantic import (
    Field,
    JsonValue,
)

from deepprune_sdk.data.config import Config
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.results.ending import Finish

__all__ = [
    "NO_USAGE",
    "Chunk",
    "Message",
    "Prompt",
    "Sampling",
    "TraceRequest",
    "Usage",
    "Verdict",
    "asked",
    "to_messages",
    "with_instruction",
]


class Message(Config):
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    """Who says it."""
    content: str
    """What is said."""


Prompt = str | Sequence[Message | Mapping[str, str]]
"""A question, or the chat messages that end in it."""


def to_messages(prompt: Prompt) -> tuple[Message, ...]:
    """Turn a prompt into chat messages.

    Raises:
        ConfigurationError: The prompt is empty, or one of its messages is malformed.
    """
    if isinstance(prompt, str):
        messages = (Message(role="user", content=prompt),)
    else:
        messages = tuple(_message(part) for part in prompt)
    if not any(message.content.strip() for message in messages):
        raise ConfigurationError(f"the prompt is empty ({prompt!r}): give a question")
    return messages


def _message(part: object) -> Message:
    if isinstance(part, Message):
        return part
    if not isinstance(part, Mapping):
        raise ConfigurationError(
            f"{part!r} is not a chat message: give a role and a content, or a str"
        )
    return Message.model_validate(dict(cast("Mapping[str, str]", part)))


def asked(messages: Sequence[Message]) -> str:
    """Return the last thing the user said, which is what the traces answer."""
    return messages[_place_of_question(messages)].content


def with_instruction(messages: tuple[Message, ...], instruction: str) -> tuple[Message, ...]:
    """Return the messages with an instruction after the question, on a line of its own."""
    if not instruction:
        return messages
    place = _place_of_question(messages)
    question = messages[place]
    content = f"{question.content}\n{instruction}"
    return (
        *messages[:place],
        question.model_copy(update={"content": content}),
        *messages[place + 1 :],
    )


def _place_of_question(messages: Sequence[Message]) -> int:
    places = [place for place, message in enumerate(messages) if message.role == "user"]
    return places[-1] if places else len(messages) - 1


class Sampling(Config):
    """How traces are sampled. None leaves a value to the server's default."""

    temperature: float | None = Field(default=0.8, ge=0, allow_inf_nan=False)
    """How freely tokens are drawn. At 0 all traces are alike, and there is nothing to vote on."""
    top_p: float | None = Field(default=None, gt=0, le=1)
    """Share of the probability from whose most likely tokens one is drawn (nucleus sampling)."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Most generated tokens per trace, reasoning included."""
    stop: tuple[str, ...] = ()
    """Texts at which the model is to stop."""
    top_logprobs: int = Field(default=0, ge=0)
    """Candidates per token whose log-probabilities are asked for; 0 asks for none."""
    seed: int | None = Field(default=None, ge=0)
    """Seed of a run; trace i is sampled with seed + i. None draws one at random."""
    send_seed: bool = True
    """Whether the server is told the seed at all: some crash on one."""
    extra: Mapping[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """Further fields of the request body, as the server names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRequest:
    """One trace that a backend is to stream.

    Attributes:
        trace: Number of the trace within its run, from 0.
        messages: The prompt.
        sampling: Temperature, limits and the like; its own seed is the run's, not the trace's.
        seed: Seed of this trace, or None to send none.
        prefix: Text of this trace that exists already and is to be continued, or "".
        response_format: What the server is to hold the reply to, as OpenAI-compatible servers take
            it, or None. A backend that cannot ask for it does without. It is not asked for where a
            prefix is continued, because servers hold to it only what they write themselves.
    """

    trace: int
    messages: tuple[Message, ...]
    sampling: Sampling
    seed: int | None = None
    prefix: str = ""
    response_format: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens, as reported or counted.

    Attributes:
        prompt: Tokens read.
        generated: Tokens written, reasoning included.
        cached: Those of `prompt` that came from the server's cache.
        estimated: Whether a figure was counted here and not reported by the server.
    """

    prompt: int = 0
    generated: int = 0
    cached: int = 0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            prompt=self.prompt + other.prompt,
            generated=self.generated + other.generated,
            cached=self.cached + other.cached,
            estimated=self.estimated or other.estimated,
        )


NO_USAGE = Usage()
"""No tokens at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What one read of a stream brought.

    Attributes:
        pieces: Text, one piece per token. A backend cuts several tokens that came at once, so that
            a checkpoint is the same token however the text arrived.
        reasoning: Whether the pieces are reasoning and not the answer part.
        confidences: One per piece: minus the mean log-probability of the top candidates.
        logprobs: One per piece: log-probability of the token itself.
        exact: Whether the pieces are known to be the model's tokens.
        usage: Tokens of this stream so far, where the server says so (cumulative).
        warning: What a user should know about the server, in the same words for every stream.
        finish: Set once, where the model ended the trace.
    """

    pieces: tuple[str, ...] = ()
    reasoning: bool = False
    confidences: tuple[float, ...] | None = None
    logprobs: tuple[float, ...] | None = None
    exact: bool = True
    usage: Usage | None = None
    warning: str | None = None
    finish: Finish | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge says about one pair.

    Attributes:
        probability: That the two traces end in the same answer, in [0, 1]; None where the judge
            could not score the pair, which keeps the trace.
        usage: The judge's own tokens for this pair.
    """

    probability: float | None
    usage: Usage = NO_USAGE
