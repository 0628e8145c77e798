"""What the leaderboard page is made from."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.evaluation.leaderboard import BenchReport

__all__ = ["Bench", "Published", "PublishedRow", "add_bench", "read_leaderboard"]

PUBLISHED: Final = "published.json"
_Kind = TypeVar("_Kind", bound=BaseModel)


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class PublishedRow(_Entry):
    """One method on one model and benchmark, as it was printed."""

    method: str
    model: str
    benchmark: str
    tokens: str = Field(pattern=r"^\d+(\.\d+)?$")
    """In 1e8, over the whole benchmark."""
    accuracy: str = Field(pattern=r"^\d+(\.\d+)?$")
    """In per cent."""


class Published(_Entry):
    """A table that others have published."""

    source: str
    note: str = ""
    rows: list[PublishedRow]


class Bench(BenchReport):
    """The JSON of `deepprune bench` with two names beside it."""

    model: str
    benchmark: str
    note: str = ""


def read_leaderboard(folder: Path) -> tuple[Published, list[Bench]]:
    """Read the JSON files of a folder, in the order of their names.

    Raises:
        ConfigurationError: A file is missing or is not what it should be; names file and field.
    """
    published = _read(folder / PUBLISHED, Published)
    files = sorted(path for path in folder.glob("*.json") if path.name != PUBLISHED)
    return published, [_read(path, Bench) for path in files]


def add_bench(folder: Path, table: Path, *, model: str, benchmark: str, note: str) -> Path:
    """Put what `deepprune bench --json` wrote into a folder, under its names; return the file.

    Raises:
        ConfigurationError: The table is none; names file and field.
        OSError: It cannot be written.
    """
    report = _read(table, BenchReport)
    named = Bench(model=model, benchmark=benchmark, note=note, **dict(report))
    path = folder / table.name
    path.write_text(named.model_dump_json(indent=1) + "\n", encoding="utf-8", newline="\n")
    return path


def _read(path: Path, kind: type[_Kind]) -> _Kind:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigurationError(f"{path}: {field}: {first['msg']}") from error
