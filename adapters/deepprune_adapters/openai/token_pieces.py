"""Text cut into pieces, one a token, by what the server says of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from deepprune_adapters.tokens import decode_tokens, fit
from deepprune_sdk.data.figures import log_probability
from deepprune_sdk.protocols import TokenCounter

__all__ = ["Entry", "Tokens", "score_entries", "scored_tokens"]

FLOOR = -100.0
"""Least log-probability that counts: servers write -9999 or null for what cannot happen."""


@dataclass(slots=True)
class Tokens:
    """Pieces of one text, and what is known of each.

    Attributes:
        pieces: A piece a token; joined, they are the text.
        exact: Whether they are known to be the model's tokens.
        confidences: Minus the mean log-probability of the top candidates, a piece each, or None.
        logprobs: Log-probability of the token itself, a piece each, or None.
    """

    pieces: list[str]
    exact: bool = True
    confidences: list[float] | None = None
    logprobs: list[float] | None = None

    def part(self, characters: int) -> tuple[Tokens, Tokens]:
        """Part the text after so many characters.

        A piece that lies across is cut in two, both with its figures, unless only white space
        follows: then it stays on the left.
        """
        index, rest = 0, characters
        while index < len(self.pieces) and rest > 0:
            rest -= len(self.pieces[index])
            index += 1
        left, right = self._cut(0, index), self._cut(index, None)
        if rest < 0 and left.pieces[-1][rest:].strip():
            across = self._cut(index - 1, index)
            across.pieces = [left.pieces[-1][rest:]]
            left.pieces[-1] = left.pieces[-1][:rest]
            left.exact = across.exact = right.exact = False
            across.take(right)
            right = across
        return left, right

    def _cut(self, begin: int, end: int | None) -> Tokens:
        return Tokens(
            self.pieces[begin:end],
            self.exact,
            None if self.confidences is None else self.confidences[begin:end],
            None if self.logprobs is None else self.logprobs[begin:end],
        )

    def is_plain(self, exact: bool) -> bool:
        """Whether these are tokens without scores, known as exactly as `exact` says."""
        return self.exact == exact and self.confidences is None and self.logprobs is None

    def take(self, other: Tokens) -> bool:
        """Append `other` if both fit into one chunk; False, and nothing, where they do not."""
        if (
            self.exact != other.exact
            or (self.confidences is None) != (other.confidences is None)
            or (self.logprobs is None) != (other.logprobs is None)
        ):
            return False
        self.pieces += other.pieces
        if self.confidences is not None and other.confidences is not None:
            self.confidences += other.confidences
        if self.logprobs is not None and other.logprobs is not None:
            self.logprobs += other.logprobs
        return True


class Entry(NamedTuple):
    """What a server says of one token.

    Attributes:
        token: Its text.
        spelled: Its bytes, where the server gives them.
        logprob: Its log-probability.
        candidates: Log-probabilities of the candidates for its place.
    """

    token: str
    spelled: bytes
    logprob: float
    candidates: tuple[float, ...]


def score_entries(logprobs: object) -> list[Entry]:
    """Read the log-probabilities of a choice; nothing where they are of another shape.

    Some servers send one number a token, or nothing but names: what nobody can read is not a fault.
    """
    fields = cast("dict[str, Any]", logprobs) if isinstance(logprobs, dict) else {}
    content: Any = fields.get("content")
    if not isinstance(content, list):
        return []
    entries: list[Entry] = []
    for one in cast("list[Any]", content):
        entry = cast("dict[str, Any]", one) if isinstance(one, dict) else {}
        token: Any = entry.get("token")
        if not isinstance(token, str):
            return []
        top: Any = entry.get("top_logprobs")
        candidates = cast("list[Any]", top) if isinstance(top, list) else []
        entries.append(
            Entry(
                token,
                _bytes(entry.get("bytes")),
                _logprob(entry),
                tuple(_logprob(candidate) for candidate in candidates),
            )
        )
    return entries


def scored_tokens(
    entries: Sequence[Entry], text: str, counter: TokenCounter, *, scores: bool = True
) -> Tokens:
    """Cut `text` by the log-probability entries that came with it, one a token.

    Without `scores` only the tokens are read from them: nobody asked for more.

    Where the tokens do not spell the text (the server holds half a character or a stop word back,
    or has taken tags out), there are still as many pieces as tokens.
    """
    pieces = [entry.token for entry in entries]
    exact = True
    if "".join(pieces) != text:
        spelled = [entry.spelled for entry in entries]
        if b"".join(spelled) == text.encode("utf-8", "replace"):
            pieces = decode_tokens(spelled)
        else:
            pieces = fit(counter.split(text), len(entries)) if text else [""] * len(entries)
            exact = len(entries) == 1
    if not scores:
        return Tokens(pieces, exact)
    candidates = [entry.candidates for entry in entries]
    return Tokens(
        pieces,
        exact,
        confidences=[_confidence(top) for top in candidates] if all(candidates) else None,
        logprobs=[entry.logprob for entry in entries],
    )


def _confidence(candidates: Sequence[float]) -> float:
    return -sum(candidates) / len(candidates)


def _logprob(entry: object) -> float:
    value = cast("dict[str, object]", entry).get("logprob") if isinstance(entry, dict) else None
    believed = log_probability(value)
    return FLOOR if believed is None else max(FLOOR, believed)


def _bytes(value: object) -> bytes:
    try:
        return bytes(cast("list[int]", value)) if isinstance(value, list) else b""
    except (TypeError, ValueError):
        return b""
