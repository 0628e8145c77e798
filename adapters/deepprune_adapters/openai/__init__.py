"""Traces from any OpenAI-compatible server."""

from deepprune_adapters.openai.backend import OpenAIBackend

__all__ = ["OpenAIBackend"]
