r"""The last `\boxed{...}` of a text, in one pass; and the end of one in a text that grows."""

from __future__ import annotations

import re
from typing import Final

# A run of backslashes is one token, so that `\{` (odd run) is told from `\\{` and no run is read
# twice; likewise the box commands. Each alternative consumes what it looks at: the pass is linear.
_TOKEN: Final = re.compile(r"(?P<slashes>\\+)(?P<box>(?:boxed|fbox)(?![A-Za-z])\s*)?|[{}]")
# `\boxed 5`, without braces: a number, or one capital letter. Prose about "\boxed notation" is not.
_BARE: Final = re.compile(r"[-+\u2212]?(?:\\?\$)?\.?[0-9](?:[0-9.,/]*[0-9])?%?|[A-Z](?!\w)")
# What a template or an echo of the instruction leaves in a box.
_EMPTY: Final = re.compile(r"(?:\\[lc]?dots|\\[ ,;:!]|[\s.…$~{}?_])*")
_SPACE_RUN: Final = 1000

OPENING: Final = "\\boxed{"
BOX_REACH: Final = 1_000_000
"""Characters from the end in which a box is looked for."""


class BoxWatch:
    r"""Sees where a `\boxed{...}` with something in it is closed, reading each character once."""

    def __init__(self) -> None:
        """Begin outside of any box."""
        self._matched = 0
        self._depth = 0
        self._filled = False

    def read(self, text: str) -> bool:
        """Read on; return whether a box which is not empty was closed in `text`."""
        closed = False
        for character in text:
            if self._depth == 0:
                if character == OPENING[self._matched]:
                    self._matched += 1
                    if self._matched == len(OPENING):
                        self._matched, self._depth, self._filled = 0, 1, False
                else:
                    self._matched = int(character == OPENING[0])
            elif character == "}":
                self._depth -= 1
                closed = closed or (self._depth == 0 and self._filled)
            else:
                self._depth += character == "{"
                self._filled = self._filled or not character.isspace()
        return closed


def last_boxed(text: str, *, complete: bool) -> str | None:
    r"""The content of the last box that holds something, or None.

    "Last" is the one that opens last. A box without its closing brace is no answer while the text
    may go on; the last closed box before it is. When the model ended the text itself, it forgot the
    brace: the rest of that line counts.

    Args:
        text: any text; `\boxed{}`, `\fbox{}` and `\boxed 5` are found.
        complete: whether the model ended the text itself.
    """
    first = min((at for at in (text.find("\\boxed"), text.find("\\fbox")) if at >= 0), default=-1)
    if first < 0:
        return None
    best: tuple[int, int] | None = None
    # Start of the content for a box's brace, None for any other: the stack of open braces.
    open_braces: list[int | None] = []
    opening = escaped = -1
    for token in _TOKEN.finditer(text, first):
        if token["box"] is not None:
            opening = token.end()
            bare = _BARE.match(text, opening)
            # At the very end of an unfinished text the next digit may still come.
            if bare and (complete or bare.end() < len(text)) and _newer(best, opening):
                best = (opening, bare.end())
        elif token["slashes"] is not None:
            escaped = token.end() if len(token["slashes"]) % 2 else -1
        elif token.start() == escaped:
            continue
        elif token[0] == "{":
            open_braces.append(token.end() if token.start() == opening else None)
        elif open_braces:
            start = open_braces.pop()
            if (
                start is not None
                and _newer(best, start)
                and not _EMPTY.fullmatch(text, start, token.start())
            ):
                best = (start, token.start())
    unclosed = next((start for start in reversed(open_braces) if start is not None), None)
    if complete and unclosed is not None and _newer(best, unclosed):
        line = text[unclosed : unclosed + _SPACE_RUN].partition("\n")[0].rstrip("$)]. \\")
        if not _EMPTY.fullmatch(line):
            return line.strip()
    return text[best[0] : best[1]].strip() if best else None


def _newer(best: tuple[int, int] | None, start: int) -> bool:
    return best is None or start > best[0]
