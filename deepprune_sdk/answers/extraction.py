"""The extractor of mathematics and multiple choice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from deepprune_sdk.answers.boxed import OPENING, BoxWatch
from deepprune_sdk.answers.choices import Choices
from deepprune_sdk.answers.equivalence import normalize
from deepprune_sdk.answers.last_value import last_value
from deepprune_sdk.answers.no_answer import is_refusal
from deepprune_sdk.answers.statements import ends_open, last_statement
from deepprune_sdk.answers.thinking import without_thinking

_BOX: Final = "\\boxed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    r"""Finds final answers in mathematics and multiple-choice texts; the default extractor.

    In this order: the last `\boxed{...}` that holds something; the last explicit statement ("the
    answer is 5", "Answer: B", "#### 42", "option B is correct", a last line that is one letter);
    and, where the model ended the text itself, the last number. The answer is returned as it is
    written, `(B) 12 cm` as its letter. Time is linear in the text: statements and numbers are
    looked for in its last 20,000 characters, boxes in the last million.

    Where the reasoning was left in the text between `<think>` and `</think>`, only what follows it
    is read: a draft of an answer is none.

    Attributes:
        choices: The letters of multiple-choice answers, in capitals; None reads no letters, for
            questions whose answers are words or formulas.
        last_number: Whether a text without any statement is answered by its last number. Turn it
            off where a wrong ballot costs more than a missing one.
        probe: What follows the text of a trace that is asked for its answer so far.
    """

    choices: str | None = "ABCDEFGHIJ"
    last_number: bool = True
    probe: str = f"\n\nSo the final answer is {OPENING}"

    @property
    def instruction(self) -> str:
        """What the prompt says about the answer's form."""
        return "Reason step by step, and put your final answer within \\boxed{}."

    @property
    def spec(self) -> str | None:
        """How the command line and recordings spell it; None with settings of your own."""
        return "math" if self == Answers() else None

    @property
    def reads_incomplete(self) -> bool:
        """True: a stated answer is told from a number on the way."""
        return True

    def watch(self) -> BoxWatch:
        """Begin to follow a trace. A box is waited for: what is said in words may be a draft."""
        return BoxWatch()

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the final answer stated in `text`.

        Args:
            text: The answer part of a trace.
            complete: Whether the model ended the text itself. When False, only an explicitly
                stated, complete answer counts: no unclosed box, no last number.

        Returns:
            The answer as written, or None.
        """
        text = without_thinking(text, complete=complete)
        choices = _choices(self.choices.upper()) if self.choices else None
        said = last_statement(text, complete=complete, choices=choices)
        if said is not None or not complete or not self.last_number:
            return said
        # A box that holds nothing is where the answer should be: what stands before it is not it.
        text = text[text.rfind(_BOX) + 1 :]
        if is_refusal(text) or ends_open(text) or (choices and choices.ends_in_list(text)):
            return None
        return last_value(text, choices)

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both have the same canonical form; see `normalize` for what that joins."""
        return normalize(left) == normalize(right)


@lru_cache(maxsize=16)
def _choices(letters: str) -> Choices:
    return Choices(letters)
