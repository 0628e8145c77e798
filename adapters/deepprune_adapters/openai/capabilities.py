"""What a server can do, learned once from what it refuses and from what it sends."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from deepprune_adapters.openai.chunks import ChunkReader
from deepprune_adapters.server.refusals import Refusal
from deepprune_sdk.data.types import TraceRequest
from deepprune_sdk.errors import ConfigurationError

__all__ = ["Capabilities", "ContinuePrefix", "ServerCapabilities"]

logger = logging.getLogger(__name__)

ContinuePrefix = Literal["assistant", "vllm"]
"""How a server is made to continue a text.

assistant: a final assistant message is continued as it is (llama.cpp and others); vllm: it must be
told so by `continue_final_message` (vLLM, SGLang).
"""

UNSUPPORTED = re.compile(
    r"unsupported[ _](parameter|value)|not supported|(does|do) not support|isn't supported"
    r"|unknown[ _](parameter|field|argument)|unrecognized"
    r"|(extra|additional) (inputs|fields|properties) (are )?not (permitted|allowed)"
)
NUMBER = re.compile(r"\b\d{1,3}\b")
OPTIONAL = ("temperature", "top_p", "seed")
"""Parameters without which a trace is still a sample of the model."""

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
    """Builds request bodies, and leaves out what the server has refused before.

    What is left out is named once in the log: by then it holds for every request.
    """

    def __init__(
        self, *, continue_prefix: ContinuePrefix | None, extra_body: Mapping[str, Any]
    ) -> None:
        """Begin with everything an OpenAI-compatible server may understand."""
        self.continue_prefix: ContinuePrefix | None = continue_prefix
        self._extra_body = dict(extra_body)
        self._stream_options: dict[str, bool] = {
            "include_usage": True,
            "continuous_usage_stats": True,
        }
        self._limit: TokenLimit = "max_tokens"
        self._left_out: set[str] = set()
        self._most_logprobs: int | None = None
        self._seen = ServerCapabilities()

    @property
    def known(self) -> ServerCapabilities:
        """What the server has shown by now."""
        return replace(
            self._seen,
            continue_prefix=self.continue_prefix,
            token_limit=self._limit,
            left_out=tuple(sorted(self._left_out)),
        )

    def body(self, request: TraceRequest) -> dict[str, Any]:
        """Build the fields of a request.

        Raises:
            ConfigurationError: A prefix is to be continued, and it is not known how.
        """
        sampling = request.sampling
        body: dict[str, Any] = {"messages": self._messages(request)}
        if self._stream_options:
            body["stream_options"] = dict(self._stream_options)
        settings = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": request.seed,
            self._limit: sampling.max_tokens,
            "stop": list(sampling.stop) or None,
        }
        body |= {
            field: value
            for field, value in settings.items()
            if value is not None and field not in self._left_out
        }
        scores = sampling.top_logprobs
        if self._most_logprobs is not None:
            scores = min(scores, self._most_logprobs)
        if scores:
            body |= {"logprobs": True, "top_logprobs": scores}
        if request.prefix and self.continue_prefix == "vllm":
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        return body | self._extra_body | dict(sampling.extra)

    def _messages(self, request: TraceRequest) -> list[dict[str, str]]:
        messages = [
            {"role": message.role, "content": message.content} for message in request.messages
        ]
        if request.prefix:
            if self.continue_prefix is None:
                raise ConfigurationError(
                    "this backend cannot continue a text: give continue_prefix='vllm' (vLLM, "
                    "SGLang) or 'assistant' (llama.cpp) if the server can"
                )
            if messages[-1]["role"] == "assistant":
                messages[-1]["content"] += request.prefix
            else:
                messages.append({"role": "assistant", "content": request.prefix})
        return messages

    def learn(self, refusal: Refusal, sent: Mapping[str, Any]) -> bool:
        """Take a 400 or 422; return whether a request without what was refused may pass."""
        said = refusal.all
        options: dict[str, bool] = sent.get("stream_options") or {}
        if "continuous_usage_stats" in options and re.search(
            r"continuous_usage|stream_?options|include_usage", said
        ):
            self._drop_option("continuous_usage_stats")
            return True
        if options and re.search(r"stream_?options|include_usage", said):
            self._drop_option("include_usage")
            return True
        if "max_tokens" in sent and "max_completion_tokens" in said:
            if self._limit == "max_tokens":
                logger.warning("the server wants max_completion_tokens instead of max_tokens")
                self._limit = "max_completion_tokens"
            return True
        if "logprobs" in said and sent.get("top_logprobs"):
            return self._fewer_logprobs(said, sent["top_logprobs"])
        if UNSUPPORTED.search(said):
            where = refusal.param or said
            for field in OPTIONAL:
                if field in sent and re.search(rf"\b{field}\b", where):
                    if field not in self._left_out:
                        logger.warning("the model does not support %s: it is not sent", field)
                        self._left_out.add(field)
                    return True
        return False

    def _fewer_logprobs(self, said: str, sent: int) -> bool:
        """Take the bound that a refusal names, or send none where it refuses them altogether."""
        bounds = [int(number) for number in NUMBER.findall(said) if 0 < int(number) < sent]
        if UNSUPPORTED.search(said):
            most = 0
        elif bounds:
            most = max(bounds)
        else:
            return False
        if self._most_logprobs is None or most < self._most_logprobs:
            self._most_logprobs = most
            self._seen = replace(self._seen, top_logprobs=most)
            logger.warning(
                "the server gives %s log-probabilities a token, not the %d that were asked for",
                f"at most {most}" if most else "no",
                sent,
            )
        return True

    def observe(self, reader: ChunkReader, sent: Mapping[str, Any]) -> None:
        """Learn from a stream that came to its end; what is missing is said once."""
        options: dict[str, bool] = sent.get("stream_options") or {}
        seen = self._seen
        if options.get("continuous_usage_stats") or reader.account.running_usage:
            seen = replace(seen, running_usage=reader.account.running_usage)
        if options.get("include_usage") or reader.account.reported:
            seen = replace(seen, final_usage=reader.account.reported)
        if sent.get("top_logprobs"):
            if not reader.candidates and seen.top_logprobs is None:
                logger.warning("the server sends no log-probabilities, though they were asked for")
            seen = replace(seen, top_logprobs=max(reader.candidates, seen.top_logprobs or 0))
        if reader.thought or reader.account.reasoning:
            hidden = bool(reader.account.reasoning) and not reader.thought
            if hidden and not seen.hidden_reasoning:
                logger.warning(
                    "the server hides the reasoning (%d tokens of one trace): there is no text to "
                    "judge, only answers to count",
                    reader.account.reasoning,
                )
            seen = replace(seen, hidden_reasoning=hidden)
        self._seen = seen

    def _drop_option(self, option: str) -> None:
        if self._stream_options.pop(option, None) is None:
            return
        self._seen = replace(self._seen, running_usage=False)
        if option == "include_usage":
            self._seen = replace(self._seen, final_usage=False)
            self._stream_options.clear()
            logger.warning("the server refuses stream_options: tokens are counted here")
        else:
            logger.warning(
                "the server refuses running usage (continuous_usage_stats): the tokens of streams "
                "that are closed early are counted here"
            )
