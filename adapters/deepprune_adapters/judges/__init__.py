"""Judges that need a model or a provider."""

from deepprune_adapters.judges.embedding import EmbeddingJudge

__all__ = ["EmbeddingJudge"]
