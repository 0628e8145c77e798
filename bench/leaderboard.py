"""The leaderboard page of the documentation, made from JSON files.

`published.json` holds what others have published, on their models; every other file is one bench of
ours with the names of its model and benchmark beside it. The two never share a table. To make the
page, and to take in the table of a bench first:

    python bench/leaderboard.py docs/leaderboard -o docs/leaderboard.md
    ... --add table.json --model NAME --benchmark NAME
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leaderboard_data import (
    Bench,
    Published,
    PublishedRow,
    add_bench,
    read_leaderboard,
)

from deepprune_adapters.report.page import SORT_SCRIPT, between, number, percent
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.evaluation.leaderboard import MethodReport
from deepprune_sdk.evaluation.statistics import Interval
from deepprune_sdk.results.markup import escaped

__all__ = ["leaderboard_page", "main"]

_STYLE: Final = """\
<style>
table[data-sortable] th button { all: unset; cursor: pointer; }
table[data-sortable] th button:focus-visible { outline: 2px solid; }
table[data-sortable] th[aria-sort=ascending] button::after { content: " ▲"; }
table[data-sortable] th[aria-sort=descending] button::after { content: " ▼"; }
table[data-sortable] td, table[data-sortable] th { min-width: 0 !important; }
table[data-sortable] td small { display: block; opacity: .75; white-space: nowrap; }
</style>"""


_COMMAND: Final = """\
make leaderboard TRACES=tests/recordings/smollm2-n16.jsonl.gz NAME=smollm2-135m \\
    LEADERBOARD_FLAGS="-n 12" MODEL="SmolLM2-135M-Instruct" BENCHMARK="three small sums\""""


def leaderboard_page(published: Published, benches: Sequence[Bench]) -> str:
    """Return the page as Markdown, with tables that a script in the page makes sortable."""
    parts = [
        "<!-- Made by python bench/leaderboard.py docs/leaderboard -o docs/leaderboard.md: "
        "do not edit. -->",
        "# Leaderboard",
        "What others have published, and what we have measured. The two are on other models, other "
        "problems and other counts, so they stand in tables of their own. ★ marks the fewest "
        "tokens and the best accuracy of a column. Click on a column's name to sort by it.",
        _STYLE,
        "## Measured here",
        *(_bench(bench) for bench in benches),
    ]
    if not benches:
        parts.append("No row yet.")
    parts += [
        "A table is one JSON file in `docs/leaderboard/`: what `deepprune bench TRACES --json FILE`"
        " writes, with `model` and `benchmark` added. This command replays a recording, adds or "
        "replaces the file, and makes the page anew:",
        f"```console\n$ {_COMMAND}\n```",
        "## Published by others",
        f"{_markdown(published.source)}. {_markdown(published.note)}. Tokens in 1e8 over the whole "
        "benchmark; the figures are theirs, on their machines.",
        *_published(published.rows),
        f"<script>\n{SORT_SCRIPT}</script>",
    ]
    return "\n\n".join(parts) + "\n"


def _markdown(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!])", r"\\\1", escaped(text))


def _head(name: str, column: int | None, span: str = "") -> str:
    sortable = "" if column is None else f' data-column="{column}"'
    return f'<th scope="col"{sortable}{span}>{name}</th>'


def _number(html: str, value: float | None, *, best: bool, small: str = "") -> str:
    key = "" if value is None else f"{value:.10g}"
    shown = f"<strong>{html}</strong> ★" if best else html
    return f'<td data-value="{key}">{shown}{small}</td>'


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<tr>{row}</tr>\n" for row in heads)
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    return f"<table data-sortable>\n<thead>\n{head}</thead>\n<tbody>\n{body}</tbody>\n</table>"


def _published(rows: Sequence[PublishedRow]) -> Iterator[str]:
    methods = list(dict.fromkeys(row.method for row in rows))
    for model in dict.fromkeys(row.model for row in rows):
        own = {(row.method, row.benchmark): row for row in rows if row.model == model}
        benchmarks = list(dict.fromkeys(benchmark for _, benchmark in own))
        yield f"### {_markdown(model)}"
        heads = (
            _head("method", 0, ' rowspan="2"')
            + "".join(_head(escaped(name), None, ' colspan="2"') for name in benchmarks),
            "".join(
                _head("tokens, 1e8", 2 * place + 1) + _head("accuracy", 2 * place + 2)
                for place in range(len(benchmarks))
            ),
        )
        best = {
            name: (
                min(float(row.tokens) for (_, at), row in own.items() if at == name),
                max(float(row.accuracy) for (_, at), row in own.items() if at == name),
            )
            for name in benchmarks
        }
        yield _table(
            heads,
            (
                f"<td>{escaped(method)}</td>"
                + "".join(_pair(own.get((method, name)), best[name]) for name in benchmarks)
                for method in methods
            ),
        )


def _pair(row: PublishedRow | None, best: tuple[float, float]) -> str:
    if row is None:
        return '<td data-value="">-</td><td data-value="">-</td>'
    tokens, accuracy = float(row.tokens), float(row.accuracy)
    return _number(row.tokens, tokens, best=tokens == best[0]) + _number(
        f"{row.accuracy}%", accuracy, best=accuracy == best[1]
    )


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    value: Callable[[MethodReport], float | None]
    interval: Callable[[MethodReport], Interval | None] = lambda _: None
    share: bool = True

    def cell(self, method: MethodReport, best: float | None) -> str:
        """Show a method's figure, marked where it is the `best` one."""
        value = self.value(method)
        return _number(
            percent(value) if self.share else number(value),
            value,
            best=value is not None and value == best,
            small=between(self.interval(method), share=self.share),
        )


_TOKENS: Final = _Column(
    "tokens per problem", lambda m: m.tokens, lambda m: m.tokens_ci, share=False
)
_ACCURACY: Final = _Column("accuracy", lambda m: m.accuracy, lambda m: m.accuracy_ci)
_COLUMNS: Final = (
    _TOKENS,
    _Column("saved", lambda m: m.token_reduction),
    _ACCURACY,
    _Column(
        "agrees with full vote", lambda m: m.agreement_with_full, lambda m: m.agreement_with_full_ci
    ),
    _Column("one after another", lambda m: m.critical_tokens, share=False),
)


def _bench(bench: Bench) -> str:
    methods = bench.methods.values()
    scores = [method.accuracy for method in methods if method.accuracy is not None]
    best = {
        _TOKENS: min((method.tokens for method in methods), default=None),
        _ACCURACY: max(scores, default=None),
    }
    rows = (
        f"<td>{escaped(name)}</td>"
        + "".join(column.cell(method, best.get(column)) for column in _COLUMNS)
        for name, method in bench.methods.items()
    )
    note = f" {_markdown(bench.note)}" if bench.note else ""
    head = _head("method", 0) + "".join(
        _head(column.name, place + 1) for place, column in enumerate(_COLUMNS)
    )
    return "\n\n".join(
        (
            f"### {_markdown(bench.model)} on {_markdown(bench.benchmark)}",
            f"{number(bench.problems)} problems, n = {number(bench.n)}, "
            f"{number(bench.repeats)} draws per problem, judge {_markdown(bench.judge)}, seed "
            f"{bench.seed}. Intervals: {_markdown(bench.intervals)}.{note}",
            _table([head], rows),
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the page from a folder of JSON files."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where the JSON files are")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the page, Markdown")
    parser.add_argument("--add", type=Path, metavar="TABLE.json", help="a bench to take in first")
    parser.add_argument("--model", help="what wrote its traces")
    parser.add_argument("--benchmark", help="where its problems are from")
    parser.add_argument("--note", default="", help="a sentence under its heading")
    given = parser.parse_args(arguments)
    if given.add is not None and not (given.model and given.benchmark):
        parser.error("--add needs --model and --benchmark: name what was measured")
    try:
        if given.add is not None:
            add_bench(
                given.folder,
                given.add,
                model=given.model,
                benchmark=given.benchmark,
                note=given.note,
            )
        html = leaderboard_page(*read_leaderboard(given.folder))
        given.output.write_text(html, encoding="utf-8", newline="\n")
    except (ConfigurationError, OSError) as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
