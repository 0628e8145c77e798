"""What a judge's server accepts, learned from what it refuses."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from deepprune_adapters.openai.capabilities import UNSUPPORTED
from deepprune_adapters.server.errors import CONTEXT
from deepprune_adapters.server.refusals import Refusal

__all__ = ["Lessons", "context_of"]

logger = logging.getLogger(__name__)

FEWER = 5
"""Candidates that servers with a low limit allow."""

_LIMIT = re.compile(r"context (?:length|size|window)\D{0,40}?(\d+)|\"?n_ctx\"?\D{1,4}(\d+)")


class Lessons:
    """The switches of a judge's requests. What is refused is left out, named once in the log."""

    def __init__(self, *, top_logprobs: int, max_tokens: int, thinking_off: bool) -> None:
        """Begin with everything a server may understand."""
        self._top_logprobs = top_logprobs
        self._max_tokens = max_tokens
        self._limit = "max_tokens"
        self._temperature = True
        self._thinking_off = thinking_off

    def settings(self) -> dict[str, Any]:
        """Return the fields of a request beside model and messages."""
        fields: dict[str, Any] = {self._limit: self._max_tokens}
        if self._temperature:
            fields["temperature"] = 0.0
        if self._top_logprobs:
            fields |= {"logprobs": True, "top_logprobs": self._top_logprobs}
        if self._thinking_off:
            fields["chat_template_kwargs"] = {"enable_thinking": False}
        return fields

    def learn(self, refusal: Refusal, sent: Mapping[str, Any]) -> bool:
        """Take a 400 or 422; return whether a request with other settings may pass."""
        said = refusal.all
        if "chat_template_kwargs" in sent and re.search("chat_template|enable_thinking", said):
            if self._thinking_off:
                logger.info("the judge's server has no switch for thinking (chat_template_kwargs)")
                self._thinking_off = False
            return True
        if "logprobs" in sent and "logprobs" in said:
            if "top_logprobs" in said and sent["top_logprobs"] > FEWER:
                self._top_logprobs = min(self._top_logprobs, FEWER)
            elif self._top_logprobs:
                logger.warning("the judge's server refuses log-probabilities: its labels are read")
                self._top_logprobs = 0
            return True
        if "max_tokens" in sent and "max_completion_tokens" in said:
            self._limit = "max_completion_tokens"
            return True
        if "temperature" in sent and "temperature" in said and UNSUPPORTED.search(said):
            self._temperature = False
            return True
        return False


def context_of(refusal: Refusal) -> tuple[int | None, int | None] | None:
    """Read a refusal of a long prompt.

    Returns:
        The server's context and the tokens of the request, each None where it does not say; or None
        where something else was refused.
    """
    said = refusal.all
    if not CONTEXT.search(said):
        return None
    found = _LIMIT.search(said)
    limit = int(found[1] or found[2]) if found else None
    larger = [int(number) for number in re.findall(r"\d+", said) if limit and int(number) > limit]
    return limit, max(larger, default=None)
