"""The sans-I/O heart of a run, and the summary of what came of it."""

from deepprune_sdk.engine.engine import PROBE, Engine

__all__ = ["PROBE", "Engine"]
