"""How early in a trace its answer is there."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from statistics import quantiles
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from deepprune_sdk.answers.powers import ExtractorPowers
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.recording.reader import RecordedTrace

__all__ = ["Early", "early", "first_mention", "first_statement"]


class Early(BaseModel):
    """At which share of its tokens something is there, over the traces in which it is."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, use_attribute_docstrings=True)

    traces: int
    lower: float
    """First quartile."""
    median: float
    upper: float
    """Third quartile."""


def early(shares: Sequence[float]) -> Early | None:
    """Summarise shares of traces; None without any."""
    if not shares:
        return None
    if len(shares) == 1:
        lower = middle = upper = shares[0]
    else:
        lower, middle, upper = quantiles(shares, n=4, method="inclusive")
    return Early(traces=len(shares), lower=lower, median=middle, upper=upper)


def first_mention(trace: RecordedTrace, answer: str) -> int | None:
    """Return after how many tokens the text of `answer` is there, or None where it never is.

    It must stand for itself: the 4 of 14 or of 4.5 is none. A problem's own numbers count.
    """
    before = r"(?<!\w)(?<!\d,)(?<!\.)" if answer[:1].isalnum() else ""
    after = r"(?!\w)(?![.,]\d)" if answer[-1:].isalnum() else ""
    found = re.search(f"{before}{re.escape(answer)}{after}", trace.text, flags=re.IGNORECASE)
    if found is None:
        return None
    ends = list(accumulate(map(len, trace.pieces)))
    return bisect_left(ends, found.end()) + 1


def first_statement(trace: RecordedTrace, extractor: AnswerExtractor) -> int | None:
    """Return after how many tokens an answer is stated explicitly and completely, or None.

    Found by bisection: what has been stated stays stated. None too where the extractor reads
    finished texts only.
    """
    pieces = trace.pieces
    if not ExtractorPowers.of(extractor).reads_incomplete:
        return None

    def stated(tokens: int) -> bool:
        text = "".join(pieces[trace.reasoning : tokens])
        return extractor.extract(text, complete=False) is not None

    if not stated(len(pieces)):
        return None
    return bisect_left(range(len(pieces)), True, lo=trace.reasoning, key=stated)
