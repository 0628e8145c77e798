"""A judge by cosine similarity of embeddings: the baseline that the DeepPrune paper reports."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from math import exp, fsum, isfinite, sqrt
from pathlib import Path
from typing import Any, Protocol, Self

import anyio.to_thread

from deepprune_sdk import ConfigurationError, JudgeError, MissingExtraError, Pair, Verdict

__all__ = ["Embedder", "EmbeddingJudge", "SentenceEncoder"]

Embedder = Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]
"""Embeds a batch of texts: a vector each, all of one length."""


class SentenceEncoder(Protocol):
    """What is used of a `sentence_transformers.SentenceTransformer`."""

    def encode(self, sentences: list[str], *, show_progress_bar: bool) -> Any:
        """Return an array of shape (texts, dimensions)."""
        ...


KEPT = 8192
"""Embeddings kept, the least recently used going first."""


class EmbeddingJudge:
    """The cosine of two prefixes' embeddings, mapped to a probability by a logistic curve.

    Each prefix is embedded once, whatever the number of pairs it is in.
    """

    costs_tokens = False

    def __init__(
        self,
        embed: Embedder,
        *,
        name: str = "embedding",
        intercept: float = -7.5,
        slope: float = 7.8,
    ) -> None:
        """Judge by the vectors of `embed`.

        Args:
            embed: Embeds a batch of texts.
            name: Name for reports.
            intercept: Of the logistic curve from cosine to probability.
            slope: The same; the defaults were fitted to MiniLM.
        """
        self.name = name
        self._embed = embed
        self._intercept = intercept
        self._slope = slope
        self._known: OrderedDict[str, Sequence[float]] = OrderedDict()

    @classmethod
    def sentence_transformers(
        cls, model: str | Path | SentenceEncoder, *, allow_download: bool = False
    ) -> Self:
        """Use a sentence-transformers model, in a worker thread.

        Args:
            model: A loaded model, a directory, or a name in the local Hugging Face cache.
            allow_download: Whether a name may be fetched from the hub.

        Raises:
            MissingExtraError: sentence-transformers is not installed (extra `embed`).
            ConfigurationError: The model cannot be loaded.
        """
        encoder = _load(str(model), allow_download) if isinstance(model, str | Path) else model

        def encode(texts: Sequence[str]) -> Sequence[Sequence[float]]:
            return encoder.encode(list(texts), show_progress_bar=False).tolist()

        async def embed(texts: Sequence[str]) -> Sequence[Sequence[float]]:
            return await anyio.to_thread.run_sync(encode, texts, abandon_on_cancel=True)

        return cls(embed)

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch.

        Raises:
            JudgeError: The embedder gave no vector a text, or vectors that cannot be compared.
        """
        texts = dict.fromkeys(prefix.text for pair in pairs for prefix in (pair.left, pair.right))
        await self._remember([text for text in texts if text not in self._known])
        verdicts = [self._verdict(pair) for pair in pairs]
        for text in texts:
            self._known.move_to_end(text)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return verdicts

    async def _remember(self, texts: Sequence[str]) -> None:
        if not texts:
            return
        vectors = await self._embed(texts)
        if len(vectors) != len(texts):
            raise JudgeError(f"{self.name}: {len(vectors)} embeddings for {len(texts)} texts")
        length = len(next(iter(self._known.values()), vectors[0]))
        for text, vector in zip(texts, vectors, strict=True):
            if len(vector) != length:
                raise JudgeError(
                    f"{self.name}: an embedding of size {len(vector)} among those of size {length}"
                )
            self._known[text] = _unit(vector)

    def _verdict(self, pair: Pair) -> Verdict:
        left, right = self._known[pair.left.text], self._known[pair.right.text]
        cosine = fsum(a * b for a, b in zip(left, right, strict=True))
        if not isfinite(cosine):
            return Verdict(probability=None)
        return Verdict(probability=1.0 / (1.0 + exp(-self._intercept - self._slope * cosine)))


def _unit(vector: Sequence[float]) -> Sequence[float]:
    norm = sqrt(fsum(value * value for value in vector))
    return [value / norm for value in vector] if norm > 0.0 else vector


def _load(model: str, allow_download: bool) -> SentenceEncoder:
    try:
        library: Any = import_module("sentence_transformers")
    except ImportError as error:
        raise MissingExtraError(extra="embed", package="sentence-transformers") from error
    try:
        return library.SentenceTransformer(
            model,
            local_files_only=not allow_download,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError) as error:
        hint = "" if allow_download else ", or allow_download=True to fetch it by name"
        raise ConfigurationError(
            f"no sentence-transformers model at {model!r}: give its directory{hint}"
        ) from error
