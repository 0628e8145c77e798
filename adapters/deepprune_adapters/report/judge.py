"""The report of a judge: how well it tells pairs apart, how honest it is, what its errors cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deepprune_adapters.report.judge_charts import Curve, calibration, sensitivity, separation
from deepprune_adapters.report.page import Cell, between, number, page, percent, table
from deepprune_sdk.evaluation.judge_quality import JudgeEvaluation
from deepprune_sdk.evaluation.sweep import HeldOut, Sweep
from deepprune_sdk.results.markup import escaped

__all__ = ["held_out", "judge_report"]

_HEAD = (
    "judge",
    "checkpoint",
    "pairs",
    "same answer",
    "AUROC within problem",
    "AUROC pooled",
    "constant per problem",
    "TNR at FNR 0.2",
    "Brier",
    "calibration error",
    "ms per pair",
    "tokens per pair",
)


def judge_report(
    evaluations: Sequence[JudgeEvaluation], sweeps: Sequence[Sweep] = (), *, title: str = "Judges"
) -> str:
    """Return one self-contained HTML page; what is empty is left out.

    Args:
        evaluations: Judges against recorded traces; each checkpoint is a curve.
        sweeps: Quality and cost along one setting each.
        title: Heading of the page.

    Raises:
        MissingExtraError: matplotlib is not installed (extra `eval`).
    """
    curves = [
        Curve(evaluation.judge, checkpoint, figures)
        for evaluation in evaluations
        for checkpoint, figures in evaluation.checkpoints.items()
    ]
    parts: list[str] = []
    if curves:
        parts += [
            table(_HEAD, (list(_row(curve)) for curve in curves)),
            '<p class="soft">AUROC within problem compares pairs of the same problem only. The '
            "pooled figure also rewards knowing which problem is easy: the constant column is "
            "what a judge gets that knows nothing else.</p>\n",
            '<h2>Telling pairs apart</h2>\n<div class="charts">\n',
            *separation(curves),
            '</div>\n<h2>Calibration</h2>\n<div class="charts">\n',
            calibration(curves),
            "</div>\n",
        ]
    if sweeps:
        parts.append('<h2>Sensitivity</h2>\n<div class="charts">\n')
        for place, sweep in enumerate(sweeps):
            note = "" if sweep.held_out is None else held_out(sweep.held_out)
            parts.append(sensitivity(sweep, place, note))
        parts.append("</div>\n")
    return page(title, "".join(parts))


def held_out(chosen: HeldOut) -> str:
    """Say in a line what values chosen on the other problems bring."""
    return (
        f"chosen on the other problems to keep {chosen.target_agreement:.0%}: agreement "
        f"{chosen.agreement_with_full:.1%} with {chosen.tokens:,.0f} tokens per problem"
    )


def _row(curve: Curve) -> Iterator[Cell]:
    figures = curve.figures
    yield Cell(escaped(curve.judge, limit=80), numeric=False)
    yield Cell(escaped(curve.checkpoint, limit=40), numeric=False)
    yield Cell(number(figures.pairs), figures.pairs)
    yield Cell(percent(figures.positive_rate), figures.positive_rate)
    for value, interval in (
        (figures.auroc_within, figures.auroc_within_ci),
        (figures.auroc, figures.auroc_ci),
    ):
        yield Cell(number(value, 3) + between(interval, decimals=3), value)
    for value in (
        figures.auroc_constant_per_problem,
        figures.tnr_at_fnr_02,
        figures.brier,
        figures.ece,
    ):
        yield Cell(number(value, 3), value)
    yield Cell(number(figures.ms_per_pair, 2), figures.ms_per_pair)
    yield Cell(number(figures.tokens_per_pair), figures.tokens_per_pair)
