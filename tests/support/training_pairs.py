"""Pairs for the tests of training."""

from __future__ import annotations

from pathlib import Path
from random import Random

from deepprune_adapters.judges.prompts import JudgePrompt
from deepprune_adapters.training.pairs import PairRecord
from deepprune_adapters.training.pairset import write_pairs
from deepprune_adapters.training.split import SPLITS, Split

TOLD = JudgePrompt(
    instruction="Label", input="{left} : {right}", same=("identical",), different=("not identical",)
)
"""A template of words that the tiny models know."""


def record(
    problem: str, number: int, *, same: bool, left: str = "12", right: str = "12", **changes: str
) -> PairRecord:
    fields: dict[str, str] = {"question": f"{problem}?", "model": "m", "checkpoint": "8 tokens"}
    return PairRecord(
        instruction="Label",
        input=f"{left} : {right}",
        output="identical" if same else "not identical",
        same=same,
        left=left,
        right=right,
        problem=problem,
        traces=(0, number + 1),
        **{**fields, **changes},
    )


def told(split: str, problems: int = 2, each: int = 12, share: float = 0.5) -> list[PairRecord]:
    """Pairs whose right trace gives the label away."""
    drawn = Random(f"told/{split}")
    pairs: list[PairRecord] = []
    for problem in range(problems):
        for number in range(each):
            same = number < share * each
            right = "pencils 12" if same else "pencils no"
            left = "12 pencils " * drawn.randint(1, 5)
            pairs.append(record(f"{split}{problem}", number, same=same, left=left, right=right))
    return pairs


def pair_directory(folder: Path, **splits: list[PairRecord]) -> Path:
    """Write pairs; what is not given is `told`."""
    folder.mkdir(parents=True)
    held: dict[Split, list[PairRecord]] = {name: splits.get(name, told(name)) for name in SPLITS}
    write_pairs(folder, held, TOLD)
    return folder
