"""What a server can do, learned once from what it refuses and from what it sends."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import JsonValue

from deepprune_adapters.openai.chunks import ChunkReader
from deepprune_adapters.server.terms import Request, Terms
from deepprune_sdk.data.messages import Message
from deepprune_sdk.data.types import TraceRequest
from deepprune_sdk.errors import ConfigurationError

__all__ = ["Capabilities", "ContinuePrefix", "ServerCapabilities"]

logger = logging.getLogger(__name__)

ContinuePrefix = Literal["assistant", "vllm"]
"""How a server is made to continue a text.

assistant: a final assistant message is continued as it is (llama.cpp and others); vllm: it must be
told so by `continue_final_message` (vLLM, SGLang).
"""

RUNNING_USAGE = "stream_options.continuous_usage_stats"

TokenLimit = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCapabilities:
    """What is known of a server; None where nothing has shown it yet.

    Attributes:
        final_usage: Whether it reports tokens at the end of a stream.
        running_usage: Whether it reports them all along, so that those of a closed stream are its
            own figures.
        top_logprobs: Most log-probabilities a token that it has been seen to send; 0 for none.
        continue_prefix: How it continues a text, or None where it is not known to.
        token_limit: What it calls the token limit.
        hidden_reasoning: Whether it bills reasoning whose text it does not send.
        left_out: Parameters that it refused, and that are not sent any more.
    """

    final_usage: bool | None = None
    running_usage: bool | None = None
    top_logprobs: int | None = None
    continue_prefix: ContinuePrefix | None = None
    token_limit: TokenLimit = "max_tokens"
    hidden_reasoning: bool | None = None
    left_out: tuple[str, ...] = ()


class Capabilities:
    """Writes requests, and knows what the server has shown that it can do.

    Attributes:
        terms: What the server takes.
        continue_prefix: How it continues a text, or None where it is not known to.
    """

    def __init__(
        self,
        server: str,
        *,
        continue_prefix: ContinuePrefix | None,
        extra_body: Mapping[str, Any],
    ) -> None:
        """Begin with everything an OpenAI-compatible server may understand.

        Args:
            server: What the log calls the server.
            continue_prefix: How it continues a text, where that is known.
            extra_body: The user's fields of every request.
        """
        self.continue_prefix: ContinuePrefix | None = continue_prefix
        self.terms = Terms(server)
        self._server = server
        self._extra_body = dict(extra_body)
        self._seen = ServerCapabilities()

    @property
    def known(self) -> ServerCapabilities:
        """What the server has shown by now, by what it refused and by what it sent."""
        terms, seen = self.terms, self._seen
        final, running, scores = seen.final_usage, seen.running_usage, seen.top_logprobs
        refused = "stream_options" in terms.dropped
        if refused and final is None:
            final = False
        if (refused or RUNNING_USAGE in terms.dropped) and running is None:
            running = False
        if "top_logprobs" in terms.most:
            scores = max(terms.most["top_logprobs"], scores or 0)
        return replace(
            seen,
            final_usage=final,
            running_usage=running,
            top_logprobs=scores,
            continue_prefix=self.continue_prefix,
            token_limit="max_completion_tokens" if "max_tokens" in terms.renamed else "max_tokens",
            left_out=tuple(sorted(terms.dropped)),
        )

    def write(self, request: TraceRequest) -> Request:
        """Write the request of a trace.

        Raises:
            ConfigurationError: A prefix is to be continued, and it is not known how.
        """
        sampling = request.sampling
        fields: dict[str, Any] = {
            "messages": self._messages(request),
            "stream_options": {"include_usage": True, "continuous_usage_stats": True},
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": request.seed,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop) or None,
            "response_format": None if request.prefix else request.response_format,
        }
        if sampling.top_logprobs:
            fields |= {"logprobs": True, "top_logprobs": sampling.top_logprobs}
        if request.prefix and self.continue_prefix == "vllm":
            fields |= {"continue_final_message": True, "add_generation_prompt": False}
        given = {name: value for name, value in fields.items() if value is not None}
        return self.terms.request(given, self._extra_body | sampling.as_they_are)

    def _messages(self, request: TraceRequest) -> list[dict[str, JsonValue]]:
        messages = list(request.messages)
        if request.prefix:
            if self.continue_prefix is None:
                raise ConfigurationError(
                    "this backend cannot continue a text: give continue_prefix='vllm' (vLLM, "
                    "SGLang) or 'assistant' (llama.cpp) if the server can"
                )
            if messages[-1].role == "assistant":
                messages[-1] = messages[-1].followed_by(request.prefix)
            else:
                messages.append(Message(role="assistant", content=request.prefix))
        return [message.body for message in messages]

    def observe(self, reader: ChunkReader, sent: Mapping[str, Any]) -> None:
        """Learn from a stream that came to its end; what is missing is said once."""
        options: dict[str, bool] = sent.get("stream_options") or {}
        seen = self._seen
        if options.get("continuous_usage_stats") or reader.account.running_usage:
            seen = replace(seen, running_usage=reader.account.running_usage)
        if options.get("include_usage") or reader.account.reported:
            seen = replace(seen, final_usage=reader.account.reported)
        if sent.get("top_logprobs"):
            if not reader.candidates and self.known.top_logprobs is None:
                logger.warning(
                    "%s: the server sends no log-probabilities, though they were asked for",
                    self._server,
                )
            seen = replace(seen, top_logprobs=max(reader.candidates, seen.top_logprobs or 0))
        if reader.thought or reader.account.reasoning:
            hidden = bool(reader.account.reasoning) and not reader.thought
            if hidden and not seen.hidden_reasoning:
                logger.warning(
                    "%s: the server hides the reasoning (%d tokens of one trace): there is no text "
                    "to judge, only answers to count",
                    self._server,
                    reader.account.reasoning,
                )
            seen = replace(seen, hidden_reasoning=hidden)
        self._seen = seen
