"""Traces from llama.cpp in this process; extra `local`."""

from deepprune_adapters.llama.backend import LlamaBackend

__all__ = ["LlamaBackend"]
