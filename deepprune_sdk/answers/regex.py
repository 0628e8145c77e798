"""Answers by a pattern of the user's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from deepprune_sdk.answers.plain import plain
from deepprune_sdk.answers.regex_cost import explodes
from deepprune_sdk.answers.thinking import without_thinking
from deepprune_sdk.errors import ConfigurationError

__all__ = ["RegexAnswers"]

GROUP: Final = "answer"
"""The group of a pattern that holds the answer, where it has one of that name."""


@dataclass(frozen=True, slots=True)
class RegexAnswers:
    r"""The last match of a pattern, for replies whose form the prompt asks for.

    ```python
    RegexAnswers(r"LABEL: (\w+)")
    RegexAnswers(r"(?m)^Verdict: (?P<answer>.+)$")
    ```

    The answer is the group named `answer`, else the first group, else the whole match. Two answers
    are the same where their words are, as with `TextAnswers`: `3.10` is not `3.1`. In a text that
    the model has not ended, a match counts once something follows it: before, it might continue.

    A pattern that can take exponential time, such as `(a+)+$`, is refused: nothing could cut that
    short, in this thread or in another.

    Attributes:
        pattern: The regular expression, as Python's `re` takes it; flags go inline, as `(?i)`.
    """

    pattern: str

    def __post_init__(self) -> None:
        """Compile the pattern.

        Raises:
            ConfigurationError: It is not a regular expression, and names the place of the fault; or
                it may take exponential time.
        """
        try:
            _compiled(self.pattern)
            form = explodes(self.pattern)
        except (re.error, RecursionError, OverflowError, TypeError) as error:
            raise ConfigurationError(
                f"RegexAnswers({self.pattern!r}) is not a regular expression: {error}"
            ) from error
        if form:
            raise ConfigurationError(
                f"RegexAnswers({self.pattern!r}) repeats a repetition, {form}, before what may "
                "fail: some texts would take years; write one repetition, put something between "
                "the two that must be there, or make the inner one possessive, as in (...++)+"
            )

    @classmethod
    def by_name(cls, argument: str) -> Self:
        """Make it of what follows `regex:`.

        Raises:
            ConfigurationError: There is no pattern, or it is not a regular expression.
        """
        if not argument:
            raise ConfigurationError(r"regex needs a pattern, as in regex:LABEL: (\w+)")
        return cls(argument)

    @property
    def reads_incomplete(self) -> bool:
        """True: a match that something follows is complete."""
        return True

    @property
    def spec(self) -> str:
        """How the command line and recordings spell it."""
        return f"regex:{self.pattern}"

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the last match that holds something.

        Args:
            text: The answer part of a trace.
            complete: Whether the model ended the text itself.
        """
        text = without_thinking(text, complete=complete)
        answer: str | None = None
        for found in _compiled(self.pattern).finditer(text):
            if found.end() < len(text) or complete:
                answer = _of(found) or answer
        return answer

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both are the same but for case, markup, quotes and final punctuation."""
        return plain(left) == plain(right)


def _of(found: re.Match[str]) -> str:
    groups = found.re.groupindex
    group = groups.get(GROUP, 1 if found.re.groups else 0)
    return (found[group] or "").strip()


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
