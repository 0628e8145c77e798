"""Close a trace once its final answer is complete, without waiting for its closing words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.signals import Close, Decision
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.policies.base import Advanced, Observation, PolicyState, RunSetup, RunView

__all__ = ["BoxScanner", "StopAtAnswer"]


class StopAtAnswer(Config):
    r"""Close a trace at the brace that completes a `\boxed{...}`.

    In the reasoning part only if asked for: an answer there may still be withdrawn.
    """

    name: Literal["stop-at-answer"] = "stop-at-answer"
    in_reasoning: bool = False
    """Whether an answer inside the reasoning part counts."""
    every: int = Field(default=8, ge=1)
    """Tokens between looks."""

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run."""
        del setup
        return _AnsweredState(self)


class BoxScanner:
    r"""Finds the end of a `\boxed{...}` with something in it, reading each character once."""

    OPENING = "\\boxed{"

    def __init__(self) -> None:
        """Begin outside of any box."""
        self._matched = 0
        self._depth = 0
        self._filled = False
        self.complete: bool = False

    def read(self, text: str) -> None:
        """Read on; `complete` is set at the brace that closes a box which is not empty."""
        for character in text:
            if self._depth == 0:
                if character == self.OPENING[self._matched]:
                    self._matched += 1
                    if self._matched == len(self.OPENING):
                        self._matched, self._depth, self._filled = 0, 1, False
                else:
                    self._matched = int(character == self.OPENING[0])
            elif character == "}":
                self._depth -= 1
                self.complete = self.complete or (self._depth == 0 and self._filled)
            else:
                self._depth += character == "{"
                self._filled = self._filled or not character.isspace()


class _AnsweredState(PolicyState):
    def __init__(self, policy: StopAtAnswer) -> None:
        self._policy = policy
        self._scanners: dict[int, tuple[BoxScanner, int]] = {}

    def interest(self, trace: Trace) -> int | None:
        return (trace.tokens // self._policy.every + 1) * self._policy.every

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if not isinstance(seen, Advanced):
            return
        trace = seen.trace
        scanner, read = self._scanners.get(trace.index, (BoxScanner(), 0))
        if not self._policy.in_reasoning:
            read = max(read, trace.reasoning_pieces)
        scanner.read(trace.pieces.text(read))
        self._scanners[trace.index] = (scanner, trace.tokens)
        if scanner.complete:
            yield Close(trace=trace.index, reason="answered", outcome="answered")
