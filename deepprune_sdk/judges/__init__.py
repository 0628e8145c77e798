"""Judges that need nothing but the core."""

from deepprune_sdk.judges.lexical import LexicalJudge

__all__ = ["LexicalJudge"]
