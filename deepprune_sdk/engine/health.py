"""What went wrong in a run without an error: said with numbers, and with what helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.voting import Ballot, Tally
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.results.reports import JudgeReport

__all__ = ["warnings_of"]

NOTABLE = 0.1
"""Share of the ended traces from which on a fault of single traces is worth a warning."""

LOW_AGREEMENT = 0.5
"""Agreement below which a vote is more often wrong than right. Votes over 16 traces of Qwen3 (0.6B
to 8B) on AIME24 that were so divided were right in 0.03 (an agreement of 1/16) to 0.38 (just below
a half)."""

FEW = 4
"""Ballots below which an agreement says little."""


def warnings_of(
    engine: Engine,
    traces: Sequence[Trace],
    ballots: Sequence[Ballot],
    tally: Tally,
    judge: JudgeReport,
) -> Iterator[str]:
    """Yield what a user should know about a run as it stands, worst first."""
    reading = engine.roster.reading
    ended = [trace for trace in traces if trace.outcome == "finished"]
    failed = [trace for trace in traces if trace.outcome == "failed"]
    cut = [trace for trace in ended if trace.finish == "length"]
    broken = [trace for trace in ended if trace.finish == "cut"]
    refused = [trace for trace in ended if trace.index in reading.refused and not trace.answer]
    unread = [
        trace
        for trace in ended
        if trace.answer is None and trace.whole and trace.index not in reading.refused
    ]

    def notable(some: Sequence[Trace]) -> bool:
        return len(some) > 0 and len(some) >= NOTABLE * len(traces)

    if reading.faults:
        yield (
            f"failures of {reading.powers.name}: {reading.faults} ({reading.fault}); what it could "
            "not read has no ballot, and answers that it could not compare count as different"
        )
    if notable(unread):
        yield (
            f"{len(unread)} of {len(traces)} traces ended without an answer that could be read "
            f"(answers={reading.kind}): say how answers are stated by answers=, or ask for it in "
            "the prompt"
        )
    if notable(refused):
        yield f"{len(refused)} of {len(traces)} traces refused to answer"
    if notable(cut):
        at = _lengths(cut)
        yield f"{len(cut)} of {len(traces)} traces were cut off at {at}: raise max_tokens"
    if notable(broken):
        yield f"{len(broken)} of {len(traces)} traces were cut off by the server"
    if notable(failed):
        yield f"{len(failed)} of {len(traces)} traces failed: {failed[0].reason}"
    if judge.asked and not judge.scored:
        why = f" ({judge.fault})" if judge.fault else ""
        yield f"the judge {judge.name} gave no verdict on any of {judge.asked} pairs{why}"
    n = engine.setup.n
    if engine.ended_because == "complete" and 0 < len(ballots) <= (1 - NOTABLE) * n:
        yield f"the vote has {len(ballots)} of the {n} ballots that were asked for"
    if len(tally.entries) > 1 and tally.lead == 0:
        yield "the two leading answers have the same weight: the one that was seen first is given"
    seen = sum(not ballot.imputed for ballot in ballots)
    if seen >= FEW and tally.agreement < LOW_AGREEMENT:
        yield (
            f"the leading answer has {tally.agreement:.0%} of {seen} ballots: so divided a vote is "
            "more often wrong than right; abstain_below= gives no answer then"
        )


def _lengths(traces: Sequence[Trace]) -> str:
    lengths = [trace.cost.generated for trace in traces]
    least, most = min(lengths), max(lengths)
    return f"{most:,} tokens" if least == most else f"{least:,} to {most:,} tokens"
