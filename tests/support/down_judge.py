"""A judge whose server is down, in a module that other processes can import too."""

from __future__ import annotations

from collections.abc import Sequence

from deepprune_sdk import JudgeError
from deepprune_sdk.data import Pair, Verdict


class DownJudge:
    """Fails whatever it is asked."""

    name = "down"
    costs_tokens = False

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Fail as an adapter's judge does."""
        raise JudgeError("judge down: cannot reach http://127.0.0.1:9/v1")
