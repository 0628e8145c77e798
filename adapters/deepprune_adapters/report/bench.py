"""The report of a bench run: methods on the same draws, what they cost and what they keep."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from deepprune_adapters.report.charts import Drawing, Point, chart, scatter, short
from deepprune_adapters.report.page import Cell, between, number, page, percent, table
from deepprune_sdk.evaluation.leaderboard import BenchReport, MethodReport
from deepprune_sdk.evaluation.statistics import Interval, pareto_front
from deepprune_sdk.results.markup import escaped, visible

__all__ = ["bench_report"]

MOST_PROBLEMS = 60
"""Problems in one picture; the next ones get another."""

NAME = 28
"""Characters of a problem's name in its picture."""

_HEAD = (
    "method",
    "tokens per problem",
    "saved",
    "agrees with full vote",
    "accuracy",
    "accuracy minus cons",
    "one after another",
    "judge tokens",
    "prompt tokens",
    "pass@k",
    "answers",
    "started",
    "finished",
    "closed",
)


def bench_report(report: BenchReport, *, title: str = "Methods on recorded traces") -> str:
    """Return one self-contained HTML page.

    Args:
        report: The bench run.
        title: Heading of the page.

    Raises:
        MissingExtraError: matplotlib is not installed (extra `eval`).
    """
    return page(
        title,
        f"<p>{number(report.problems)} problems, {number(report.n)} traces per draw, "
        f"{number(report.repeats)} draws per problem, seed {report.seed}, "
        f"judge {escaped(report.judge, limit=100)}. Every method saw the same draws.</p>\n"
        f"<p>Intervals: {escaped(report.intervals)}.</p>\n"
        f"{''.join(_left_out(report))}"
        f"{_table(report)}\n"
        '<p class="soft">● no other method has both fewer tokens and more agreement. Tokens are '
        "generated tokens and the judge's own. Prompt tokens, estimated, are not among them: a "
        "server may read a prompt once for all its traces. Agreement is with the answer of all n "
        "traces of the same draw; it needs no reference answer. <i>One after another</i> are the "
        "tokens that had to be generated in sequence: the latency, where the server has room for "
        "every trace.</p>\n"
        f"<h2>Quality against cost</h2>\n{''.join(_quality(report))}"
        f"<h2>Cost against latency</h2>\n{_latency(report)}"
        f"<h2>Problem by problem</h2>\n{''.join(_problems(report))}",
    )


def _left_out(report: BenchReport) -> Iterator[str]:
    for warning in report.warnings:
        yield f'<p class="bad">{escaped(warning, limit=400)}</p>\n'
    for name, why in report.left_out.items():
        yield f"<p>Without {escaped(name, limit=80)}: {escaped(why, limit=400)}</p>\n"


def _table(report: BenchReport) -> str:
    return table(_HEAD, (list(_row(name, method)) for name, method in report.methods.items()))


def _row(name: str, method: MethodReport) -> Iterator[Cell]:
    yield Cell(f"{escaped(name, limit=80)}{' ●' if method.pareto else ''}", numeric=False)
    tokens = number(method.tokens) + between(method.tokens_ci)
    yield Cell(tokens, method.tokens)
    yield Cell(percent(method.token_reduction), method.token_reduction)
    for value, interval, signed in (
        (method.agreement_with_full, method.agreement_with_full_ci, False),
        (method.accuracy, method.accuracy_ci, False),
        (method.accuracy_minus_cons, method.accuracy_minus_cons_ci, True),
    ):
        yield Cell(percent(value, signed=signed) + between(interval, share=True), value)
    yield Cell(number(method.critical_tokens), method.critical_tokens)
    yield Cell(number(method.judge_tokens), method.judge_tokens)
    yield Cell(number(method.prompt_tokens), method.prompt_tokens)
    yield Cell(percent(method.pass_at_k), method.pass_at_k)
    for count in (method.distinct_answers, method.started, method.finished, method.closed):
        yield Cell(number(count, 1), count)


def _quality(report: BenchReport) -> Iterator[str]:
    methods = report.methods
    agreement = {
        name: (m.agreement_with_full, m.agreement_with_full_ci) for name, m in methods.items()
    }
    accuracy = {
        name: (m.accuracy, m.accuracy_ci) for name, m in methods.items() if m.accuracy is not None
    }
    yield '<div class="charts">\n'
    front = {name for name, method in methods.items() if method.pareto}
    yield _against_tokens(report, "agreement", "agreement with the full vote", agreement, front)
    if accuracy:
        front = pareto_front({name: (methods[name].tokens, y) for name, (y, _) in accuracy.items()})
        yield _against_tokens(report, "accuracy", "accuracy", accuracy, front)
    yield "</div>\n"
    if not accuracy:
        yield "<p>The recording has no reference answers: there is no accuracy to show.</p>\n"


def _against_tokens(
    report: BenchReport,
    name: str,
    quality: str,
    values: Mapping[str, tuple[float, Interval | None]],
    front: Container[str],
) -> str:
    return scatter(
        name,
        f"{quality.capitalize()} against tokens, one point per method",
        [
            Point(
                name=method,
                x=report.methods[method].tokens,
                y=value,
                x_ci=report.methods[method].tokens_ci,
                y_ci=interval,
                front=method in front,
            )
            for method, (value, interval) in values.items()
        ],
        x_label="tokens per problem",
        y_label=quality,
        share=True,
        caption="Up and left is better. The dashed line is the Pareto front.",
    )


def _latency(report: BenchReport) -> str:
    front = pareto_front({n: (m.critical_tokens, -m.tokens) for n, m in report.methods.items()})
    drawn = scatter(
        "latency",
        "Tokens against tokens that had to be generated one after another",
        [
            Point(
                name=name,
                x=method.critical_tokens,
                y=method.tokens,
                y_ci=method.tokens_ci,
                front=name in front,
            )
            for name, method in report.methods.items()
        ],
        x_label="tokens one after another (latency)",
        y_label="tokens per problem",
        caption="Down and left is better. The dashed line is the Pareto front.",
    )
    return f'<div class="charts">\n{drawn}</div>\n'


def _problems(report: BenchReport) -> Iterator[str]:
    """The dearest problems first, since they decide the mean."""
    methods = list(report.methods)
    baseline = report.methods.get("cons")
    if baseline is None:
        yield "<p>Without cons there is nothing to compare problems with.</p>\n"
        return
    full = {name: problem.tokens or 1.0 for name, problem in baseline.per_problem.items()}
    problems = sorted(full, key=lambda name: (-full[name], name))
    for place in range(0, len(problems), MOST_PROBLEMS):
        some = problems[place : place + MOST_PROBLEMS]
        yield _problem_chart(report, methods, some, full, place // MOST_PROBLEMS)
    yield (
        '<p class="soft">The dearest problem comes first. Left: tokens in per cent of cons, dark '
        "is little. Right: draws that agree with the full vote in per cent, bright is all of them."
        "</p>\n"
    )


def _problem_chart(
    report: BenchReport,
    methods: list[str],
    problems: list[str],
    full: dict[str, float],
    place: int,
) -> str:
    def cells(problem: str, measure: str) -> list[float]:
        shares: list[float] = []
        for method in methods:
            found = report.methods[method].per_problem[problem]
            tokens = found.tokens / full[problem]
            shares.append(tokens if measure == "tokens" else found.agreement_with_full)
        return shares

    def draw(figure: Drawing) -> None:
        _heat(
            figure,
            {
                "tokens, % of cons": [cells(problem, "tokens") for problem in problems],
                "agreement, %": [cells(problem, "agreement") for problem in problems],
            },
            problems,
            methods,
        )

    return chart(
        f"problems{place}",
        "Tokens and agreement of every method on every problem",
        draw,
        size=(10.0, 1.5 + 0.22 * len(problems)),
    )


def _end(name: str) -> str:
    """Return the end of a problem's name, which tells it from the others of its model."""
    shown = visible(name)
    return shown if len(shown) <= NAME else f"…{shown[1 - NAME :]}"


def _heat(
    figure: Drawing,
    tables: Mapping[str, Sequence[Sequence[float]]],
    rows: Sequence[str],
    columns: Sequence[str],
) -> None:
    """Draw tables of shares side by side: dark is little, bright is much, whatever the paper."""
    panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axes, (title, cells) in zip(panels, tables.items(), strict=True):
        axes.pcolormesh(cells, cmap="cividis", vmin=0, vmax=1, linewidth=0)
        axes.set_title(title)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.set_xticks([place + 0.5 for place in range(len(columns))])
        axes.set_xticklabels([short(name) for name in columns], rotation=30, ha="right")
        axes.set_yticks([place + 0.5 for place in range(len(rows))])
        axes.set_yticklabels([_end(name) for name in rows])
        axes.set_ylim(len(rows), 0)
        for y, line in enumerate(cells):
            for x, share in enumerate(line):
                axes.text(
                    x + 0.5,
                    y + 0.5,
                    f"{100 * share:.0f}",
                    color="#ffffff" if share < 0.55 else "#000000",
                    ha="center",
                    va="center",
                    fontsize=8,
                    in_layout=False,
                )
