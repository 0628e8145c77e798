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

    What the text states last is its answer: a `\boxed{...}` that holds something, or a statement
    ("the answer is 5", "Antwort: B", "#### 42", `<answer>5</answer>`, `"answer": 5`, "option B is
    correct", a last line that is a letter), in any of the languages of
    `deepprune_sdk.answers.languages`. After a box only a plain statement counts: a number, a
    formula, a letter, or what follows a label. Where nothing is stated, the model ended the text
    itself and does not refuse, the last number is read, whole: `3:30 PM`, `2:1`, `1.5 million`;
    exponents, the numbers of steps and lists, and years in prose are none. Placeholders such as
    `\boxed{answer}` are no answers.

    The answer is returned as it is written, `(B) 12 cm` as its letter. Time is linear in the text:
    statements are looked for in its last 20,000 characters, a number in its last 2,000, boxes in
    the last million. Reasoning that was left in the text, between the marks of any family of
    models, is not read: a draft of an answer is none.

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
