"""Charts as inline SVG by matplotlib, in the colours of the page they stand on.

matplotlib draws in stand-in colours, which become the page's custom properties afterwards: the same
SVG reads well in light, in dark and printed. Text stays text. The same figures give the same bytes.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

from deepprune_sdk.errors import MissingExtraError
from deepprune_sdk.evaluation.statistics import Interval
from deepprune_sdk.results.markup import COLOURS, escaped, visible

__all__ = [
    "Drawing",
    "Point",
    "chart",
    "legend",
    "ratio_axis",
    "require_matplotlib",
    "scatter",
    "series",
    "short",
]

Drawing = Any
"""A figure or the axes of one: matplotlib's own annotations leave what these take unknown."""

INK, SOFT, LINE, PAPER = "#01020a", "#01020b", "#01020c", "#01020d"
_STAND_INS: Final = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    PAPER: "var(--paper)",
    **{f"#0102{20 + place}": f"var(--c{place})" for place in range(COLOURS)},
}
_MARKERS: Final = "os^DvPX<>*h"
_SETTINGS: Final[Mapping[str, Any]] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # names are text, whatever dollars they hold
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A method in a scatter chart: where it stands, how sure that is, and whether it is best."""

    name: str
    x: float
    y: float
    x_ci: Interval | None = None
    y_ci: Interval | None = None
    front: bool = False


def series(place: int) -> tuple[str, str]:
    """Return the colour and the marker of the series at `place`: no two look the same in grey."""
    return f"#0102{20 + place % COLOURS}", _MARKERS[place % len(_MARKERS)]


def chart(
    name: str,
    label: str,
    draw: Callable[[Drawing], None],
    *,
    size: tuple[float, float] = (5.6, 4.2),
    caption: str = "",
) -> str:
    """Draw one chart as an HTML figure.

    Args:
        name: Unique on the page; the ids of the SVG begin with it.
        label: What the chart shows, for those who do not see it.
        draw: Draws into an empty figure.
        size: Width and height in inches.
        caption: Text under the chart.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    settings = {**_SETTINGS, "svg.hashsalt": name}
    with _load("matplotlib").rc_context(settings):
        figure = _load("matplotlib.figure").Figure(figsize=size, layout="constrained")
        draw(figure)
        drawn = StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    below = f"<figcaption>{escaped(caption)}</figcaption>" if caption else ""
    return f'<figure class="chart">{_inline(drawn.getvalue(), name, label)}{below}</figure>\n'


def require_matplotlib() -> None:
    """Find out, before there is anything to draw, whether it could be drawn.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    _load("matplotlib")


def _load(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(extra="eval", package="matplotlib") from error


def _inline(svg: str, name: str, label: str) -> str:
    """Make a stand-alone SVG file part of a page: own ids, no declarations, the page's style."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r"<[^>]+>", lambda tag: _at_home(tag.group(), name), svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{escaped(label)}"', 1)


def _at_home(tag: str, name: str) -> str:
    tag = re.sub(r'\s(?:xmlns(?::\w+)?|version)="[^"]*"', "", tag)
    tag = re.sub(r'(\sid="|url\(#)', rf"\g<1>{name}-", tag)
    tag = re.sub(r'\sxlink:href="#', f' href="#{name}-', tag)
    tag = re.sub(r'font-family: [^";]*;? ?', "", tag)
    return re.sub(r"#0102\w\w", lambda colour: _STAND_INS[colour.group()], tag)


# --- kinds of chart -------------------------------------------------------------------------------


def scatter(
    name: str,
    label: str,
    points: Sequence[Point],
    *,
    x_label: str,
    y_label: str,
    share: bool = False,
    caption: str = "",
) -> str:
    """Draw methods as points with intervals on both axes, and the Pareto front as a line.

    Args:
        name: As for `chart`.
        label: As for `chart`.
        points: The methods; their order gives them their colours and markers.
        x_label: Name of the x axis, which begins at 0.
        y_label: Name of the y axis.
        share: Whether y is a share, to be shown in per cent; else the axis begins at 0 as well.
        caption: As for `chart`.
    """

    def draw(figure: Drawing) -> None:
        axes = figure.add_subplot()
        entries: list[tuple[str, Drawing]] = []
        front = sorted((point.x, point.y) for point in points if point.front)
        axes.plot(
            *zip(*front, strict=True), color=SOFT, linestyle=(0, (4, 3)), linewidth=1.2, zorder=2
        )
        for place, point in enumerate(points):
            colour, marker = series(place)
            axes.errorbar(
                point.x,
                point.y,
                xerr=_arms(point.x, point.x_ci),
                yerr=_arms(point.y, point.y_ci),
                fmt="none",
                ecolor=colour,
                elinewidth=1,
                capsize=2.5,
                zorder=2,
            )
            drawn = axes.plot(
                point.x,
                point.y,
                color=colour,
                marker=marker,
                markersize=8,
                markeredgecolor=INK,
                markeredgewidth=0.6,
                linestyle="none",
                zorder=3,
            )
            entries.append((point.name, drawn[0]))
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_xlim(0, 1.06 * max(_far(point.x, point.x_ci) for point in points) or 1.0)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        if share:
            ratio_axis(axes, "y")
        else:
            axes.set_ylim(0, 1.06 * max(_far(point.y, point.y_ci) for point in points) or 1.0)
            axes.yaxis.set_major_formatter("{x:,.0f}")
        legend(figure, entries)

    return chart(name, label, draw, caption=caption)


def _far(value: float, interval: Interval | None) -> float:
    return value if interval is None else max(value, interval[1])


def _arms(value: float, interval: Interval | None) -> list[list[float]] | None:
    if interval is None:
        return None
    return [[max(0.0, value - interval[0])], [max(0.0, interval[1] - value)]]


def short(name: str) -> str:
    """Return a name as charts show it: not too long, without what SVG cannot hold."""
    return visible(name, limit=36)


def ratio_axis(axes: Drawing, which: str) -> None:
    """Label an axis in per cent."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(_load("matplotlib.ticker").PercentFormatter(1.0))


def legend(figure: Drawing, entries: Sequence[tuple[str, Drawing]]) -> None:
    """Put names with what was drawn for them under the axes, in as many columns as fit."""
    # Given one by one: what matplotlib collects itself lacks names that begin with "_".
    names = [short(name) for name, _ in entries]
    longest = max(map(len, names), default=1)
    figure.legend(
        [drawn for _, drawn in entries],
        names,
        loc="outside lower center",
        ncols=max(1, min(4, 84 // (longest + 7))),
    )
