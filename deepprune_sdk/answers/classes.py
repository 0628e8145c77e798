"""Groups of equal answers."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["AnswerClasses"]


class AnswerClasses:
    """Groups answers that are the same; each group goes by the first form that was seen.

    At most one comparison a known group and new form.
    """

    def __init__(self, equivalent: Callable[[str, str], bool]) -> None:
        """Group by `equivalent`."""
        self._equivalent = equivalent
        self._named: dict[str, str] = {}
        self._names: list[str] = []

    def name(self, answer: str) -> str:
        """Return the form that stands for `answer` and all its equals."""
        known = self._named.get(answer)
        if known is None:
            known = self.find(answer)
            self._named[answer] = known
            if known == answer:
                self._names.append(answer)
        return known

    def find(self, answer: str) -> str:
        """Compare an answer with the known groups, and keep nothing of what is found."""
        return next((name for name in self._names if self._equivalent(name, answer)), answer)
