"""The sans-I/O heart of a run, and the summary of what came of it."""

from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.engine.roster import Roster

__all__ = ["Engine", "Roster"]
