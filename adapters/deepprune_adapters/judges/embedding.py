"""A judge by cosine similarity of embeddings: the baseline that the DeepPrune paper reports."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from math import exp, fsum, isfinite, sqrt
from pathlib import Path
from threading import Lock
from typing import Self

import anyio.to_thread

from deepprune_adapters.judges.prompts import valid
from deepprune_adapters.judges.sentences import SentenceEncoder, load_encoder
from deepprune_adapters.judges.served_embedding import ServedEmbedding
from deepprune_adapters.judges.static import StaticEmbedding
from deepprune_adapters.server import Server
from deepprune_adapters.server.clients import Clients, KeepsConnections
from deepprune_adapters.server.whole import IDLE_TIMEOUT
from deepprune_sdk import BackendError, JudgeError, Retries
from deepprune_sdk.data import Pair, Usage, Verdict

__all__ = ["Embedder", "EmbeddingJudge", "SentenceEncoder"]

Embedder = Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]
"""Embeds a batch of texts: a vector each, all of one length."""


KEPT = 8192
"""Embeddings kept, the least recently used going first."""

MINILM = (-6.05, 6.27)
"""Intercept and slope from MiniLM's cosine to a probability: `bench/embedding_curve.py` on 16,517
recorded pairs of two small models, every problem weighing the same."""

STATIC = (-6.11, 6.65)
"""The same for wordllama's static vectors of 256 dimensions."""


class EmbeddingJudge(KeepsConnections):
    """The cosine of two prefixes' embeddings, mapped to a probability by a logistic curve.

    Each prefix is embedded once, whatever the number of pairs it is in.
    """

    def __init__(
        self,
        embed: Embedder | ServedEmbedding,
        *,
        name: str = "embedding",
        intercept: float = MINILM[0],
        slope: float = MINILM[1],
        costs_tokens: bool = False,
    ) -> None:
        """Judge by the vectors of `embed`.

        Args:
            embed: Embeds a batch of texts; `EmbeddingJudge.openai` makes one that asks a server.
            name: Name for reports.
            intercept: Of the logistic curve from cosine to probability.
            slope: The same. Every embedding model has its own curve; the defaults are MiniLM's.
            costs_tokens: Whether an embedding costs tokens or money.
        """
        super().__init__(embed.clients if isinstance(embed, ServedEmbedding) else None)
        self.name = name
        self.costs_tokens = costs_tokens
        self._embed = embed
        self._intercept = intercept
        self._slope = slope
        self._known: OrderedDict[str, Sequence[float]] = OrderedDict()
        self._lock = Lock()  # threads may share the judge

    @classmethod
    def sentence_transformers(
        cls,
        model: str | Path | SentenceEncoder,
        *,
        allow_download: bool = False,
        intercept: float = MINILM[0],
        slope: float = MINILM[1],
    ) -> Self:
        """Use a sentence-transformers model, in a worker thread.

        Args:
            model: A loaded model, a directory, or a name in the local Hugging Face cache.
            allow_download: Whether a name may be fetched from the hub.
            intercept: Of the logistic curve from cosine to probability.
            slope: The same.

        Raises:
            MissingExtraError: sentence-transformers is not installed (extra `embed`).
            ConfigurationError: The model cannot be loaded.
        """
        encoder = (
            load_encoder(str(model), allow_download) if isinstance(model, str | Path) else model
        )

        def encode(texts: Sequence[str]) -> Sequence[Sequence[float]]:
            return encoder.encode(list(texts), show_progress_bar=False).tolist()

        return cls(_in_a_thread(encode), intercept=intercept, slope=slope)

    @classmethod
    def static(
        cls,
        path: str | Path,
        *,
        tokenizer: str | Path | None = None,
        intercept: float = STATIC[0],
        slope: float = STATIC[1],
    ) -> Self:
        """Use a static model: model2vec's directory, or the safetensors file of wordllama.

        Args:
            path: The directory or the file.
            tokenizer: The tokenizer's JSON file; None looks for the one beside it.
            intercept: Of the logistic curve from cosine to probability.
            slope: The same; the defaults were fitted to wordllama's 256 dimensions.

        Raises:
            MissingExtraError: numpy, safetensors or tokenizers is not installed (extra `embed`).
            ConfigurationError: The files are missing, or are of another kind.
        """
        embedding = StaticEmbedding(path, tokenizer=tokenizer)
        return cls(_in_a_thread(embedding), name="static", intercept=intercept, slope=slope)

    @classmethod
    def openai(
        cls,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        server: Server | None = None,
        retries: Retries | None = None,
        intercept: float = MINILM[0],
        slope: float = MINILM[1],
    ) -> Self:
        """Use a model behind an OpenAI-compatible `/v1/embeddings`.

        Its curve is not known: fit one to recorded traces (`bench/embedding_curve.py` in the
        repository does) before you trust the probabilities. The ranking of pairs is the same.

        Args:
            model: Name of the model, as the server knows it.
            base_url: Address up to and including `/v1`; OPENAI_BASE_URL, else OpenAI's own.
            api_key: Key; OPENAI_API_KEY where None. A server at `base_url` may need none.
            server: All about the server in one value, instead of address and key.
            retries: How a request that failed is repeated.
            intercept: Of the logistic curve from cosine to probability.
            slope: The same.

        Raises:
            ConfigurationError: The address, the key or a limit cannot work.
        """
        clients = Clients(
            "EmbeddingJudge.openai",
            model,
            server=server,
            base_url=base_url,
            api_key=api_key,
            idle_timeout=IDLE_TIMEOUT,
        )
        served = ServedEmbedding(clients, retries=retries)
        return cls(served, name=model, intercept=intercept, slope=slope, costs_tokens=True)

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch.

        Raises:
            JudgeError: The embedder failed, gave no vector a text, or vectors that cannot be
                compared.
        """
        texts = dict.fromkeys(prefix.text for pair in pairs for prefix in (pair.left, pair.right))
        # Held until the verdicts are there: other batches may push embeddings out meanwhile.
        with self._lock:
            held = {text: self._known[text] for text in texts if text in self._known}
        new, read = await self._embedded([text for text in texts if text not in held])
        held |= new
        verdicts = [self._verdict(held[pair.left.text], held[pair.right.text]) for pair in pairs]
        if read:  # a text is embedded once for all its pairs: the batch's tokens are its first's
            verdicts[0] = replace(verdicts[0], usage=Usage(prompt=read))
        with self._lock:
            for text, vector in held.items():
                self._known[text] = vector
                self._known.move_to_end(text)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return verdicts

    async def _embedded(self, texts: Sequence[str]) -> tuple[dict[str, Sequence[float]], int]:
        """Return the unit vectors of texts, and the tokens that a server has read for them."""
        if not texts:
            return {}, 0
        readable, read = [valid(text) for text in texts], 0
        try:
            if isinstance(self._embed, ServedEmbedding):
                vectors, read = await self._embed.embed(readable)
            else:
                vectors = await self._embed(readable)
        except BackendError as error:
            raise JudgeError(f"judge {self.name}: {error}") from error
        if len(vectors) != len(texts):
            raise JudgeError(f"{self.name}: {len(vectors)} embeddings for {len(texts)} texts")
        with self._lock:
            length = len(next(iter(self._known.values()), vectors[0]))
        for vector in vectors:
            if len(vector) != length:
                raise JudgeError(
                    f"{self.name}: an embedding of size {len(vector)} among those of size {length}"
                )
        return dict(zip(texts, map(_unit, vectors), strict=True)), read

    def _verdict(self, left: Sequence[float], right: Sequence[float]) -> Verdict:
        cosine = fsum(a * b for a, b in zip(left, right, strict=True))
        if not isfinite(cosine):
            return Verdict(probability=None)
        return Verdict(probability=1.0 / (1.0 + exp(-self._intercept - self._slope * cosine)))


def _unit(vector: Sequence[float]) -> Sequence[float]:
    norm = sqrt(fsum(value * value for value in vector))
    return [value / norm for value in vector] if norm > 0.0 else vector


def _in_a_thread(embed: Callable[[Sequence[str]], Sequence[Sequence[float]]]) -> Embedder:
    async def embedder(texts: Sequence[str]) -> Sequence[Sequence[float]]:
        return await anyio.to_thread.run_sync(embed, texts, abandon_on_cancel=True)

    return embedder
