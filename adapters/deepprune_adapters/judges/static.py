"""Static embeddings: a vector a token, looked up and averaged; no neural network at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from deepprune_sdk import ConfigurationError, MissingExtraError

__all__ = ["StaticEmbedding"]

BATCH = 64
"""Texts tokenized at once."""


class StaticEmbedding:
    """The mean of a text's token vectors, as model2vec and wordllama compute it.

    Read from their files, by safetensors and tokenizers alone: neither torch nor the libraries that
    wrote them are needed.
    """

    def __init__(self, path: str | Path, *, tokenizer: str | Path | None = None) -> None:
        """Load the vectors.

        Args:
            path: A safetensors file, or a model2vec directory.
            tokenizer: Its tokenizer's JSON file; None looks for the one beside it.

        Raises:
            MissingExtraError: numpy, safetensors or tokenizers is not installed (extra `embed`).
            ConfigurationError: The files are missing, or are of another kind.
        """
        self._numpy = _library("numpy")
        weights, vocabulary = _files(Path(path).expanduser(), tokenizer)
        try:
            tensors: Any = _library("safetensors.numpy").load_file(str(weights))
            text = vocabulary.read_text(encoding="utf-8")
            self._tokenizer: Any = _library("tokenizers").Tokenizer.from_str(text)
            unknown = json.loads(text)["model"].get("unk_token")
        except MissingExtraError:
            raise
        except Exception as error:  # each library has its own for a broken file
            why = " ".join(str(error).split())[:120]
            raise ConfigurationError(f"no static embedding at {str(path)!r}: {why}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._unknown: int | None = unknown and self._tokenizer.token_to_id(unknown)
        self._vectors = self._table(tensors, path)
        # A quantized vocabulary shares vectors between tokens, and weighs them.
        self._rows: Any = tensors.get("mapping")
        self._weights: Any = tensors.get("weights")
        tokens = len(self._vectors if self._rows is None else self._rows)
        if self._tokenizer.get_vocab_size() > tokens:
            raise ConfigurationError(
                f"static embedding {str(path)!r}: {tokens} vectors for the "
                f"{self._tokenizer.get_vocab_size()} tokens of {vocabulary.name}: they do not "
                "belong together"
            )

    def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts; one without a known token has the vector 0."""
        numpy = self._numpy
        vectors: list[list[float]] = []
        for begin in range(0, len(texts), BATCH):
            batch = list(texts[begin : begin + BATCH])
            for encoded in self._tokenizer.encode_batch(batch, add_special_tokens=False):
                known = [token for token in encoded.ids if token != self._unknown]
                vector = self._mean(numpy.asarray(known, dtype=numpy.int64))
                vectors.append(cast("list[float]", vector.tolist()))
        return vectors

    def _mean(self, ids: Any) -> Any:
        numpy = self._numpy
        if not len(ids):
            return numpy.zeros(self._vectors.shape[1], dtype=numpy.float32)
        vectors = self._vectors[ids if self._rows is None else self._rows[ids]]
        if self._weights is not None:
            vectors = vectors * self._weights[ids][:, None]
        return vectors.mean(axis=0)

    def _table(self, tensors: dict[str, Any], path: str | Path) -> Any:
        for name in ("embeddings", "embedding.weight"):
            table = tensors.get(name)
            if table is not None and table.ndim == 2:
                return table.astype(self._numpy.float32)
        held = ", ".join(sorted(tensors)[:5]) or "nothing"
        raise ConfigurationError(
            f"no static embedding at {str(path)!r}: the file holds {held}, and neither "
            "'embeddings' (model2vec) nor 'embedding.weight' (wordllama)"
        )


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(extra="embed", package=name.partition(".")[0]) from error


def _files(path: Path, tokenizer: str | Path | None) -> tuple[Path, Path]:
    weights = path / "model.safetensors" if path.is_dir() else path
    if path.is_dir() and not weights.is_file():  # as sentence-transformers lays it out
        weights = path / "0_StaticEmbedding" / "model.safetensors"
    if not weights.is_file():
        raise ConfigurationError(
            f"no static embedding at {str(path)!r}: give a safetensors file, or a directory with "
            "model.safetensors"
        )
    if tokenizer is not None:
        vocabulary = Path(tokenizer).expanduser()
        if vocabulary.is_file():
            return weights, vocabulary
        raise ConfigurationError(f"tokenizer={str(tokenizer)!r}: there is no such file")
    vocabulary = weights.with_name("tokenizer.json")
    if vocabulary.is_file():
        return weights, vocabulary
    # wordllama keeps its vectors in `weights` and its tokenizers in a folder beside that.
    name = f"{weights.stem.rpartition('_')[0]}_tokenizer_config.json"
    for folder in ("tokenizers", "tokenizer"):
        vocabulary = weights.parent.parent / folder / name
        if vocabulary.is_file():
            return weights, vocabulary
    raise ConfigurationError(
        f"static embedding {str(path)!r} has no tokenizer.json beside it: give tokenizer="
    )
