"""What a server accepts in a request, learned from what it refuses."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, Literal

from deepprune_adapters.refusals import Refusal
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.types import TraceRequest

__all__ = ["Capabilities", "ContinuePrefix"]

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
OPTIONAL = ("temperature", "top_p", "seed")
"""Parameters without which a trace is still a sample of the model."""


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
        self._limit = "max_tokens"
        self._left_out: set[str] = set()

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
        if sampling.top_logprobs:
            body |= {"logprobs": True, "top_logprobs": sampling.top_logprobs}
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
        if UNSUPPORTED.search(said):
            where = refusal.param or said
            for field in OPTIONAL:
                if field in sent and re.search(rf"\b{field}\b", where):
                    if field not in self._left_out:
                        logger.warning("the model does not support %s: it is not sent", field)
                        self._left_out.add(field)
                    return True
        return False

    def _drop_option(self, option: str) -> None:
        if self._stream_options.pop(option, None) is None:
            return
        if option == "include_usage":
            self._stream_options.clear()
            logger.warning("the server refuses stream_options: tokens are counted here")
        else:
            logger.warning(
                "the server refuses running usage (continuous_usage_stats): the tokens of streams "
                "that are closed early are counted here"
            )
