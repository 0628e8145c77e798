"""Pairs as tokens: the same for a model that judges and for one that is being trained to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from deepprune_adapters.judges.prompts import JudgePrompt, shorten, valid
from deepprune_sdk.data import Pair

__all__ = ["PromptEncoder", "pad_rows"]


class PromptEncoder:
    """Writes the prompt for a pair and cuts it into tokens.

    A model with a chat template is asked through it. One without gets the instruction, the input
    and, where it generates its label, `Label:`.
    """

    def __init__(
        self, tokenizer: Any, prompt: JudgePrompt, *, generates: bool, context: int | None
    ) -> None:
        """Name the tokenizer and the template.

        Args:
            tokenizer: A Hugging Face tokenizer.
            prompt: What is asked.
            generates: Whether a label is generated after the prompt; a classifier generates none.
            context: Most tokens of a prompt, or None.
        """
        self.tokenizer = tokenizer
        self.prompt = prompt
        self.chats = bool(getattr(tokenizer, "chat_template", None))
        self._generates = generates
        self._context = context

    def encode(self, pair: Pair) -> tuple[list[int], int]:
        """Tokenize a pair's prompt, its prefixes cut to the first k tokens that the context holds.

        Returns:
            The tokens, none where the traces have no room; and how many prefixes were cut.
        """
        ids = self._encoded(pair)
        if self._context is None or len(ids) <= self._context:
            return ids, 0
        traces = len(self._split(pair.left.text)) + len(self._split(pair.right.text))
        room = self._context - (len(ids) - traces)
        cut = 0
        while len(ids) > self._context:
            # Tokens at the seams differ from those of the parts: leave some air, then more.
            room -= len(ids) - self._context if cut else 8
            pair, more = shorten(pair, room, self._split)
            cut = max(cut, more)
            if not pair.left.text or not pair.right.text:
                return [], 0
            ids = self._encoded(pair)
        return ids, cut

    def _encoded(self, pair: Pair) -> list[int]:
        messages = self.prompt.messages(pair)
        if self.chats:
            text = self.tokenizer.apply_chat_template(
                [{"role": m.role, "content": m.content} for m in messages],
                tokenize=False,
                add_generation_prompt=self._generates,
                enable_thinking=False,
            )
            return self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        text = "\n".join(message.content for message in messages)
        if self._generates:
            text += "\nLabel:"
        return self.tokenizer(text, verbose=False)["input_ids"]

    def _split(self, text: str) -> list[str]:
        text = valid(text)
        if not self.tokenizer.is_fast:  # no offsets: words will do, each at least a token
            return re.findall(r"\s*\S+|\s+$", text)
        encoded = self.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        starts = sorted({begin for begin, end in encoded["offset_mapping"] if end > begin} | {0})
        ends = [*starts[1:], len(text)]
        return [text[begin:end] for begin, end in zip(starts, ends, strict=True)]


def pad_rows(
    rows: Sequence[Sequence[int]], pad: int, *, left: bool
) -> tuple[list[list[int]], list[list[int]]]:
    """Fill rows up to the longest, and return them with their attention masks.

    A language model's rows are filled on the left, where no token follows.
    """
    length = max(map(len, rows))
    filled: list[list[int]] = []
    masks: list[list[int]] = []
    for row in rows:
        gap = [pad] * (length - len(row))
        filled.append([*gap, *row] if left else [*row, *gap])
        ones, zeros = [1] * len(row), [0] * len(gap)
        masks.append([*zeros, *ones] if left else [*ones, *zeros])
    return filled, masks
