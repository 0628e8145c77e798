"""Answers that are code: the last fenced block of a reply."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from deepprune_sdk.answers.thinking import without_thinking

__all__ = ["CodeAnswers"]

_FENCE: Final = re.compile(r"([ \t]*)(`{3,}|~{3,})([^\n]*)")


@dataclass(frozen=True, slots=True, init=False)
class CodeAnswers:
    """The last fenced code block of a reply, compared by a function of yours or by its text.

    ```python
    CodeAnswers()                           # the same text, but for blank lines and line ends
    CodeAnswers(lambda a, b: run(a) == run(b))
    ```

    As text, two programs are the same where they differ only in blank lines and in white space at
    the ends of lines. Comments count. A function of yours should be an equivalence relation,
    because votes group answers by it; it is asked only about programs whose texts differ.
    """

    _same: Callable[[str, str], bool] | None

    def __init__(self, equivalent: Callable[[str, str], bool] | None = None) -> None:
        """Keep the function.

        Args:
            equivalent: Whether two programs are the same; None compares their texts.
        """
        object.__setattr__(self, "_same", equivalent)

    @property
    def reads_incomplete(self) -> bool:
        """True: a block that is closed is complete."""
        return True

    @property
    def instruction(self) -> str:
        """What the prompt says about the answer's form."""
        return "Put your final answer into one fenced code block at the end."

    @property
    def spec(self) -> str | None:
        """How the command line and recordings spell it; None with a function of yours."""
        return "code" if self._same is None else None

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the last fenced block that holds something.

        Args:
            text: The answer part of a trace.
            complete: Whether the model ended the text itself. When False, a block that is not
                closed is not an answer, and neither is one before it.
        """
        return _last_block(without_thinking(text, complete=complete), complete=complete)

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both are the same text, or the function says that they are the same program."""
        if _form(left) == _form(right):
            return True
        return self._same is not None and self._same(left, right)


def _last_block(text: str, *, complete: bool) -> str | None:
    best: str | None = None
    fence, indent = "", 0
    block: list[str] = []
    for line in text.splitlines():
        found = _FENCE.fullmatch(line)
        if not fence:
            # The rest of a line that opens a block names a language, and holds no backticks.
            if found and "`" not in found[3]:
                fence, indent, block = found[2], len(found[1]), []
        elif (
            found
            and found[2][0] == fence[0]
            and len(found[2]) >= len(fence)
            and not found[3].strip()
        ):
            best = _joined(block) or best
            fence = ""
        else:
            block.append(line.removeprefix(line[:indent]) if not line[:indent].strip() else line)
    if fence:
        return (_joined(block) or best) if complete else None
    return best


def _joined(block: list[str]) -> str:
    return "\n".join(line.rstrip() for line in block).strip("\n")


def _form(code: str) -> str:
    return "\n".join(line.rstrip() for line in code.splitlines() if line.strip())
