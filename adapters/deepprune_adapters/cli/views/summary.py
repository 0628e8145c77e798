"""What a run found, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import fsum
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from deepprune_adapters.cli.views.draw import Glyphs, vote_bar
from deepprune_adapters.cli.views.text import clean, count, number, seconds
from deepprune_adapters.cli.wording import in_options
from deepprune_sdk import Result
from deepprune_sdk.results import JudgeReport, ShadowReport

__all__ = ["summary", "unusable"]

LONGEST_ANSWER: Final = 600
MOST_ANSWERS: Final = 8
ENDINGS: Final = {
    "complete": "every trace ran to its end",
    "settled": "settled: more traces would hardly have turned the vote",
    "consensus": "consensus: the leading answer has the share of the vote that was asked for",
    "unanimous": "unanimous: all traces of a window gave the same answer",
    "stable": "stable: the leading answer had not changed for long",
    "no readable answer": "none of the first traces stated an answer that could be read",
    "deadline": "deadline: the time was up, and the vote is over what was there by then",
    "money budget": "money budget: the money was spent, and the vote is over what was there",
    "interrupted": "interrupted: the vote is over what was there by then",
}


def summary(
    result: Result, elapsed: float, width: int, glyphs: Glyphs
) -> Iterator[tuple[str, Text]]:
    """Return the entries that close a run, each with its name."""
    yield "answer", Text(_answer(result), style="bold")
    yield from _votes(result, width, glyphs)
    yield "tokens", Text(_tokens(result, elapsed))
    yield "traces", Text(_traces(result))
    yield "read as", Text(clean(result.answers, 100))
    yield "ended", Text(ENDINGS.get(result.ended_because, clean(result.ended_because, 200)))
    if result.shadow is not None:
        yield "shadow", Text(_shadow(result.shadow, result.usage.generated))
    for note in _notes(result):
        yield "note", Text(note)


def _answer(result: Result) -> str:
    if result.answer is None:
        why = "the traces disagree" if result.abstained else "no trace stated a final answer"
        return f"none: {why}"
    answer = clean(result.answer, LONGEST_ANSWER)
    cut = f" ({len(result.answer):,} characters; --json has them all)"
    return answer + (cut if answer.endswith("…") and len(result.answer) > LONGEST_ANSWER else "")


def _votes(result: Result, width: int, glyphs: Glyphs) -> Iterator[tuple[str, Text]]:
    votes = list(result.tally.items())
    total = fsum(vote.observed + vote.imputed for _, vote in votes)
    names = [clean(answer, 30) for answer, _ in votes[:MOST_ANSWERS]]
    widest = max(map(cell_len, names), default=0)
    bar = max(4, min(24, width - 8 - widest - 36))
    for position, (name, (_, vote)) in enumerate(zip(names, votes, strict=False)):
        drawn = vote_bar(vote.observed, vote.imputed, total, bar, glyphs)
        line = Text(name + " " * (widest - cell_len(name)))
        line.append(f"  {drawn:<{bar}}  {number(vote.observed + vote.imputed):>4}")
        line.append(f"  {number(vote.observed)} seen", style="dim")
        if vote.imputed:
            line.append(f", {number(vote.imputed)} imputed", style="dim")
        yield ("" if position else "votes"), line
    if len(votes) > MOST_ANSWERS:
        yield "", Text(f"and {count(len(votes) - MOST_ANSWERS, 'other answer')}")


def _tokens(result: Result, elapsed: float) -> str:
    usage = result.usage
    parts = [f"{usage.generated:,} generated in {seconds(elapsed)}"]
    if elapsed:
        parts[0] += f" ({usage.generated / elapsed:,.0f}/s)"
    if usage.prompt:
        parts.append(f"{usage.prompt:,} read")
    if usage.judge:
        parts.append(f"{usage.judge:,} by the judge")
    if usage.cost is not None:
        parts.append(f"{usage.cost:.4g} spent")
    return ", ".join(parts) + (" (partly counted here)" if usage.estimated else "")


def _traces(result: Result) -> str:
    ends = [trace.outcome for trace in result.traces]
    pruned = [trace for trace in result.traces if trace.outcome == "pruned"]
    redundant = sum(trace.into is not None for trace in pruned)
    dropped = Counter(trace.reason for trace in pruned if trace.into is None)
    cut = sum(trace.finish in {"length", "cut"} for trace in result.traces)
    parts = [
        f"{ends.count('finished') - cut} finished",
        f"{redundant} closed as redundant",
    ]
    others = {
        "cut off": cut,
        "closed once answered": ends.count("answered"),
        **{f"closed ({reason})": amount for reason, amount in dropped.items()},
        "stopped": ends.count("stopped"),
        "failed": ends.count("failed"),
    }
    parts += [f"{amount} {what}" for what, amount in others.items() if amount]
    return f"{len(ends)}: " + ", ".join(parts)


def _shadow(shadow: ShadowReport, generated: int) -> str:
    if not shadow.closings and not shadow.saved:
        return "the method would have closed nothing and saved nothing"
    share = shadow.saved / generated if generated else 0.0
    answer = "none" if shadow.answer is None else clean(shadow.answer, 100)
    verdict = f"another answer ({answer})" if shadow.answer_differs else "the same answer"
    open_ends = shadow.closings - shadow.right - shadow.wrong
    closings = "no trace closed as redundant"
    if shadow.closings:
        right = f"{shadow.right} of {count(shadow.closings, 'closing')} right"
        closings = f"{right}, {shadow.wrong} wrong"
    if open_ends:
        closings += f", {open_ends} without an answer to compare"
    return (
        f"the method would save {shadow.saved:,} tokens ({share:.0%}) and give {verdict}; "
        f"{closings}"
    )


def _notes(result: Result) -> Iterator[str]:
    for warning in result.warnings:
        yield clean(in_options(warning), 400)
    if result.judge.scored and (fault := unusable([result.judge])):
        yield fault  # a judge that failed on every pair is among the warnings
    failed = next((trace for trace in result.traces if trace.outcome == "failed"), None)
    if failed is not None:
        yield f"trace {failed.trace} failed: {clean(failed.reason, 300)}"


def unusable(judged: Sequence[JudgeReport]) -> str:
    """Say on how many pairs of some runs the judge failed, and why first; "" where on none."""
    broken = sum(report.failed + report.late + report.malformed for report in judged)
    if not broken:
        return ""
    asked = count(sum(report.asked for report in judged), "pair")
    fault = clean(next((report.fault for report in judged if report.fault), ""), 300)
    return f"the judge gave no usable verdict on {broken:,} of {asked}: it {fault}"
