"""What a caller gets of a run, and the picture of it."""

from deepprune_sdk.results.ending import Finish, Outcome
from deepprune_sdk.results.picture import run_picture
from deepprune_sdk.results.reports import (
    JudgeReport,
    RunUsage,
    SavedReport,
    ShadowReport,
    TallyReport,
    TraceReport,
)
from deepprune_sdk.results.result import Result

__all__ = [
    "Finish",
    "JudgeReport",
    "Outcome",
    "Result",
    "RunUsage",
    "SavedReport",
    "ShadowReport",
    "TallyReport",
    "TraceReport",
    "run_picture",
]
