"""The report of a judge: how well it tells pairs apart, how honest it is, what its errors cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deepprune_adapters.report.judge_charts import calibration, sensitivity, separation
from deepprune_adapters.report.judge_data import CalibrationBin, JudgeCurves, Sweep, SweepPoint
from deepprune_adapters.report.page import Cell, between, number, page, percent, table
from deepprune_sdk.results.markup import escaped

__all__ = ["CalibrationBin", "JudgeCurves", "Sweep", "SweepPoint", "judge_report"]


def judge_report(
    curves: Sequence[JudgeCurves], sweeps: Sequence[Sweep] = (), *, title: str = "Judges"
) -> str:
    """Return one self-contained HTML page; what is empty is left out.

    Raises:
        MissingExtraError: matplotlib is not installed (extra `eval`).
    """
    parts: list[str] = []
    if curves:
        parts += [
            _table(curves),
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
        parts += [sensitivity(sweep, place) for place, sweep in enumerate(sweeps)]
        parts.append("</div>\n")
    return page(title, "".join(parts))


def _table(curves: Sequence[JudgeCurves]) -> str:
    head = (
        "judge",
        "checkpoint",
        "pairs",
        "same answer",
        "AUROC within problem",
        "AUROC pooled",
        "constant a problem",
        "TNR at FNR 0.2",
        "Brier",
        "calibration error",
        "ms a pair",
        "tokens a pair",
    )
    return table(head, (list(_row(curve)) for curve in curves))


def _row(curve: JudgeCurves) -> Iterator[Cell]:
    yield Cell(escaped(curve.name, limit=80), numeric=False)
    yield Cell(escaped(curve.checkpoint, limit=40), numeric=False)
    yield Cell(number(curve.pairs), curve.pairs)
    yield Cell(percent(curve.positive_rate), curve.positive_rate)
    for value, interval in (
        (curve.auroc_within, curve.auroc_within_ci),
        (curve.auroc, curve.auroc_ci),
    ):
        small = between(interval, decimals=3)
        yield Cell(number(value, 3) + small, value)
    for value in (curve.auroc_constant_per_problem, curve.tnr_at_fnr, curve.brier, curve.ece):
        yield Cell(number(value, 3), value)
    yield Cell(number(curve.ms_per_pair, 2), curve.ms_per_pair)
    yield Cell(number(curve.tokens_per_pair), curve.tokens_per_pair)
