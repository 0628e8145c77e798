"""Tables of a bench, for the tests of what is drawn from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepprune_sdk.evaluation.leaderboard import BenchReport, MethodReport, ProblemReport


def method_report(
    tokens: float, accuracy: float | None, *, problem: str = "p1", **changes: Any
) -> MethodReport:
    """The row of a method on one problem, without intervals."""
    only = ProblemReport(
        agreement_with_full=0.9, accuracy=accuracy, tokens=tokens, critical_tokens=tokens / 10
    )
    fields: dict[str, Any] = {
        **only.model_dump(),
        "agreement_with_full_ci": None,
        "accuracy_ci": None,
        "accuracy_minus_cons": None if accuracy is None else accuracy - 0.8,
        "accuracy_minus_cons_ci": None,
        "tokens_ci": None,
        "token_reduction": 1 - tokens / 4000,
        "judge_tokens": 0,
        "prompt_tokens": 0,
        "pass_at_k": accuracy,
        "distinct_answers": 2.5,
        "started": 16,
        "finished": 4,
        "closed": 12,
        "pareto": tokens < 3000,
        "per_problem": {problem: only},
    }
    return MethodReport(**{**fields, **changes})


def bench_table(methods: Mapping[str, MethodReport], **changes: Any) -> BenchReport:
    """The table of methods on one problem."""
    fields: dict[str, Any] = {
        "problems": 1,
        "n": 16,
        "repeats": 20,
        "seed": 0,
        "judge": "learned",
        "intervals": "95%, percentile bootstrap",
        "methods": methods,
        "measured": {},
    }
    return BenchReport(**{**fields, **changes})
