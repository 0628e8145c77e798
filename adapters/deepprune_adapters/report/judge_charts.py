"""The charts of the judge report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from deepprune_adapters.report.charts import (
    SOFT,
    Drawing,
    chart,
    legend,
    ratio_axis,
    series,
    short,
)
from deepprune_adapters.report.judge_data import JudgeCurves, Sweep
from deepprune_sdk.evaluation.statistics import Interval

__all__ = ["calibration", "sensitivity", "separation"]


_PLACES: Final = {"agreement": 5, "accuracy": 4, "tokens a problem": 2}


def _label(curve: JudgeCurves) -> str:
    return f"{curve.name} @ {curve.checkpoint}"


def separation(curves: Sequence[JudgeCurves]) -> Iterator[str]:
    """Draw the ROC and the precision-recall curves, one line a judge and checkpoint."""

    def roc(axes: Drawing) -> None:
        axes.plot((0, 1), (0, 1), color=SOFT, linestyle=":", linewidth=1)
        axes.set(xlabel="different answers called redundant", ylabel="same answers found")

    def precision_recall(axes: Drawing) -> None:
        for place, curve in enumerate(curves):
            axes.axhline(curve.positive_rate, color=series(place)[0], linestyle=":", linewidth=1)
        axes.set(xlabel="same answers found (recall)", ylabel="closings that are right (precision)")

    yield _lines(
        "roc",
        "ROC curve",
        curves=curves,
        lines=[curve.roc for curve in curves],
        frame=roc,
        caption="Dotted: a judge that guesses.",
    )
    yield _lines(
        "precision",
        "Precision against recall",
        curves=curves,
        lines=[curve.precision_recall for curve in curves],
        frame=precision_recall,
        caption="Dotted: the share of pairs with the same answer, which guessing reaches.",
    )


def _lines(
    name: str,
    label: str,
    *,
    curves: Sequence[JudgeCurves],
    lines: Sequence[Sequence[tuple[float, float]]],
    frame: Callable[[Drawing], None],
    caption: str,
) -> str:
    def draw(figure: Drawing) -> None:
        axes = figure.add_subplot()
        entries: list[tuple[str, Drawing]] = []
        frame(axes)
        _unit_square(axes)
        for place, (curve, points) in enumerate(zip(curves, lines, strict=True)):
            colour, marker = series(place)
            drawn = axes.plot(
                [x for x, _ in points],
                [y for _, y in points],
                color=colour,
                linewidth=1.8,
                marker=marker,
                markersize=5,
                markevery=max(1, len(points) // 8),
            )
            entries.append((_label(curve), drawn[0]))
        legend(figure, entries)

    return chart(name, label, draw, caption=caption)


def calibration(curves: Sequence[JudgeCurves]) -> str:
    """Draw what verdicts say against what came true, and how many verdicts say it."""

    def draw(figure: Drawing) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        entries: list[tuple[str, Drawing]] = []
        above.plot((0, 1), (0, 1), color=SOFT, linestyle=":", linewidth=1)
        _unit_square(above)
        for place, curve in enumerate(curves):
            colour, marker = series(place)
            bins = [entry for entry in curve.calibration if entry.pairs]
            x = [entry.predicted for entry in bins]
            style = {"color": colour, "marker": marker, "markersize": 6, "linewidth": 1.2}
            drawn = above.plot(x, [entry.observed for entry in bins], **style)
            entries.append((_label(curve), drawn[0]))
            below.plot(x, [entry.pairs / curve.pairs for entry in bins], **style)
        above.set_ylabel("share with the same answer")
        below.set(xlabel="probability that the judge gave", ylabel="pairs")
        below.set_ylim(bottom=0)
        ratio_axis(below, "y")
        legend(figure, entries)

    caption = "On the dotted line a probability means what it says. Below: how many pairs got it."
    return chart("calibration", "Calibration", draw, size=(5.6, 5.2), caption=caption)


def sensitivity(sweep: Sweep, place: int) -> str:
    """Draw quality above and tokens below along one axis; `place` makes the chart's name unique."""
    values = [point.value for point in sweep.points]

    def draw(figure: Drawing) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        points = sweep.points
        scored = [p for p in points if p.accuracy is not None]
        entries = [
            _band(
                above,
                "agreement",
                values,
                [point.agreement for point in points],
                [point.agreement_ci for point in points],
            )
        ]
        if scored:
            entries.append(
                _band(
                    above,
                    "accuracy",
                    [point.value for point in scored],
                    [point.accuracy or 0.0 for point in scored],
                    [point.accuracy_ci for point in scored],
                )
            )
        entries.append(
            _band(
                below,
                "tokens a problem",
                values,
                [point.tokens for point in points],
                [point.tokens_ci for point in points],
            )
        )
        for axes in (above, below):
            if sweep.chosen is not None:
                axes.axvline(sweep.chosen, color=SOFT, linestyle="--", linewidth=1)
        ratio_axis(above, "y")
        below.set_ylim(bottom=0)
        below.yaxis.set_major_formatter("{x:,.0f}")
        below.set_xlabel(short(sweep.axis))
        legend(figure, entries)

    chosen = "" if sweep.chosen is None else "Dashed: the value chosen on other problems. "
    return chart(
        f"sweep{place}",
        f"Agreement, accuracy and tokens against {sweep.axis}",
        draw,
        size=(5.6, 5.0),
        caption=chosen + sweep.note,
    )


def _band(
    axes: Drawing,
    name: str,
    x: Sequence[float],
    y: Sequence[float],
    intervals: Sequence[Interval | None],
) -> tuple[str, Drawing]:
    """Draw a line in the band of its intervals; return its entry in the legend."""
    colour, marker = series(_PLACES[name])
    line = axes.plot(x, y, color=colour, marker=marker, markersize=6, linewidth=1.5)[0]
    known = [(at, *interval) for at, interval in zip(x, intervals, strict=True) if interval]
    if known:
        at, low, high = zip(*known, strict=True)
        axes.fill_between(at, low, high, color=colour, alpha=0.18, linewidth=0)
    return name, line


def _unit_square(axes: Drawing) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    ratio_axis(axes, "x")
    ratio_axis(axes, "y")
