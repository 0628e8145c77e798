"""The charts of the judge report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from deepprune_adapters.report.charts import (
    SOFT,
    Drawing,
    chart,
    legend,
    ratio_axis,
    series,
    short,
)
from deepprune_sdk.evaluation.judge_quality import CheckpointReport
from deepprune_sdk.evaluation.statistics import Interval
from deepprune_sdk.evaluation.sweep import Sweep

__all__ = ["Curve", "calibration", "sensitivity", "separation"]

_PLACES: Final = {"agreement": 5, "accuracy": 4, "tokens per problem": 2}

Line = Sequence[tuple[float, float]]


class Curve(NamedTuple):
    """One judge at one checkpoint."""

    judge: str
    checkpoint: str
    """In tokens, or as a fraction of the problem's median length."""
    figures: CheckpointReport

    @property
    def label(self) -> str:
        """Its name in a legend."""
        return f"{self.judge} @ {self.checkpoint}"


def separation(curves: Sequence[Curve]) -> Iterator[str]:
    """Draw the ROC and the precision-recall curves, one line per judge and checkpoint."""

    def roc(axes: Drawing) -> None:
        axes.plot((0, 1), (0, 1), color=SOFT, linestyle=":", linewidth=1)
        axes.set(xlabel="different answers called redundant", ylabel="same answers found")

    def precision_recall(axes: Drawing) -> None:
        for place, curve in enumerate(curves):
            rate = curve.figures.positive_rate
            axes.axhline(rate, color=series(place)[0], linestyle=":", linewidth=1)
        axes.set(xlabel="same answers found (recall)", ylabel="closings that are right (precision)")

    drawn = [(curve.label, curve.figures.roc) for curve in curves]
    yield _lines("roc", "ROC curve", drawn, roc, caption="Dotted: a judge that guesses.")
    drawn = [(curve.label, curve.figures.precision_recall) for curve in curves]
    caption = "Dotted: the share of pairs with the same answer, which guessing reaches."
    label = "Precision against recall"
    yield _lines("precision", label, drawn, precision_recall, caption=caption)


def _lines(
    name: str,
    label: str,
    lines: Sequence[tuple[str, Line]],
    frame: Callable[[Drawing], None],
    *,
    caption: str,
) -> str:
    """Draw lines, each with its name, in a unit square."""

    def draw(figure: Drawing) -> None:
        axes = figure.add_subplot()
        entries: list[tuple[str, Drawing]] = []
        frame(axes)
        _unit_square(axes)
        for place, (called, points) in enumerate(lines):
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
            entries.append((called, drawn[0]))
        legend(figure, entries)

    return chart(name, label, draw, caption=caption)


def calibration(curves: Sequence[Curve]) -> str:
    """Draw what verdicts say against what came true, and how many verdicts say it."""

    def draw(figure: Drawing) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        entries: list[tuple[str, Drawing]] = []
        above.plot((0, 1), (0, 1), color=SOFT, linestyle=":", linewidth=1)
        _unit_square(above)
        for place, curve in enumerate(curves):
            colour, marker = series(place)
            bins = [entry for entry in curve.figures.calibration if entry[2]]
            x = [predicted for predicted, _, _ in bins]
            style = {"color": colour, "marker": marker, "markersize": 6, "linewidth": 1.2}
            drawn = above.plot(x, [observed for _, observed, _ in bins], **style)
            entries.append((curve.label, drawn[0]))
            below.plot(x, [pairs / curve.figures.pairs for _, _, pairs in bins], **style)
        above.set_ylabel("share with the same answer")
        below.set(xlabel="probability that the judge gave", ylabel="pairs")
        below.set_ylim(bottom=0)
        ratio_axis(below, "y")
        legend(figure, entries)

    caption = "On the dotted line a probability means what it says. Below: how many pairs got it."
    return chart("calibration", "Calibration", draw, size=(5.6, 5.2), caption=caption)


def sensitivity(sweep: Sweep, place: int, note: str) -> str:
    """Draw quality above and tokens below along one setting, from its lowest value on.

    Args:
        sweep: The setting; a point without a value has no place on the axis and is left out.
        place: Makes the chart's name unique.
        note: Text under the chart.
    """
    points = [(point.value, point) for point in sweep.points if point.value is not None]

    def draw(figure: Drawing) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        quality = {
            "agreement": [(x, p.agreement_with_full, p.agreement_with_full_ci) for x, p in points],
            "accuracy": [
                (x, p.accuracy, p.accuracy_ci) for x, p in points if p.accuracy is not None
            ],
        }
        entries = [_band(above, name, band) for name, band in quality.items() if band]
        tokens = [(x, point.tokens, point.tokens_ci) for x, point in points]
        entries.append(_band(below, "tokens per problem", tokens))
        ratio_axis(above, "y")
        below.set_ylim(bottom=0)
        below.yaxis.set_major_formatter("{x:,.0f}")
        below.set_xlabel(short(sweep.setting))
        legend(figure, entries)

    label = f"Agreement, accuracy and tokens against {sweep.setting}"
    return chart(f"sweep{place}", label, draw, size=(5.6, 5.0), caption=note)


def _band(
    axes: Drawing, name: str, points: Sequence[tuple[float, float, Interval | None]]
) -> tuple[str, Drawing]:
    """Draw a line in the band of its intervals; return its entry in the legend."""
    colour, marker = series(_PLACES[name])
    x, y = [x for x, _, _ in points], [y for _, y, _ in points]
    line = axes.plot(x, y, color=colour, marker=marker, markersize=6, linewidth=1.5)[0]
    known = [(at, *interval) for at, _, interval in points if interval]
    if known:
        at, low, high = zip(*known, strict=True)
        axes.fill_between(at, low, high, color=colour, alpha=0.18, linewidth=0)
    return name, line


def _unit_square(axes: Drawing) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    ratio_axis(axes, "x")
    ratio_axis(axes, "y")
