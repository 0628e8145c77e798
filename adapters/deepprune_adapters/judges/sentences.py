"""Loading a sentence-transformers model, from this machine unless downloads are allowed."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

from deepprune_adapters.judges.checkpoint import quiet
from deepprune_sdk import ConfigurationError, MissingExtraError

__all__ = ["SentenceEncoder", "load_encoder"]


class SentenceEncoder(Protocol):
    """What is used of a `sentence_transformers.SentenceTransformer`."""

    def encode(self, sentences: list[str], *, show_progress_bar: bool) -> Any:
        """Return an array of shape (texts, dimensions)."""
        ...


def load_encoder(model: str, allow_download: bool) -> SentenceEncoder:
    """Load a model: safetensors only, and no code of its own.

    Raises:
        MissingExtraError: sentence-transformers is not installed (extra `embed`).
        ConfigurationError: There is no such model.
    """
    try:
        library: Any = import_module("sentence_transformers")
    except ImportError as error:
        raise MissingExtraError(extra="embed", package="sentence-transformers") from error
    try:
        with quiet(import_module("transformers")):
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
