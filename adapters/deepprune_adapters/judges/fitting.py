"""Fitting pairs into the context of a judge whose server alone knows its tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deepprune_adapters.judges.prompts import JudgePrompt, shorten
from deepprune_adapters.server.refusals import Refusal, context_of
from deepprune_sdk import Message
from deepprune_sdk.data import Pair
from deepprune_sdk.protocols import TokenCounter

__all__ = ["Fitting", "NoRoomError"]

MARGIN = 0.9
"""Share of the context that is filled where tokens are only estimated."""

TEMPLATE = 8
"""Tokens that a chat template puts round a message, about."""


class NoRoomError(Exception):
    """The question alone fills the context: nothing is left for the traces."""


class Fitting:
    """Writes prompts, and cuts the traces in them where a prompt is too long."""

    def __init__(self, prompt: JudgePrompt, counter: TokenCounter, context: int | None) -> None:
        """Begin with the context that is known, or None to learn it from refusals."""
        self.prompt = prompt
        self._counter = counter
        self._budget = context
        if context is not None and not counter.exact:
            self._budget = int(MARGIN * context)

    def messages(self, pair: Pair) -> tuple[tuple[Message, ...], int]:
        """Write the prompt for a pair.

        Returns:
            The messages, and how many prefixes were cut.

        Raises:
            NoRoomError: No room is left for the traces.
        """
        messages = self.prompt.messages(pair)
        if self._budget is None:
            return messages, 0
        over = self.tokens(messages) - self._budget
        if over <= 0:
            return messages, 0
        split = self._counter.split
        room = len(split(pair.left.text)) + len(split(pair.right.text)) - over
        pair, cut = shorten(pair, room, split)
        if cut and not (pair.left.text and pair.right.text):
            raise NoRoomError
        return self.prompt.messages(pair), cut

    def learn(self, refusal: Refusal, sent: Sequence[Mapping[str, str]]) -> bool:
        """Take a refusal of messages that are too long; the next ones are shorter."""
        limit, asked = context_of(refusal)
        tokens = sum(self._tokens(message["content"]) for message in sent)
        # Less than both figures say: they count tokens of the server's, and `tokens` are ours.
        ratio = 0.95 * limit / asked if limit and asked else 0.7
        self._budget = min(int(tokens * ratio), self._budget or tokens)
        return True

    def tokens(self, messages: Sequence[Message]) -> int:
        """Count the tokens of a prompt."""
        return sum(self._tokens(message.content) for message in messages)

    def _tokens(self, content: str) -> int:
        return len(self._counter.split(content)) + TEMPLATE
