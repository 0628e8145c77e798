"""Recorded traces and run logs: formats, readers, writers.

Recording whole sets of problems is in `deepprune_sdk.recorder`, which stands above
`ParallelReasoner`.
"""

from deepprune_sdk.recording.reader import (
    SCHEMA,
    RecordedFinish,
    RecordedTrace,
    TraceReader,
    group_by_problem,
    read_traces,
)
from deepprune_sdk.recording.writer import TraceWriter

__all__ = [
    "SCHEMA",
    "RecordedFinish",
    "RecordedTrace",
    "TraceReader",
    "TraceWriter",
    "group_by_problem",
    "read_traces",
]
