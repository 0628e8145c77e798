"""The report of one run: its picture, its vote, its cost, and every trace with its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Final

from deepprune_adapters.report.page import number, page, percent
from deepprune_sdk.data.messages import Prompt, to_messages
from deepprune_sdk.results.markup import escaped
from deepprune_sdk.results.picture import run_picture
from deepprune_sdk.results.reports import ShadowReport, TraceReport
from deepprune_sdk.results.result import Result

__all__ = ["run_report", "write_run_report"]

FIRST: Final = 10
"""Answers in the table of the vote; the rest can be unfolded."""


def write_run_report(result: Result, prompt: Prompt, path: str | PathLike[str]) -> None:
    """Write `run_report` to a file, in UTF-8.

    Raises:
        OSError: The file cannot be written.
    """
    Path(path).write_text(run_report(result, prompt), encoding="utf-8", newline="\n")


def run_report(result: Result, prompt: Prompt) -> str:
    """Return one self-contained HTML page of a run and what was asked. It needs no extra."""
    answer = "no answer" if result.answer is None else escaped(result.answer)
    return page(
        "A run of parallel reasoning",
        f"{_prompt(prompt)}\n"
        f'<h2>Answer</h2>\n<p class="answer"><bdi>{answer}</bdi></p>\n{_tally(result)}\n'
        f"{''.join(f'<p>⚠ {escaped(warning)}</p>' for warning in result.warnings)}\n"
        "<h2>Traces on the token axis</h2>\n"
        f"{run_picture(result)}"
        f"<h2>Cost</h2>\n{_table(_cost(result))}\n"
        f"<h2>Traces</h2>\n{_traces(result.traces)}\n",
    )


def _prompt(prompt: Prompt) -> str:
    if isinstance(prompt, str):
        return f"<pre>{escaped(prompt, lines=True)}</pre>"
    return "".join(
        f"<p class='soft'>{escaped(message.role)}</p>"
        f"<pre>{escaped(message.content, lines=True)}</pre>"
        for message in to_messages(prompt)
    )


def _tally(result: Result) -> str:
    """The vote, its bars measured by the winner; answers far behind are folded away."""
    most = max((vote.observed + vote.imputed for vote in result.tally.values()), default=0) or 1.0
    rows = [
        f'<tr><td><bdi>{escaped(answer, limit=400)}</bdi></td><td><span class="bars">'
        f'<span class="bar" style="width:{100 * vote.observed / most:.2f}%"></span>'
        f'<span class="bar" style="width:{100 * vote.imputed / most:.2f}%"></span></span></td>'
        f'<td class="num">{number(vote.observed, 1)}</td>'
        f'<td class="num">{number(vote.imputed, 1)}</td></tr>\n'
        for answer, vote in result.tally.items()
    ]
    if not rows:
        return "<p>No trace cast a ballot.</p>"
    others = (
        f"<details><summary>{number(len(rows) - FIRST)} other answers</summary>"
        f"{_votes(rows[FIRST:])}</details>"
        if len(rows) > FIRST
        else ""
    )
    return (
        f'{_votes(rows[:FIRST])}{others}\n<p class="soft">Observed: the answer was seen in a '
        "trace. Imputed: the trace was closed into a cluster and votes for its answer, as much as "
        "the judge was sure.</p>"
    )


def _votes(rows: Sequence[str]) -> str:
    return (
        '<div class="wide"><table><thead><tr><th scope="col">answer</th><th scope="col">vote</th>'
        '<th scope="col" class="num">observed</th><th scope="col" class="num">imputed</th></tr>'
        f"</thead>\n<tbody>\n{''.join(rows)}</tbody></table></div>"
    )


def _table(rows: Iterator[tuple[str, str]]) -> str:
    """Rows of a name and HTML."""
    body = "".join(f'<tr><th scope="row">{name}</th><td>{html}</td></tr>\n' for name, html in rows)
    return f'<div class="wide"><table><tbody>\n{body}</tbody></table></div>'


def _cost(result: Result) -> Iterator[tuple[str, str]]:
    usage, judge = result.usage, result.judge
    if result.method:
        yield "method", escaped(result.method, limit=200)
    yield "generated", f"{number(usage.generated)} tokens, of closed traces too"
    yield "prompt", f"{number(usage.prompt)} tokens"
    if usage.estimated:
        yield "counted here", "in part: the server did not report every trace"
    yield "ended because", escaped(result.ended_because, limit=200)
    if judge.asked:
        unusable = {
            "failed": judge.failed,
            "late": judge.late,
            "malformed": judge.malformed,
            "over budget": judge.budget,
            "unscored": judge.unscored,
        }
        said = [f"{number(pairs)} {why}" for why, pairs in unusable.items() if pairs]
        yield (
            "judge",
            f"{escaped(judge.name or 'judge', limit=100)}: {number(judge.scored)} of "
            f"{number(judge.asked)} pairs scored{''.join(f', {what}' for what in said)}; "
            f"{number(usage.judge)} tokens",
        )
    if result.orphaned:
        yield "orphaned", f"clusters whose closed traces have no vote: {number(result.orphaned)}"
    if result.shadow is not None:
        yield "shadow", _shadow(result.shadow, usage.generated)


def _shadow(shadow: ShadowReport, generated: int) -> str:
    answer = "none" if shadow.answer is None else escaped(shadow.answer, limit=200)
    verdict = "another answer" if shadow.answer_differs else "the same answer"
    return (
        f"nothing was closed; the method would have saved {number(shadow.saved)} tokens "
        f"({percent(shadow.saved / generated if generated else 0.0)}) and given {verdict}: "
        f"<bdi>{answer}</bdi>. Closings: {number(shadow.closings)}, of them {number(shadow.right)} "
        f"right and {number(shadow.wrong)} wrong"
    )


def _traces(traces: Sequence[TraceReport]) -> str:
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("trace", "tokens", "how it ended", "answer", "weight")
    )
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n'
        f"{''.join(_trace(trace) for trace in traces)}</table></div>"
    )


def _trace(trace: TraceReport) -> str:
    ended = trace.outcome + (f": {escaped(trace.reason, limit=400)}" if trace.reason else "")
    if trace.into is not None:
        ended += f", into the cluster of trace {trace.into}"
    answer = "–" if trace.answer is None else f"<bdi>{escaped(trace.answer, limit=400)}</bdi>"  # noqa: RUF001
    cells = (
        f"<td>{trace.trace}</td><td class='num'>{number(trace.tokens)}</td><td>{ended}</td>"
        f"<td>{answer}{' (imputed)' if trace.imputed else ''}</td>"
        f"<td class='num'>{number(trace.weight, 2)}</td>"
    )
    return (
        f"<tbody><tr>{cells}</tr>\n<tr><td></td><td colspan='4'><details>"
        f"<summary>text, {number(len(trace.text))} characters</summary>"
        f"<pre>{escaped(trace.text, lines=True)}</pre></details></td></tr></tbody>\n"
    )
