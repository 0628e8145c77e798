"""What servers refuse of a request, and what is done about it.

No two servers take the same parameters, and few say beforehand which. So a request begins with
all that an OpenAI-compatible server may understand. What is refused is left out, renamed or lowered
from then on, for every later request to that server. One table serves traces, judges and
embeddings.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Literal

from deepprune_adapters.server.refusals import CONTEXT, UNSUPPORTED, Refusal

__all__ = ["PARAMETERS", "Parameter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A row of the table.

    Attributes:
        name: The field of the request; a dot leads into an object.
        named: Words by which a refusal is known to mean this parameter.
        change: What is done. drop: it is not sent any more. rename: its value is sent as `to`.
            lower: a smaller number is sent, none at 0. shorten: whoever writes the request shortens
            the text, where it can; else the refusal stands.
        unsupported: Whether the refusal must also say that the parameter is not taken at all. Where
            another value would do, it is the user's to choose.
        to: The new name.
        says: What the log says, once.
        level: At which level.
    """

    name: str
    named: re.Pattern[str]
    change: Literal["drop", "rename", "lower", "shorten"]
    unsupported: bool = False
    to: str = ""
    says: str = ""
    level: int = logging.WARNING

    def refused_by(self, refusal: Refusal) -> bool:
        """Whether a refusal means this parameter."""
        if not self.unsupported:
            return bool(self.named.search(refusal.words))
        where = refusal.param or refusal.words  # texts name other parameters in passing
        return bool(self.named.search(where) and UNSUPPORTED.search(refusal.words))


def _optional(name: str) -> Parameter:
    return Parameter(
        name=name,
        named=re.compile(rf"\b{name}\b"),
        change="drop",
        unsupported=True,
        says=f"the server does not support {name}: it is not sent",
    )


PARAMETERS = (
    # First, because refusals of a long prompt count tokens by the names of other parameters.
    Parameter(name="messages", named=CONTEXT, change="shorten"),
    # Some servers know the options but not this one; what is left may pass, so it goes first.
    Parameter(
        name="stream_options.continuous_usage_stats",
        named=re.compile(r"continuous_usage|stream_?options|include_usage"),
        change="drop",
        says="the server refuses running usage (continuous_usage_stats): the tokens of streams "
        "that are closed early are counted here",
    ),
    Parameter(
        name="stream_options",
        named=re.compile(r"stream_?options|include_usage"),
        change="drop",
        says="the server refuses stream_options: tokens are counted here",
    ),
    Parameter(
        name="chat_template_kwargs",
        named=re.compile(r"chat_template|enable_thinking"),
        change="drop",
        says="the server has no switch for thinking (chat_template_kwargs)",
        level=logging.INFO,
    ),
    # A reply is read in the same way whether or not the server held it to a form.
    Parameter(
        name="response_format",
        named=re.compile(r"response[_ ]?format|json[_ ](?:schema|object)|grammar|guided"),
        change="drop",
        says="the server does not hold replies to this form (response_format): the prompt alone "
        "asks for it",
    ),
    Parameter(
        name="max_tokens",
        named=re.compile("max_completion_tokens"),
        change="rename",
        to="max_completion_tokens",
        says="the server wants max_completion_tokens instead of max_tokens",
    ),
    Parameter(name="top_logprobs", named=re.compile("logprobs"), change="lower"),
    # A trace without these is still a sample of the model, and a label is still the model's.
    _optional("temperature"),
    _optional("top_p"),
    _optional("seed"),
    # Without it servers send the same vectors as numbers, which is what is asked for.
    _optional("encoding_format"),
)
"""Every parameter that servers are known to refuse, in the order in which refusals are read."""
