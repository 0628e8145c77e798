"""From an engine to a `Result`: the same for a live run and for a replayed one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from deepprune_sdk.data.prices import Price
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.types import NO_USAGE, Usage
from deepprune_sdk.data.voting import Ballot, SurvivorsVote, Tally
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.engine.health import warnings_of
from deepprune_sdk.engine.saved import estimate_saved
from deepprune_sdk.policies.base import Imputation
from deepprune_sdk.policies.beta_rule import leader_stays_ahead
from deepprune_sdk.results.reports import (
    JudgeReport,
    RunUsage,
    ShadowReport,
    TallyReport,
    TraceReport,
)
from deepprune_sdk.results.result import Result

__all__ = ["summarize"]


def summarize(
    engine: Engine,
    judge: JudgeReport | None = None,
    price: Price | None = None,
    *,
    abstain_below: float | None = None,
    model: str = "",
    seconds: float | None = None,
) -> Result:
    """Report a run as it stands, over or not. In shadow mode the full traces vote by majority.

    Args:
        engine: The run.
        judge: What became of the pairs.
        price: What tokens cost.
        abstain_below: Agreement below which no answer is given.
        model: The model's name.
        seconds: Since the run began; None where no clock ran.
    """
    judge = judge or JudgeReport()
    if engine.roster.shadow:
        traces = engine.roster.run_traces()
        ballots = [
            Ballot(trace=trace.index, answer=trace.answer)
            for trace in traces
            if trace.answer is not None
        ]
        tally = SurvivorsVote().tally(ballots)
        shadow = _shadow(engine, traces, tally)
    else:
        traces, ballots, tally, shadow = (
            engine.roster.traces,
            engine.roster.ballots(),
            engine.roster.tally(),
            None,
        )
    usage = sum((trace.cost for trace in traces), NO_USAGE)
    cost = None if price is None else price.of_traces(traces, engine.setup.resumed)
    recorded = set(engine.setup.resumed)
    resumed = sum(trace.tokens for trace in traces if trace.index in recorded)
    claims = engine.roster.imputations
    lapsed = {c.cluster for c in claims.values() if c.speaker is None and c.answer is None}
    abstained = (
        abstain_below is not None and tally.answer is not None and tally.agreement < abstain_below
    )
    totals = [(answer, entry.total) for answer, entry in tally.entries.items()]
    answer = engine.roster.reading.folded(totals) or tally.answer
    warnings = [*warnings_of(engine, traces, ballots, tally, judge), *engine.warnings]
    if abstained:
        warnings.insert(
            0,
            f"no answer: the leading one has an agreement of {tally.agreement:.2f}, and "
            f"abstain_below={abstain_below:g}",
        )
    return Result(
        answer=None if abstained else answer,
        answers=engine.roster.reading.kind,
        abstained=abstained,
        tally={
            answer: TallyReport(observed=entry.observed, imputed=entry.imputed)
            for answer, entry in tally.entries.items()
        },
        method=engine.method,
        policy=engine.policy,
        model=model,
        n=engine.setup.n,
        seed=engine.setup.seed,
        seconds=seconds,
        agreement=tally.agreement,
        posterior=_posterior(ballots, tally),
        ended_because=engine.ended_because or "running",
        usage=_run_usage(usage, engine.probe_usage, judge, resumed, cost),
        traces=_reports(engine, traces, ballots, tally),
        clusters=_clusters(engine),
        judge=judge,
        orphaned=0 if shadow else len(lapsed),
        saved=None if shadow else estimate_saved(traces, engine.setup.n),
        shadow=shadow,
        warnings=warnings,
    )


def _posterior(ballots: Sequence[Ballot], tally: Tally) -> float:
    """The Beta rule on how often each answer was seen in a trace that has a say."""
    seen = Counter(
        ballot.answer
        for ballot in ballots
        if not ballot.imputed and tally.weights.get(ballot.trace, 0.0) > 0.0
    )
    winner = seen.pop(tally.answer, 0) if tally.answer is not None else 0
    return leader_stays_ahead(winner, max(seen.values(), default=0))


def _clusters(engine: Engine) -> dict[int, list[int]]:
    """Group the traces; those pruned into a cluster that joined another one went along."""
    claims = engine.roster.imputations
    clusters: dict[int, list[int]] = {}
    for trace, placed in engine.placed.items():
        claim = claims.get(trace)
        cluster = placed if claim is None or claim.cluster is None else claim.cluster
        clusters.setdefault(cluster, []).append(trace)
    return clusters


def _run_usage(
    usage: Usage, probes: Usage, judge: JudgeReport, resumed: int, cost: float | None
) -> RunUsage:
    return RunUsage(
        prompt=usage.prompt,
        cached=usage.cached,
        generated=usage.generated,
        resumed=resumed,
        cost=cost,
        judge=judge.prompt_tokens + judge.generated_tokens + probes.prompt + probes.generated,
        estimated=usage.estimated or probes.estimated,
    )


def _reports(
    engine: Engine, traces: Sequence[Trace], ballots: Sequence[Ballot], tally: Tally
) -> list[TraceReport]:
    claims: Mapping[int, Imputation] = {} if engine.roster.shadow else engine.roster.imputations
    cast = {ballot.trace: ballot for ballot in ballots}
    reports: list[TraceReport] = []
    for trace in traces:
        ballot, claim = cast.get(trace.index), claims.get(trace.index)
        reports.append(
            TraceReport(
                trace=trace.index,
                outcome=trace.outcome or "live",
                finish=trace.finish if trace.outcome == "finished" else None,
                reason=trace.reason,
                into=claim.cluster if claim else trace.into,
                answer=ballot.answer if ballot else None,
                imputed=ballot.imputed if ballot else False,
                weight=tally.weights.get(trace.index, 0.0),
                tokens=trace.cost.generated,
                compared_at=sorted(engine.compared.get(trace.index, ())),
                text=trace.text,
            )
        )
    return reports


def _shadow(engine: Engine, traces: Sequence[Trace], tally: Tally) -> ShadowReport:
    answer = engine.roster.tally().answer
    generated = sum(trace.cost.generated for trace in engine.roster.traces)
    imputed = {ballot.trace: ballot.answer for ballot in engine.roster.ballots() if ballot.imputed}
    closed = [trace for trace in engine.roster.traces if trace.into is not None]
    pairs = [
        (traces[trace.index].answer, imputed[trace.index])
        for trace in closed
        if trace.index in imputed and traces[trace.index].answer is not None
    ]
    right = sum(seen == claimed for seen, claimed in pairs)
    return ShadowReport(
        answer=answer,
        answer_differs=answer != tally.answer,
        ended_because=engine.policy_ended_because or "running",
        generated=generated,
        saved=sum(trace.cost.generated for trace in traces) - generated,
        closings=len(closed),
        right=right,
        wrong=len(pairs) - right,
    )
