"""Traces and files of traces, for the tests of recordings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deepprune_sdk.recording import RecordedTrace, TraceReader

BARE: dict[str, Any] = {
    "schema": "deepprune-trace/1",
    "problem": "sum",
    "question": "What is 2 + 3?",
    "gold": "5",
    "model": "small",
    "trace": 0,
    "pieces": ["2 + 3", " = ", "\\boxed{5}"],
    "confidence": None,
    "logprob": None,
    "finish": "stop",
    "sampling": {"temperature": 0.8},
    "probes": {},
}
"""A record as other programs write it."""


def record(**changes: Any) -> dict[str, Any]:
    return {**BARE, **changes}


def trace(number: int = 0, **changes: Any) -> RecordedTrace:
    fields: dict[str, Any] = {
        "problem": "sum",
        "question": "What is 2 + 3?",
        "model": "small",
        "trace": number,
        "pieces": ("2 + 3", " = ", f"\\boxed{{{number}}}"),
        "finish": "stop",
    }
    return RecordedTrace(**{**fields, **changes})


def save(path: Path, records: Sequence[object], *, end: str = "\n") -> Path:
    """Write records, or lines as they are, gzipped where the name says so."""
    lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
    data = ("\n".join(lines) + end).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def read(path: Path) -> list[RecordedTrace]:
    return list(TraceReader(path))


def numbers(path: Path) -> list[tuple[str, int]]:
    """The problem and number of each trace, sorted."""
    return sorted((each.problem, each.trace) for each in TraceReader(path))
