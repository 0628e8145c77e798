"""How requests are sent, and what the requests of one run have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.messages import Message
from deepprune_sdk.data.types import Sampling
from deepprune_sdk.live.retry import Retries
from deepprune_sdk.live.throttle import Throttle
from deepprune_sdk.protocols import Backend, SharesPrompt
from deepprune_sdk.recording.format import RecordedTrace

__all__ = ["LONG_PROMPT", "RequestPlan", "Requests"]

LONG_PROMPT = 4000
"""Characters from which on a prompt is worth a warm start: some 1,000 tokens, as OpenAI caches."""


class Requests(Config):
    """How a reasoner sends its requests."""

    concurrency: int | None = Field(default=None, ge=1)
    """Most streams at once in one run; None leaves that to the backend."""
    retries: Retries = Retries()
    """How a request is repeated before its first token."""
    warm_start: bool | None = None
    """Start one trace first and the others at its first token, so that a server with a prefix cache
    computes the prompt once; None does so for prompts of at least `LONG_PROMPT` characters where
    that can pay (`SharesPrompt`)."""

    def starts_warm(self, backend: Backend, messages: tuple[Message, ...]) -> bool:
        """Whether one trace goes first."""
        if self.warm_start is not None:
            return self.warm_start
        shares = isinstance(backend, SharesPrompt) and backend.shares_prompt
        return shares and sum(len(message.content) for message in messages) >= LONG_PROMPT


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPlan:
    """What all requests of one run are made of, and where they are sent.

    Attributes:
        backend: Where traces come from.
        messages: The prompt.
        sampling: Temperature, token limit and the like.
        retries: How a request is repeated before its first token.
        throttle: The requests in flight of all runs of the reasoner.
        warm_start: Whether one stream goes first, and the others once it has brought text.
        characters: Most characters of a trace, which is cut there; None for no limit.
        response_format: What the reply is to look like, as the chat API asks for it, or None.
        recorded: Traces that need no request, because a recording has them, by trace.
    """

    backend: Backend
    messages: tuple[Message, ...]
    sampling: Sampling
    retries: Retries
    throttle: Throttle
    warm_start: bool = False
    characters: int | None = None
    response_format: Mapping[str, object] | None = None
    recorded: Mapping[int, RecordedTrace] = field(default_factory=dict[int, RecordedTrace])
