"""What crosses the boundary between the SDK and a backend or a judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import AliasChoices, Field, JsonValue, field_validator, model_validator

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.messages import Message
from deepprune_sdk.data.named import among
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.results.ending import Finish

__all__ = [
    "NO_USAGE",
    "Chunk",
    "Sampling",
    "TraceRequest",
    "Usage",
    "Verdict",
]


OWN_FIELDS: Final = {
    "model": "give it to the backend",
    "messages": "give them as the prompt",
    "stream": "traces are always streamed",
    "n": "give n to solve(); each trace is a request of its own",
    "extra_headers": "headers belong to Server(headers=)",
    "extra_body": "give its fields themselves",
}
"""Fields of a request that are not the sampling's, and where they belong."""


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
    reasoning_effort: str | None = None
    """How much a reasoning model is to think, in the server's words: "low", "medium", "high"."""
    chat_template_kwargs: Mapping[str, JsonValue] | None = None
    """Switches of the chat template, such as `{"enable_thinking": False}`; vLLM and SGLang."""
    tools: tuple[Mapping[str, JsonValue], ...] | None = None
    """Tools that the model may call, as the chat API takes them."""
    tool_choice: str | Mapping[str, JsonValue] | None = None
    """Which tool it is to call, if any."""
    extra: Mapping[str, JsonValue] = Field(
        default_factory=dict[str, JsonValue],
        validation_alias=AliasChoices("extra", "extra_body"),
    )
    """Further fields of the request body, as the server names them (`top_k`, `min_p`, ...); the
    openai client's word for it, `extra_body`, is taken too. Where a value may be a secret by its
    name, recordings have "..." in its place."""

    @model_validator(mode="before")
    @classmethod
    def _plain_values(cls, data: Any) -> object:
        if not isinstance(data, dict):
            return data
        fields = dict(cast("dict[str, Any]", data))
        if isinstance(fields.get("stop"), str):
            fields["stop"] = (fields["stop"],)
        for name in fields:
            if name in {"headers", "extra_headers"}:
                raise ConfigurationError(
                    f"Sampling has no setting {name!r}: headers belong to the server, as in "
                    "OpenAIBackend(model, server=Server(headers={...}))"
                )
            if name not in cls.model_fields and name != "extra_body":
                raise ConfigurationError(
                    f"Sampling has no setting {name!r}{among(name, cls.model_fields)}; what only "
                    f"the server knows goes into extra={{{name!r}: ...}}"
                )
        return fields

    @field_validator("extra", "chat_template_kwargs", "tools", "tool_choice")
    @classmethod
    def _is_json(cls, value: Any) -> Any:
        try:
            json.dumps(value, allow_nan=False)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"give what JSON can hold ({error})") from error
        return value

    @field_validator("extra")
    @classmethod
    def _leaves_the_request_whole(cls, extra: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        for name in extra:
            if name in OWN_FIELDS:
                raise ValueError(f"{name!r} is not for sampling: {OWN_FIELDS[name]}")
        return extra

    @property
    def as_they_are(self) -> dict[str, JsonValue]:
        """The fields of the request body that are the user's own, and are never left out."""
        names = {"reasoning_effort", "chat_template_kwargs", "tools", "tool_choice"}
        own: dict[str, JsonValue] = self.model_dump(mode="json", include=names, exclude_none=True)
        return own | dict(self.extra)


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
