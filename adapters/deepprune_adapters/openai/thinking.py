"""Reasoning that a server leaves inside the content, between `<think>` and `</think>`."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["ThinkTags"]

OPEN, CLOSE = "<think>", "</think>"
OVERLAP = len(CLOSE) - 1
TAGS = re.compile(f"{OPEN}|{CLOSE}")

State = Literal["start", "thinking", "untagged", "answer"]


class ThinkTags:
    """Says how far the content is reasoning.

    It is in one of four states:

        start      nothing but white space and perhaps half an opening tag has come
        thinking   the text began with `<think>`; it is reasoning until `</think>`
        untagged   the text began with something else; it is content, unless a `</think>` without an
                   opening tag comes and makes reasoning of all before it
        answer     the reasoning is over, or comes in a field of its own: tags are text from here on

    The tags stay in the reasoning text: nothing is held back, the pieces joined are what the server
    sent, and a prefix that is continued is what the model wrote. That works because a reasoning
    chunk makes reasoning of all that came before it: the first half of a tag is emitted as it
    comes, and the half that completes it settles what both are.

    Where the opening tag is missing (chat templates that write it themselves), the closing tag
    makes reasoning of everything before it. A tag that follows other text is text, and so is the
    closing tag that belongs to it.
    """

    def __init__(self, prefix: str = "") -> None:
        """Begin a text that is continued from `prefix`."""
        self._state: State = "start"
        self._head = ""  # at the start: white space and the first characters of a tag, maybe
        self._tail = ""  # later: the last characters, which may be the first half of a tag
        self._literal = 0  # opening tags that are text, and whose closing tags are too
        if prefix:
            self.reasoning_until(prefix)

    @property
    def thinking(self) -> bool:
        """Whether the text that comes next is reasoning."""
        return self._state == "thinking"

    def set_apart(self) -> None:
        """The server sends reasoning in a field of its own: tags in the content are text."""
        self._state = "answer"

    def reasoning_until(self, text: str) -> int:
        """Take the next text; return how many of its characters are still reasoning.

        0 says that the text is content, as far as one can know by now.
        """
        if self._state == "answer" or not text:
            return 0
        if self._state == "start":
            return self._open(text)
        return self._search(text)

    def passes(self, text: str) -> bool:
        """Take a text that is content beyond doubt; False, and nothing, for any other.

        That is the short way of `reasoning_until`: a text without `>` completes no tag.
        """
        if self._state == "answer":
            return True
        if self._state != "untagged" or ">" in text:
            return False
        self._tail = (self._tail + text)[-OVERLAP:]
        return True

    def _open(self, text: str) -> int:
        head = (self._head + text).lstrip()
        if head.startswith(OPEN):
            self._state = "thinking"
            begin = len(text) - len(head) + len(OPEN)
            return begin + self._search(text[begin:])
        if OPEN.startswith(head):
            self._head = head
            return 0
        self._state = "untagged"
        self._tail = self._head
        return self._search(text)

    def _search(self, text: str) -> int:
        """Look for the tag that ends the reasoning; tags end with `>`, and most text has none."""
        window = self._tail + text
        before = len(self._tail)
        self._tail = window[-OVERLAP:]
        thinking = self._state == "thinking"
        if ">" in text:
            for tag in TAGS.finditer(window):
                if tag.end() <= before:  # it was found when its last character came
                    continue
                if tag[0] == OPEN:
                    self._literal += not thinking
                elif self._literal:
                    self._literal -= 1
                else:
                    self._state = "answer"
                    return tag.end() - before
        return len(text) if thinking else 0
