"""Everything that waits: the shell that drives the engine over open streams."""

from deepprune_sdk.live.requests import Requests
from deepprune_sdk.live.retry import Retries
from deepprune_sdk.live.run import Run

__all__ = ["Requests", "Retries", "Run"]
