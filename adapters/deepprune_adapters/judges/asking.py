"""How a judge model on a server is asked for a label."""

from __future__ import annotations

from pydantic import Field

from deepprune_sdk.data.config import Config

__all__ = ["Asking"]


class Asking(Config):
    """What requests for a label ask for, beside the prompt."""

    both_orders: bool = False
    """Ask for both orders of a pair and average them: twice the price."""
    top_logprobs: int = Field(default=20, ge=0)
    """Candidates per position; 0 asks for none, and the label alone is read."""
    max_tokens: int = Field(default=4, ge=1)
    """Generated tokens per request."""
    thinking_off: bool = True
    """Tell the chat template to leave thinking out (vLLM, SGLang, llama.cpp)."""

    def fields(self) -> dict[str, object]:
        """Return the fields of a request that say so."""
        fields: dict[str, object] = {"temperature": 0.0, "max_tokens": self.max_tokens}
        if self.top_logprobs:
            fields |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        if self.thinking_off:
            fields["chat_template_kwargs"] = {"enable_thinking": False}
        return fields
