"""One self-contained HTML page: its frame, its style, its tables.

A page loads nothing: its content security policy forbids every request, and every script but the
one here. Text of models, servers and users goes through `deepprune_sdk.results.markup.escaped`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from deepprune_sdk.results.markup import escaped, scheme

__all__ = ["SORT_SCRIPT", "Cell", "between", "number", "page", "percent", "table"]

SORT_SCRIPT: Final = """\
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const key = (row, column) => {
    const cell = row.cells[column];
    const value = cell.dataset.value;
    return value === undefined ? cell.textContent : value === "" ? null : Number(value);
  };
  for (const head of table.querySelectorAll("th[data-column]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of table.querySelectorAll("th[aria-sort]")) {
        other.removeAttribute("aria-sort");
      }
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      const column = Number(head.dataset.column);
      const rows = [...table.tBodies[0].rows].sort((left, right) => {
        const a = key(left, column), b = key(right, column);
        if (a === null || b === null) return (a === null) - (b === null);
        return sign * (typeof a === "number" ? a - b : a.localeCompare(b));
      });
      table.tBodies[0].append(...rows);
    });
  }
}
"""
"""Makes the marked headers of marked tables buttons that sort; empty values stay last."""

_STYLE: Final = (
    scheme(":root")
    + """\
:root{color-scheme:light dark}
@media print{:root{color-scheme:light}}
body{margin:0 auto;padding:1.5em 1.2em 4em;max-width:76em;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
h1{font-size:1.5em;margin:0 0 .4em}
h2{font-size:1.15em;margin:2em 0 .5em;break-after:avoid}
p{max-width:56em}
.soft,figcaption{color:var(--soft)}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:.3em .7em;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600}
thead th{vertical-align:bottom}
td.num,th.num{text-align:right}
td.num{white-space:nowrap}
td:first-child{min-width:10em;max-width:24em}
td small{display:block;color:var(--soft);font-size:11px;white-space:nowrap}
tr{break-inside:avoid}
th button{all:unset;cursor:pointer;color:inherit}
th button:focus-visible{outline:2px solid var(--c5)}
th[aria-sort=ascending] button::after{content:" ▲"}
th[aria-sort=descending] button::after{content:" ▼"}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(28em,100%),1fr));gap:1.5em}
.charts figure,.chart{margin:0;break-inside:avoid}
.chart svg{width:100%;height:auto;display:block}
figcaption{font-size:13px}
pre{margin:.3em 0;padding:.6em .8em;border:1px solid var(--line);white-space:pre-wrap;
overflow-wrap:anywhere;font:12px/1.45 ui-monospace,Menlo,Consolas,monospace}
summary{cursor:pointer;color:var(--soft)}
.answer{font-size:1.3em;font-weight:700;overflow-wrap:anywhere}
td{overflow-wrap:break-word}
.bar{display:block;height:9px;min-width:1px;background:var(--c5)}
.bar+.bar{background:repeating-linear-gradient(90deg,var(--c5) 0 3px,transparent 3px 6px)}
.bars{display:flex;align-items:center;width:16em;height:1.4em}
@media print{body{padding:0;font-size:12px}.wide{overflow:visible}table{font-size:8.5px}
th,td{padding:.2em .35em}td small{font-size:7px}td:first-child{min-width:6em}
.charts{grid-template-columns:1fr 1fr}}
"""
)


def page(title: str, body: str) -> str:
    """Frame `body`, which is HTML, with `title`, which is text."""
    digest = b64encode(sha256(SORT_SCRIPT.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{escaped(title, limit=200)}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escaped(title)}</h1>\n{body}\n<script>{SORT_SCRIPT}</script>\n</body>\n</html>\n"
    )


# --- tables ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes:
        html: What it shows.
        value: What it is sorted by, where that is a number; `None` sorts last.
        numeric: Whether it is a number, or the place of one that is missing.
    """

    html: str
    value: float | None = None
    numeric: bool = True


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a sortable table; `head` is HTML, a column each."""
    lines = [list(row) for row in rows]
    numeric = [all(line[place].numeric for line in lines) for place in range(len(head))]
    heads = "".join(
        f'<th scope="col" data-column="{place}"{_number_class(numeric[place])}>{name}</th>'
        for place, name in enumerate(head)
    )
    body = "\n".join(f"<tr>{''.join(_cell(cell) for cell in line)}</tr>" for line in lines)
    return (
        f'<div class="wide"><table data-sortable>\n<thead><tr>{heads}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _number_class(numeric: bool) -> str:
    return ' class="num"' if numeric else ""


def _cell(cell: Cell) -> str:
    value = "" if cell.value is None else f"{cell.value:.10g}"
    sort = f' class="num" data-value="{value}"' if cell.numeric else ""
    return f"<td{sort}>{cell.html}</td>"


# --- figures --------------------------------------------------------------------------------------


def number(value: float | None, decimals: int = 0) -> str:
    """Return `1,234`, or a dash for None."""
    return "–" if value is None else f"{value:,.{decimals}f}"  # noqa: RUF001


def percent(value: float | None, *, signed: bool = False) -> str:
    """Return `38.2%`, or a dash for None."""
    return "–" if value is None else f"{value:{'+' if signed else ''}.1%}"  # noqa: RUF001


def between(interval: tuple[float, float] | None, *, share: bool = False, decimals: int = 0) -> str:
    """Return an interval in small print, or nothing; a `share` in per cent."""
    if interval is None:
        return ""
    low, high = (f"{100 * end:.1f}" if share else number(end, decimals) for end in interval)
    return f"<small>{low} to {high}</small>"
