"""Everything that waits: the shell that drives the engine over open streams."""

from deepprune_sdk.live.judging import JudgingLimits
from deepprune_sdk.live.retry import Retries
from deepprune_sdk.live.run import Run

__all__ = ["JudgingLimits", "Retries", "Run"]
