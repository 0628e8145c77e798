"""Answers that are one number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from deepprune_sdk.answers.boxed import OPENING, BoxWatch
from deepprune_sdk.answers.equivalence import exact_number, normalize
from deepprune_sdk.answers.extraction import Answers
from deepprune_sdk.answers.no_answer import is_refusal
from deepprune_sdk.answers.spelled_numbers import read_spelled, spelled_value

__all__ = ["NumberAnswers"]

_READER: Final = Answers(choices=None)
_DECIMAL_COMMA: Final = re.compile(r"\A([^0-9,]*[0-9]+),([0-9]{1,2})(?![0-9,]|, ?[0-9])")
_NEAR: Final = 100  # characters from the end in which a number in words stands
_SPELLED: Final = re.compile(
    r"(?:^|(?<!\w)(?:is|are|was|equals|be|so|ist|sind|est|sont|es|son|é|são|è|sono|равно)\s"
    r"|[是は])[*_\s]*([^\W\d_-]{2,12}(?:[\s-][^\W\d_]{3,12}){0,2})[.。*_\s]*\Z",
    re.IGNORECASE,
)
# "42-45" and a date are no difference.
_RANGE: Final = re.compile(r"[0-9.]+(?: ?- ?[0-9.]+)+")
_COUNTED: Final = re.compile(r"([A-Za-z]{3,9}(?:-[a-z]{3,5})?) ([a-z]{2,20})\.?")
_ORDINAL: Final = re.compile(r"(?<=[0-9])(?:st|nd|rd|th)\Z")
_CONSTANT: Final = re.compile(r"(?:\\(?:frac|sqrt|pi|infty)(?![A-Za-z])|[-+*/^0-9.(){} ])+")


@dataclass(frozen=True, slots=True)
class NumberAnswers:
    r"""One number, with or without a unit: what `Answers` reads, where it is a number.

    A stated answer that is not a number is not an answer here, so a vote is never between `12` and
    a sentence. Numbers are compared by their values: `1,000` = `10^3` = `1e3`, `50%` = `1/2`.
    """

    @property
    def reads_incomplete(self) -> bool:
        """True: a stated number is told from one on the way."""
        return True

    @property
    def probe(self) -> str:
        """What follows the text of a trace that is asked for its answer so far."""
        return f"\n\nSo the final answer is {OPENING}"

    @property
    def instruction(self) -> str:
        r"""What the prompt says about the answer's form."""
        return "Put your final answer, a single number, within \\boxed{}."

    @property
    def spec(self) -> str:
        """How the command line and recordings spell it."""
        return "number"

    def watch(self) -> BoxWatch:
        """Begin to follow a trace. A box is waited for: what is said in words may be a draft."""
        return _READER.watch()

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the number that a text states, or else its last number where it is complete.

        Args:
            text: The answer part of a trace.
            complete: Whether the model ended the text itself. When False, only a stated number
                counts.

        Returns:
            The number as written, or None.
        """
        answer = _READER.extract(text, complete=complete)
        if answer is None and complete and not is_refusal(text):
            near = text[-_NEAR:]
            spelled = _SPELLED.search(near)
            # "That is one way" says no number.
            if spelled and ("answer" in near.lower() or not _counts(spelled[1])):
                answer = spelled[1]
        return answer if answer is not None and _is_number(answer) else None

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both have the same value; see `normalize`."""
        return _form(left) == _form(right)


def _counts(words: str) -> bool:
    """Whether words are a number of something that is not a unit: "one way"."""
    return exact_number(words) is None and _COUNTED.fullmatch(words) is not None


def _form(answer: str) -> str:
    """The canonical form of one number, in which a comma divides no list: `3,75` is `15/4`."""
    spelled = spelled_value(answer)
    if spelled is not None:
        return str(spelled)
    form = normalize(_DECIMAL_COMMA.sub(r"\1.\2", _ORDINAL.sub("", answer), count=1))
    counted = _COUNTED.fullmatch(form)  # whatever it is: "four boxes"
    value = read_spelled(counted[1]) if counted is not None else None
    return str(value[0]) if value is not None and not value[1] else form


def _is_number(answer: str) -> bool:
    form = _form(answer)
    if exact_number(form) is not None:
        return True
    if _RANGE.fullmatch(form):
        return False
    valued = any(sign.isdigit() for sign in form) or "\\pi" in form or "\\infty" in form
    return valued and _CONSTANT.fullmatch(form) is not None
