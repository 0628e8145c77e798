"""Judges that need nothing but the core, and what wraps a judge."""

from deepprune_sdk.judges.by_name import as_judge
from deepprune_sdk.judges.cached import CachedJudge
from deepprune_sdk.judges.learned import LearnedJudge
from deepprune_sdk.judges.wrapper import JudgeWrapper

__all__ = ["CachedJudge", "JudgeWrapper", "LearnedJudge", "as_judge"]
