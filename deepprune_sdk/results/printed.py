"""A result in ten lines, as `print` shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from deepprune_sdk.results.markup import visible
from deepprune_sdk.results.reports import RunUsage, SavedReport, ShadowReport, TraceReport

__all__ = ["Printed", "printed"]

LONGEST: Final = 160
"""Characters of an answer or a warning that are shown."""


class Printed(Protocol):
    """What is printed of a `Result`, which stands below this."""

    @property
    def answer(self) -> str | None:
        """The answer of the vote."""
        ...

    @property
    def abstained(self) -> bool:
        """Whether it is withheld."""
        ...

    @property
    def agreement(self) -> float:
        """Share of the answer among observed ballots."""
        ...

    @property
    def method(self) -> str:
        """Name of the policy."""
        ...

    @property
    def model(self) -> str:
        """Name of the model."""
        ...

    @property
    def n(self) -> int:
        """Most traces."""
        ...

    @property
    def seed(self) -> int | None:
        """Seed of the run."""
        ...

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        ...

    @property
    def ended_because(self) -> str:
        """Why it ended."""
        ...

    @property
    def usage(self) -> RunUsage:
        """Tokens of the run."""
        ...

    @property
    def saved(self) -> SavedReport | None:
        """About how many tokens it saved."""
        ...

    @property
    def shadow(self) -> ShadowReport | None:
        """What a policy would have done."""
        ...

    @property
    def traces(self) -> Sequence[TraceReport]:
        """The traces, by number."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What you should know."""
        ...


def printed(result: Printed) -> str:
    """Return ten lines, in which nothing is hidden and nothing is long."""
    lines = {
        "answer": _answer(result),
        "agreement": _agreement(result),
        "method": f"{_short(result.method)}, ended: {_short(result.ended_because)}",
        "model": _short(result.model) or "not known",
        "n": f"{result.n}: {_traces(result)}",
        "seed": "not known" if result.seed is None else str(result.seed),
        "seconds": "not measured" if result.seconds is None else f"{result.seconds:.1f}",
        "tokens": _tokens(result.usage),
        "saved": _saved(result),
        "warnings": _warnings(result.warnings),
    }
    return "\n".join(f"{name:<10} {text}" for name, text in lines.items())


def _short(text: str) -> str:
    return visible(text, limit=LONGEST)


def _answer(result: Printed) -> str:
    if result.answer is not None:
        return _short(result.answer)
    return "none: the traces disagree" if result.abstained else "none"


def _agreement(result: Printed) -> str:
    seen = sum(trace.answer is not None and not trace.imputed for trace in result.traces)
    return f"{result.agreement:.0%} of {seen} {'trace' if seen == 1 else 'traces'} with an answer"


def _traces(result: Printed) -> str:
    counts = Counter(trace.outcome for trace in result.traces)
    parts = [f"{amount} {outcome}" for outcome, amount in counts.items()]
    never = result.n - len(result.traces)
    return ", ".join([*parts, *([f"{never} never started"] if never > 0 else [])]) or "no trace"


def _tokens(usage: RunUsage) -> str:
    text = f"{usage.generated:,} generated, {usage.prompt:,} read"
    if usage.judge:
        text += f", {usage.judge:,} of the judge"
    if usage.resumed:
        text += f", {usage.resumed:,} from a recording"
    if usage.cost is not None:
        text += f", cost {usage.cost:.4g}"
    return text + (" (estimated)" if usage.estimated else "")


def _saved(result: Printed) -> str:
    shadow, saved = result.shadow, result.saved
    if shadow is not None:
        whole = shadow.generated + shadow.saved
        share = shadow.saved / whole if whole else 0.0
        differs = "another" if shadow.answer_differs else "the same"
        return f"{shadow.saved:,} tokens ({share:.0%}) in shadow mode, with {differs} answer"
    if saved is None:
        return "not known: no trace came to its end"
    return f"about {saved.tokens:,} tokens ({saved.share:.0%}): {saved.basis}"


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return "none"
    return f"{len(warnings)}: {_short(warnings[0])}"
