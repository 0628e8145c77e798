"""How many tokens the texts of one stream have, by the server's figures as far as they go.

What is known of a text, from the best to the least:

1. log-probability entries, one per token (`token_pieces.scored_tokens`, not here);
2. running usage: each event carries the total of tokens written so far, and what the total has
   grown by is what the event's text has;
3. nothing. Then a counter of ours cuts the text into tokens that look like the model's.

Servers send the total beside the text, and the two do not always keep step: vLLM holds back the
text of half a character or of a possible stop word but has already counted its tokens, proxies
join texts and pass on only the last figure, others report one event late. So two sums are kept,
the pieces handed out and the tokens reported, and what matters is their difference:

    ahead = pieces handed out - tokens reported

It is 0 while both keep step. Above 0, texts have come that no figure has accounted for yet, so the
next figure pays for them first. Below 0, figures have come whose text is still to come. A text
that comes with a figure therefore has

    count = tokens newly reported - ahead

tokens, and once it is cut into that many pieces `ahead` is 0 again. So an error in one event is
made good by the next ones, and the pieces of a whole stream are as many as the server says. Where
`count` is below 1 the text is still one piece, because text is never thrown away, and `ahead`
grows by the surplus.

What is exact and what is estimated: the total that the server reports is exact, always; chunks
carry it as their usage. A single piece for a single token is the model's own token. Several pieces
for several tokens are right in number, but our counter chose where to cut, so they are marked as
not exact. So is every text that was counted here, unless the counter is known to be the model's.
"""

from __future__ import annotations

from deepprune_adapters.openai.events import Reported
from deepprune_adapters.openai.token_pieces import Tokens
from deepprune_adapters.tokens import fit
from deepprune_sdk.data.types import Usage
from deepprune_sdk.protocols import TokenCounter

__all__ = ["TokenAccount"]

INVISIBLE = 64
"""Most tokens without any text that one event is believed to report."""


class TokenAccount:
    """Cuts the texts of one stream into as many pieces as they have tokens.

    For each text: `note` and `count` where a report came with it, then `cut`, then `add` with the
    number of pieces that it became. The short way is `is_next` and `add_next`, or `add_counted`.

    Attributes:
        tokens: Pieces so far.
        reported: Whether usage has come.
        running_usage: Whether usage comes with the text, and not with the end only.
        reasoning: Tokens of reasoning that the server says it wrote.
    """

    def __init__(self, counter: TokenCounter) -> None:
        """Begin a stream, whose tokens `counter` counts where the server does not."""
        self._counter = counter
        self._accounted = 0  # the largest running total so far
        self._ahead = 0
        self._latest: Reported | None = None  # of what came since a chunk was given its usage
        self.tokens = 0
        self.reported = False
        self.running_usage = False
        self.reasoning = 0

    def note(self, usage: Reported) -> None:
        """Take what the server reports, whether or not a text came with it."""
        self.reported = True
        self.reasoning = max(self.reasoning, usage.reasoning)
        if self._latest is None or usage > self._latest:  # totals are cumulative: never the sum
            self._latest = usage

    def take_usage(self) -> Usage | None:
        """Return the latest report, once."""
        latest = self._latest
        if latest is None:
            return None
        self._latest = None
        return latest.usage

    # --- the short way ----------------------------------------------------------------------------

    def is_next(self, usage: Reported) -> bool:
        """Whether a text with this report is one token, beyond doubt.

        It is where both sums have kept step and the total is one more: the long way would find a
        count of 1 - 0, make one exact piece, and leave `ahead` at 0.
        """
        return self.running_usage and not self._ahead and usage.generated == self._accounted + 1

    def add_next(self, usage: Reported) -> None:
        """Take one more token for which `is_next` holds: both sums grow by one."""
        if self._latest is None or usage > self._latest:
            self._latest = usage
        self._accounted += 1
        self.tokens += 1

    def add_counted(self, text: str) -> list[str]:
        """Cut and take a text of which the server says nothing, as `cut` and `add` would."""
        pieces = self._counter.split(text)
        self.tokens += len(pieces)
        self._ahead += len(pieces)
        return pieces

    # --- the long way -----------------------------------------------------------------------------

    def count(self, text: str, usage: Reported, *, ended: bool) -> int | None:
        """Return how many tokens a report says that a text has; None where it says nothing of it.

        A figure that the text cannot have (hidden reasoning, or a wrong one), and running usage
        that begins in the middle of a stream, start the account afresh: the total is taken as it
        is, this text is counted here, and `ahead` is 0 once its pieces are added.

        Args:
            text: The text that came with the report, or "".
            usage: The report.
            ended: Whether the model ended with it.
        """
        if ended and not self.running_usage:
            return None  # the total of all texts, in the last event: nothing of this one
        new = max(0, usage.generated - self._accounted)
        self._accounted += new
        begun, self.running_usage = self.running_usage, True
        count = new - self._ahead
        # A token has a byte at least, but for those whose text is held back or never comes.
        possible = count <= INVISIBLE or count <= len(text.encode("utf-8", "replace")) + INVISIBLE
        if not possible or (self.tokens and not begun):
            self._ahead = -len(self._counter.split(text))
            return None
        self._ahead -= new
        return count

    def cut(self, text: str, count: int | None) -> Tokens:
        """Cut a text into `count` pieces, or as the counter does where nobody said how many."""
        if count is None:
            return Tokens(self._counter.split(text) if text else [], self._counter.exact)
        if count <= 1:
            return Tokens([text] if text or count == 1 else [], exact=count == 1)
        return Tokens(fit(self._counter.split(text) if text else [], count), exact=not text)

    def add(self, pieces: int) -> None:
        """Take the pieces that were made of a text."""
        self.tokens += pieces
        self._ahead += pieces
