"""What a run saved: an estimate, because nobody knows how long a closed trace would have become."""

from __future__ import annotations

from collections.abc import Sequence

from deepprune_sdk.data.trace import Trace
from deepprune_sdk.results.reports import SavedReport

__all__ = ["estimate_saved"]


def estimate_saved(traces: Sequence[Trace], n: int) -> SavedReport | None:
    """Compare a run with one that lets all n traces run to their ends.

    Every trace that was closed, and every one of the n that was never started, is taken to be as
    long as the mean of those that came to their ends. That errs on the low side: short traces end
    first, and long ones are closed more often.

    Returns:
        The estimate, or None where no trace came to its end, so that it has no basis.
    """
    ended = [trace.cost.generated for trace in traces if trace.outcome == "finished"]
    if not ended:
        return None
    mean = sum(ended) / len(ended)
    closed = [trace for trace in traces if trace.outcome in {"pruned", "stopped", "answered"}]
    never = max(0, n - len(traces))
    saved = round(sum(max(0.0, mean - trace.cost.generated) for trace in closed) + never * mean)
    spent = sum(trace.cost.generated for trace in traces)
    return SavedReport(
        tokens=saved,
        share=saved / (spent + saved) if saved else 0.0,
        mean=mean,
        finished=len(ended),
        closed=len(closed),
        never_started=never,
    )
