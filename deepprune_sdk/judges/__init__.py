"""Judges that need nothing but the core."""

from deepprune_sdk.judges.cached import CachedJudge
from deepprune_sdk.judges.learned import LearnedJudge

__all__ = ["CachedJudge", "LearnedJudge"]
