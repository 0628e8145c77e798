"""Pairs as the rows that a model is trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from deepprune_adapters.judges.encoding import PromptEncoder, pad_rows
from deepprune_adapters.judges.prompts import JudgePrompt
from deepprune_adapters.training.losses import IGNORED
from deepprune_adapters.training.pairs import PairRecord
from deepprune_sdk import ConfigurationError

__all__ = ["Encoded", "Labels", "Row", "collator", "encode_pairs"]

Row = Mapping[str, Any]
"""`prompt`: tokens; `label`: tokens, or a class."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels as tokens, with the token that ends a reply; `(0,)` and `(1,)` for classes.

    Attributes:
        different: Of traces that end in different answers.
        same: Of those that end in the same.
        generates: Whether they are tokens and not classes.
    """

    different: tuple[int, ...]
    same: tuple[int, ...]
    generates: bool

    @classmethod
    def of(cls, encoder: PromptEncoder, *, generates: bool) -> Labels:
        """Cut the labels of a prompt into tokens.

        Raises:
            ConfigurationError: Both begin with one token, so that the first does not tell them
                apart.
        """
        if not generates:
            return cls((0,), (1,), False)
        prompt, tokenizer = encoder.prompt, encoder.tokenizer
        end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
        # Without a chat template the prompt ends in "Label:", and a blank comes before a word.
        lead = "" if encoder.chats else " "
        different, same = (
            tokenizer(lead + label, add_special_tokens=False)["input_ids"]
            for label in (prompt.different[0], prompt.same[0])
        )
        if not different or not same or different[0] == same[0]:
            raise ConfigurationError(
                f"the labels {prompt.same[0]!r} and {prompt.different[0]!r} begin with the same "
                "token of this model: give a prompt with other labels"
            )
        return cls((*different, *end), (*same, *end), True)

    def tokens(self, same: bool) -> tuple[int, ...]:
        """Return the label of a class."""
        return self.same if same else self.different

    @property
    def width(self) -> int:
        """Columns of a batch's labels: the longest, and one before it, which predicts the first."""
        return 1 + max(len(self.same), len(self.different))


@dataclass(frozen=True, slots=True)
class Encoded:
    """Pairs, a row each, and what became of those that were too long.

    Attributes:
        pairs: Those that have a row.
        rows: The rows.
        cut: Prefixes that were cut.
        dropped: Pairs that the context has no room for.
    """

    pairs: Sequence[PairRecord]
    rows: Sequence[Row]
    cut: int
    dropped: int


def encode_pairs(
    pairs: Sequence[PairRecord],
    tokenizer: Any,
    prompt: JudgePrompt,
    *,
    context: int | None,
    generates: bool,
) -> tuple[Encoded, Labels]:
    """Tokenize pairs as a judge does, prefixes cut to the first k tokens that the context holds.

    Args:
        pairs: What to tokenize.
        tokenizer: A Hugging Face tokenizer.
        prompt: The template.
        context: Most tokens of a prompt with its label, or None.
        generates: Whether a label is generated.
    """
    bare = PromptEncoder(tokenizer, prompt, generates=generates, context=None)
    labels = Labels.of(bare, generates=generates)
    room = None if context is None else context - (labels.width - 1 if generates else 0)
    encoder = PromptEncoder(tokenizer, prompt, generates=generates, context=room)
    held: list[PairRecord] = []
    rows: list[Row] = []
    cut = 0
    for pair in pairs:
        ids, more = encoder.encode(pair.pair) if room is None or room > 0 else ([], 0)
        cut += more
        if ids:
            held.append(pair)
            rows.append({"prompt": ids, "label": labels.tokens(pair.same)})
    return Encoded(held, rows, cut, len(pairs) - len(held)), labels


def collator(
    labels: Labels, pad: int, *, keeps_logits: bool, positions: bool
) -> Callable[[Sequence[Row]], Any]:
    """Return what makes a batch of rows.

    A language model's rows end in their labels, so that only the logits of the last columns are
    computed, where the model can leave out the others.

    Args:
        labels: Of the prompt.
        pad: The token to fill up with.
        keeps_logits: Whether the model takes `logits_to_keep`.
        positions: Whether it takes `position_ids`.
    """
    torch: Any = import_module("torch")

    def batch(rows: Sequence[Row]) -> dict[str, Any]:
        if not labels.generates:
            ids, masks = pad_rows([row["prompt"] for row in rows], pad, left=False)
            return {
                "input_ids": torch.tensor(ids),
                "attention_mask": torch.tensor(masks),
                "labels": torch.tensor([row["label"][0] for row in rows]),
            }
        ids, masks = pad_rows([[*row["prompt"], *row["label"]] for row in rows], pad, left=True)
        mask = torch.tensor(masks)
        made = {
            "input_ids": torch.tensor(ids),
            "attention_mask": mask,
            "labels": torch.tensor(
                [
                    [IGNORED] * (labels.width - len(row["label"])) + list(row["label"])
                    for row in rows
                ]
            ),
        }
        if positions:
            made["position_ids"] = (mask.cumsum(dim=-1) - 1).clamp(min=0)
        if keeps_logits:
            made["logits_to_keep"] = labels.width
        return made

    return batch
