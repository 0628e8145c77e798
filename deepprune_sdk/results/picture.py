"""The picture of a run: every trace a bar on the token axis, in the colour of its cluster.

HTML and CSS without a script and without a dependency, so that a notebook can show it, a report can
hold it and a printer can print it. It uses no element ids: several pictures fit on one page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from deepprune_sdk.results.markup import COLOURS, PICTURE_STYLE, escaped
from deepprune_sdk.results.reports import RunUsage, TraceReport

__all__ = ["Drawn", "letter", "run_picture"]

HOVER: Final = 200
"""Characters of a trace's end that hovering over its bar shows."""
_ENDS: Final = {
    "live": "still running",
    "finished": "ran to its end",
    "answered": "closed once it had answered",
    "pruned": "closed",
    "stopped": "stopped",
    "failed": "failed",
}
_VOTES: Final = {
    False: "; in brackets: the answer of its cluster that it votes for, and how much",
    True: "; at the right: answers seen (+ traces closed into their cluster)",
}
_LEGEND: Final = (
    ("live", "still running"),
    ("finished", "ran to its end"),
    ("answered", "closed once it had answered"),
    ("pruned", "closed at the cut"),
    ("stopped", "stopped when the run ended"),
    ("failed", "failed"),
)


class Drawn(Protocol):
    """What the picture shows of a run: the part of a `Result` that stands below it."""

    @property
    def answer(self) -> str | None:
        """The answer of the vote."""
        ...

    @property
    def agreement(self) -> float:
        """Share of the answer among observed ballots."""
        ...

    @property
    def usage(self) -> RunUsage:
        """Tokens of the run."""
        ...

    @property
    def traces(self) -> Sequence[TraceReport]:
        """The traces, by number."""
        ...

    @property
    def clusters(self) -> Mapping[int, Sequence[int]]:
        """Traces by cluster, which goes by the trace that founded it."""
        ...


def run_picture(result: Drawn) -> str:
    """Draw a run, over or not, as an HTML `<figure>`. Text from models is escaped."""
    groups = _groups(result)
    longest = max((trace.tokens for trace in result.traces), default=0) or 1
    size = "l" if len(result.traces) <= 40 else "m" if len(result.traces) <= 100 else "s"
    dense = size == "s"
    plot = "".join(
        [
            *(f'<i class="dp-tick" style="--x:{at / longest:.4f}"></i>' for at in _ticks(longest)),
            *(_group(group, result, longest, dense=dense) for group in groups),
        ]
    )
    axis = "".join(f'<span style="--x:{at / longest:.4f}">{at:,}</span>' for at in _ticks(longest))
    return (
        f'<figure class="dp-run dp-{size}"><style>{PICTURE_STYLE}</style>'
        f"<figcaption>{_caption(result)}</figcaption>"
        f'<div class="dp-axis">{axis}<em>tokens</em></div><div class="dp-plot">{plot}</div>'
        f'<div class="dp-legend">{_legend(result, dense)}</div></figure>\n'
    )


def letter(position: int) -> str:
    """Name the cluster at a position from 0: A, B, ... Z, AA, ..."""
    name, position = "", position + 1
    while position:
        position, digit = divmod(position - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


# --- what stands where ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    name: str
    """Letter of a cluster; "" for the traces outside of every cluster."""
    colour: int | None
    founder: int | None
    traces: list[TraceReport]


def _groups(result: Drawn) -> list[_Group]:
    """Traces by cluster, those that speak for it first; the traces outside come last."""
    founders = list(result.clusters)
    home = {trace: founder for founder, members in result.clusters.items() for trace in members}
    home |= {trace.trace: trace.into for trace in result.traces if trace.into in founders}
    members: dict[int | None, list[TraceReport]] = {key: [] for key in (*founders, None)}
    for trace in sorted(result.traces, key=lambda t: (_closed(t), -t.tokens, t.trace)):
        members[home.get(trace.trace)].append(trace)
    named = [
        _Group(name=letter(place), colour=place % COLOURS, founder=key, traces=members[key])
        for place, key in enumerate(founders)
    ]
    outside = _Group(name="", colour=None, founder=None, traces=members[None])
    return [group for group in (*named, outside) if group.traces]


def _traces(traces: Sequence[TraceReport]) -> str:
    return f"{len(traces):,} trace{'' if len(traces) == 1 else 's'}"


def _closed(trace: TraceReport) -> bool:
    return trace.outcome == "pruned"


def _ticks(longest: int) -> list[int]:
    """Round token counts from 0, at most seven."""
    steps = (digit * 10**zeros for zeros in range(18) for digit in (1, 2, 5))
    step = next(step for step in steps if longest <= 6 * step)
    return list(range(0, longest + 1, step))


def _group(group: _Group, result: Drawn, longest: int, *, dense: bool) -> str:
    rows = "".join(_row(trace, group, result, longest) for trace in group.traces)
    colour = "--c:var(--none)" if group.colour is None else f"--c:var(--c{group.colour})"
    what = "outside of every cluster" if group.founder is None else f"cluster {group.name}"
    about = f"{what}: {_traces(group.traces)}" + (
        "" if group.founder is None else f", founded by trace {group.founder}"
    )
    name = f"<b>{group.name}</b>" if group.name else ""
    total = (
        _answers(group.traces, lines=min(8, max(1, len(group.traces) * 3 // 16))) if dense else ""
    )
    return (
        f'<div class="dp-group" style="{colour}"><div class="dp-name" title="{about}">{name}'
        f"<span>&times;{len(group.traces)}</span></div>"
        f'<div class="dp-rows">{rows}</div>{total}</div>'
    )


def _answers(traces: Iterable[TraceReport], lines: int) -> str:
    """The answers of a group whose rows are too thin for one each."""
    seen = Counter(t.answer for t in traces if t.answer is not None and not t.imputed)
    imputed = Counter(t.answer for t in traces if t.answer is not None and t.imputed)
    said = [
        f"<b>{escaped(answer, limit=40)}</b> &times;{seen[answer]}"
        + (f" (+{imputed[answer]})" if imputed[answer] else "")
        for answer in dict.fromkeys(a for a, _ in (seen + imputed).most_common())
    ]
    if 1 < lines < len(said):
        said[lines - 1 :] = [f"{len(said) - lines + 1} other answers"]
    said[lines - 1 :] = [" · ".join(said[lines - 1 :])]
    return f'<div class="dp-sum">{"".join(f"<div>{line}</div>" for line in said)}</div>'


def _row(trace: TraceReport, group: _Group, result: Drawn, longest: int) -> str:
    end = _ENDS[trace.outcome] + (f": {trace.reason}" if trace.reason else "")
    cluster = f", cluster {group.name}" if group.name else ""
    tail = ("…" if len(trace.text) > HOVER else "") + trace.text[-HOVER:]
    hover = escaped(f"trace {trace.trace}{cluster}, {trace.tokens:,} tokens, {end}", limit=300)
    marks = "".join(f'<s style="--x:{at / trace.tokens:.4f}"></s>' for at in _compared(trace))
    return (
        f'<div class="dp-row dp-{trace.outcome}" title="{hover}&#10;{escaped(tail)}">'
        f"<span>{trace.trace}</span>"
        f'<i style="--w:{trace.tokens / longest:.4f}">{marks}</i>{_end(trace, result)}</div>'
    )


def _compared(trace: TraceReport) -> list[int]:
    """Where a bar has marks; a comparison at its very end shows as the cut."""
    return [at for at in trace.compared_at if at < trace.tokens]


def _end(trace: TraceReport, result: Drawn) -> str:
    """What a trace votes for, or why it does not."""
    if trace.outcome == "failed" and trace.answer is None:
        return f"<em>✗ {escaped(trace.reason, limit=80) or 'failed'}</em>"
    if trace.answer is None:
        why = "no answer" if trace.outcome == "finished" else escaped(trace.reason, limit=80)
        why = why or _ENDS[trace.outcome]
        return f"<em>{why}{'' if trace.into is None else ', no vote'}</em>"
    answer = f"<bdi>{escaped(trace.answer, limit=80)}</bdi>"
    if trace.answer == result.answer:
        answer = f"<b>{answer}</b>"
    if not trace.weight:
        return f"<em>{f'({answer})' if trace.imputed else answer} not counted</em>"
    return f"<em>({answer}) {trace.weight:.2f}</em>" if trace.imputed else f"<u>{answer}</u>"


def _caption(result: Drawn) -> str:
    ends = Counter(trace.outcome for trace in result.traces)
    redundant = sum(_closed(trace) and trace.into is not None for trace in result.traces)
    counts = {
        "still running": ends["live"],
        "ran to their end": ends["finished"],
        "closed as redundant": redundant,
        "closed once answered": ends["answered"],
        "not selected": ends["pruned"] - redundant,
        "stopped": ends["stopped"],
        "failed": ends["failed"],
    }
    answer = (
        "No answer"
        if result.answer is None
        else f"Answer <b><bdi>{escaped(result.answer, limit=120)}</bdi></b>, which "
        f"{result.agreement:.0%} of the traces with an answer of their own gave"
    )
    said = [f"{amount} {what}" for what, amount in counts.items() if amount]
    return (
        f"{answer}. {_traces(result.traces)}: {', '.join(said) or 'none was started'}. "
        f"{result.usage.generated:,} tokens{' (estimated)' if result.usage.estimated else ''}."
    )


def _legend(result: Drawn, dense: bool) -> str:
    there = {trace.outcome for trace in result.traces}
    entries = [
        f'<span class="dp-{outcome}"><i></i>'
        f"{text}{_VOTES[dense] if outcome == 'pruned' else ''}</span>"
        for outcome, text in _LEGEND
        if outcome in there
    ]
    if any(_compared(trace) for trace in result.traces):
        entries.append("<span><i><s></s></i>checkpoint: the judge compared it there</span>")
    return "".join(entries)
