r"""The last `\boxed{...}` of a text, in one pass; and the end of one in a text that grows."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from deepprune_sdk.answers.no_answer import is_placeholder

# A run of backslashes is one token, so that `\{` (odd run) is told from `\\{` and no run is read
# twice; likewise the box commands. Each alternative consumes what it looks at: the pass is linear.
_TOKEN: Final = re.compile(
    r"(?P<slashes>\\+)(?P<box>(?:boxed|fbox)(?![A-Za-z])\s*)?"
    r"|(?P<bare>(?<![A-Za-z])boxed(?=\{)|\x08oxed(?=\{))|[{}]"
)
_COMMANDS: Final = ("boxed", "\\fbox", "\x08oxed{")
# `\boxed 5`, without braces: a number, or one capital letter. Prose about "\boxed notation" is not.
_BARE: Final = re.compile(r"[-+\u2212]?(?:\\?\$)?\.?[0-9](?:[0-9.,/]*[0-9])?%?|[A-Z](?!\w)")
_LINE: Final = 1000
_IN_A_ROW: Final = 20  # boxes that are joined at most
_SPACE: Final = r"(?:[\s$~]|\\[()]|\\q?quad(?![a-z])|\\[ ,;]){0,8}"
_BETWEEN: Final = re.compile(
    rf"{_SPACE}(?:,|;|,?\s?(?:and|or|und|oder|et|ou|y|o|e|и|или|和|或)\b|\\q?quad(?![a-z])"
    rf"|\\text\{{\s?(?:and|or|und|oder|et|ou|y|o|e|и|или)\s?\}}){_SPACE}"
)

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


class Box(NamedTuple):
    """A box that holds something.

    Attributes:
        content: What it holds, without spaces around it; of several boxes in a row, joined.
        end: Where it ends in the text.
    """

    content: str
    end: int


class _Closed(NamedTuple):
    command: int  # where `\boxed` begins
    start: int  # of the content
    stop: int  # of the content
    end: int


def last_box(text: str, *, complete: bool) -> Box | None:
    r"""The last box that holds something, or None.

    "Last" is the one that opens last; `\boxed{1} and \boxed{2}` are one. A box without its closing
    brace is not an answer while the text may continue; the last closed box before it is. When the
    model ended the text itself, it forgot the brace: the rest of that line counts.

    Args:
        text: any text; `\boxed{}`, `\fbox{}` and `\boxed 5` are found, and `boxed{}` without its
            backslash.
        complete: whether the model ended the text itself.
    """
    first = text.find("boxed")
    if first < 0 or "\\fbox" in text or "\x08oxed{" in text:
        first = min((at for at in map(text.find, _COMMANDS) if at >= 0), default=-1)
        if first < 0:
            return None
    closed: list[_Closed] = []
    # The command and the start of a box's content, None for any other brace: the open braces.
    open_braces: list[tuple[int, int] | None] = []
    command = opening = escaped = -1
    for token in _TOKEN.finditer(text, max(0, first - 1)):
        if token["box"] is not None or token["bare"] is not None:
            command, opening = token.start(), token.end()
            bare = _BARE.match(text, opening)
            # At the very end of an unfinished text the next digit may still come.
            if bare and (complete or bare.end() < len(text)):
                closed.append(_Closed(command, opening, bare.end(), bare.end()))
        elif token["slashes"] is not None:
            escaped = token.end() if len(token["slashes"]) % 2 else -1
        elif token.start() == escaped:
            continue
        elif token[0] == "{":
            open_braces.append((command, token.end()) if token.start() == opening else None)
        elif open_braces:
            box = open_braces.pop()
            if box is not None and _is_filled(text, box[1], token.start()):
                closed.append(_Closed(*box, token.start(), token.end()))
    unclosed = next((box for box in reversed(open_braces) if box is not None), None)
    last = max(closed, key=_start, default=None)
    if complete and unclosed is not None and (last is None or unclosed[1] > last.start):
        line = text[unclosed[1] : unclosed[1] + _LINE].partition("\n")[0].rstrip("$)]. \\")
        if line.count("{") == line.count("}") and not is_placeholder(line):
            return Box(line.strip(), unclosed[1] + len(line))
    return None if last is None else _joined(text, closed, last)


def _start(box: _Closed) -> int:
    return box.start


def _is_filled(text: str, start: int, stop: int) -> bool:
    # Nearly every box begins with a digit: that is looked at first.
    return text[start].isdecimal() or not is_placeholder(text[start:stop])


def _joined(text: str, closed: list[_Closed], last: _Closed) -> Box:
    """The last box together with those that stand before it in a row."""
    contents = [text[last.start : last.stop].strip()]
    command = last.command
    for box in reversed(closed):
        if box.end > command or (box.end == command and box is last):
            continue
        if len(contents) == _IN_A_ROW or not _BETWEEN.fullmatch(text, box.end, command):
            break
        contents.insert(0, text[box.start : box.stop].strip())
        command = box.command
    return Box(", ".join(contents), last.end)
