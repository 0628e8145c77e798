"""Training pairs from recorded traces: every pair of a problem, cut, labelled, in records.

A record is in the layout of DeepPrune's data (arXiv 2510.08483), `instruction`, `input` and
`output`, and says beside them what it was made of, so that a split can go by problem and a prompt
can be cut to a context.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from deepprune_adapters.judges.prompts import DEEPPRUNE, JudgePrompt, valid
from deepprune_sdk import Checkpoints
from deepprune_sdk.data import Pair, TracePrefix
from deepprune_sdk.evaluation.extractor import extractor_of
from deepprune_sdk.evaluation.pairs import Cut, first_steps, first_tokens, pair_up
from deepprune_sdk.policies.checkpoints import REASONING_WORDS
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.recording import RecordedTrace

__all__ = ["PairRecord", "Truncation", "asked_of", "capped", "make_pairs"]


Text = Annotated[str, BeforeValidator(valid)]
"""Text that a file can hold: half a surrogate pair becomes a question mark."""


class PairRecord(BaseModel):
    """One line of a file of pairs."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    instruction: str
    """The task."""
    input: Text
    """The two truncated traces, as the template lays them out."""
    output: str
    """The label that a judge is to generate."""
    same: bool
    """Whether both traces ended in equivalent answers."""
    question: Text
    """The problem's text: one text is one problem, whatever recordings call it."""
    left: Text
    """The beginning of one trace."""
    right: Text
    """The beginning of the other."""
    problem: Text
    """The problem's identifier in its recording."""
    model: Text
    """The model that wrote the traces."""
    checkpoint: str
    """Where the traces are cut: `128 tokens`, `0.5 of the median length`, `25 steps`."""
    traces: tuple[int, int]
    """Their numbers."""

    @property
    def asked(self) -> str:
        """What tells problems apart: the question, or where there is none the identifier."""
        return asked_of(self.question, self.problem)

    @property
    def group(self) -> tuple[str, str, str]:
        """Pairs that a judge has to rank: of one problem, model and checkpoint."""
        return self.asked, self.model, self.checkpoint

    @property
    def pair(self) -> Pair:
        """The pair, as a judge is given it."""
        left, right = (
            TracePrefix(trace=number, checkpoint=0, text=text, tokens=0)
            for number, text in zip(self.traces, (self.left, self.right), strict=True)
        )
        return Pair(question=self.question, left=left, right=right)


def asked_of(question: str, problem: str) -> str:
    """Return what tells problems apart, whatever recordings call them."""
    return " ".join(question.split()) or problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncation:
    """Where traces are cut, by either of the paper's rules.

    Attributes:
        tokens: First k tokens, in the recording's own count; below 1, a fraction of the median
            length of a problem's traces. The paper has k = 500.
        steps: First k reasoning steps. The paper has k = 25.
        words: Words that open a reasoning step.
    """

    tokens: Sequence[float] = ()
    steps: Sequence[int] = ()
    words: Sequence[str] = REASONING_WORDS

    def __post_init__(self) -> None:
        """See that the steps can be followed.

        Raises:
            ConfigurationError: A count is not positive, or a word is none.
        """
        for k in self.steps:
            Checkpoints.steps(k, words=tuple(self.words))

    def cuts(self, traces: Sequence[RecordedTrace]) -> Iterable[tuple[str, Cut]]:
        """Give the name of each point, and what cuts there."""
        for k in self.tokens:
            name = f"{k:g} of the median length" if k < 1 else f"{k:g} tokens"
            yield name, first_tokens(traces, k)
        for k in self.steps:
            yield f"{k} steps", first_steps(k, self.words)


def make_pairs(
    problems: Mapping[str, Sequence[RecordedTrace]],
    truncation: Truncation,
    *,
    prompt: JudgePrompt = DEEPPRUNE,
    answers: AnswerExtractor | None = None,
    cap: int,
    seed: int,
) -> list[PairRecord]:
    """Return the records of all problems.

    Args:
        problems: Traces of one problem and model each.
        truncation: Where they are cut; traces that had ended by then are in no pair.
        prompt: The template that the judge is to be asked by.
        answers: Reads and compares final answers; a recorded one is taken as it is. A trace without
            one is in no pair.
        cap: Most pairs a problem, model and point.
        seed: Of the draw where there are more.
    """
    return [
        PairRecord(
            **prompt.record(pair, same=same),
            same=same,
            question=pair.question,
            left=pair.left.text,
            right=pair.right.text,
            problem=traces[0].problem,
            model=traces[0].model,
            checkpoint=name,
            traces=(pair.left.trace, pair.right.trace),
        )
        for traces in problems.values()
        for extractor in (extractor_of(traces, answers),)
        for name, cut in truncation.cuts(traces)
        for pair, same in pair_up(traces, cut, answers=extractor, cap=cap, seed=seed)
    ]


def capped(pairs: Sequence[PairRecord], cap: int, seed: int) -> list[PairRecord]:
    """Return at most `cap` pairs a problem, model and point, in their order."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for position, pair in enumerate(pairs):
        groups.setdefault(pair.group, []).append(position)
    kept: set[int] = set()
    for group, positions in groups.items():
        draw = Random(f"{seed}/capped/{group}")
        kept.update(draw.sample(positions, min(cap, len(positions))))
    return [pair for position, pair in enumerate(pairs) if position in kept]
