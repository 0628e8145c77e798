"""A directory of pairs: a file a split, the prompt, and a card that says what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from deepprune_adapters.judges.prompts import PROMPT_FILE, JudgePrompt, read_prompt
from deepprune_adapters.training.pairs import PairRecord
from deepprune_adapters.training.split import SPLITS, Split
from deepprune_sdk import ConfigurationError

__all__ = ["PairSet", "Tally", "empty_directory", "read_pairs", "tally", "write_pairs"]

CARD: Final = "README.md"


@dataclass(frozen=True, slots=True)
class PairSet:
    """What a directory of pairs holds.

    Attributes:
        prompt: The template that the pairs were laid out by.
        splits: The pairs to train, validate and test on.
        digest: SHA-256 of the files.
    """

    prompt: JudgePrompt
    splits: Mapping[Split, Sequence[PairRecord]]
    digest: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many pairs there are, and how imbalanced."""

    problems: int
    pairs: int
    same: int

    @property
    def share(self) -> float:
        """Share of pairs that end in the same answer; 0 of none."""
        return self.same / self.pairs if self.pairs else 0.0


def tally(pairs: Sequence[PairRecord]) -> Tally:
    """Count pairs."""
    return Tally(len({pair.asked for pair in pairs}), len(pairs), sum(pair.same for pair in pairs))


def empty_directory(option: str, path: Path) -> None:
    """Make a directory that is to be written to.

    Raises:
        ConfigurationError: It holds something, or cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        full = any(path.iterdir())
    except OSError as error:
        why = "is a file" if path.is_file() else error.strerror or str(error)
        raise ConfigurationError(f"{option} {path}: {why}; name a directory") from error
    if full:
        raise ConfigurationError(
            f"{option} {path} is not empty: name another directory, or clear it"
        )


def write_pairs(
    path: Path, splits: Mapping[Split, Sequence[PairRecord]], prompt: JudgePrompt
) -> None:
    """Write pairs into an empty directory, as `datasets.load_dataset` reads them."""
    for name in SPLITS:
        if splits[name]:
            text = "".join(pair.model_dump_json() + "\n" for pair in splits[name])
            _file(path, name).write_text(text, encoding="utf-8")
    (path / PROMPT_FILE).write_text(prompt.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (path / CARD).write_text(_card(splits), encoding="utf-8")


def read_pairs(path: Path) -> PairSet:
    """Read what `write_pairs` wrote.

    Raises:
        ConfigurationError: There is no such directory, or a line of it is no record; the message
            names file and line.
    """
    if not _file(path, "train").is_file():
        raise ConfigurationError(
            f"{path} holds no pairs: give the directory that `deepprune judge pairs` wrote"
        )
    digest = sha256()
    splits: dict[Split, list[PairRecord]] = {}
    for name in SPLITS:
        file = _file(path, name)
        data = file.read_bytes() if file.is_file() else b""
        digest.update(data)
        splits[name] = [_record(file, number, line) for number, line in _lines(data)]
    return PairSet(read_prompt(path / PROMPT_FILE), splits, digest.hexdigest())


def _file(path: Path, split: Split) -> Path:
    return path / f"{split}.jsonl"


def _lines(data: bytes) -> list[tuple[int, bytes]]:
    lines = enumerate(data.split(b"\n"), start=1)
    return [(number, line) for number, line in lines if line.strip()]


def _record(file: Path, number: int, line: bytes) -> PairRecord:
    try:
        return PairRecord.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the line"
        raise ConfigurationError(
            f"{file}:{number}: {where}: {fault['msg']}; `deepprune judge pairs` writes pairs"
        ) from error


def _card(splits: Mapping[Split, Sequence[PairRecord]]) -> str:
    present: list[Split] = [name for name in SPLITS if splits[name]]
    everything = [pair for name in present for pair in splits[name]]
    files = "\n".join(f"  - split: {name}\n    path: {name}.jsonl" for name in present)
    rows = "\n".join(
        f"| {name} | {row.problems} | {row.pairs} | {row.share:.1%} |"
        for name in present
        for row in [tally(splits[name])]
    )
    models = ", ".join(sorted({pair.model for pair in everything}))
    points = ", ".join(dict.fromkeys(pair.checkpoint for pair in everything))
    return f"""---
configs:
- config_name: default
  data_files:
{files}
task_categories:
- text-classification
---

# Pairs of unfinished reasoning traces

Pairs of traces of one problem, and whether they ended in the same answer. Written by: {models}.
Cut at: {points}. No problem is in two splits.

| split | problems | pairs | same answer |
|---|---|---|---|
{rows}
"""
