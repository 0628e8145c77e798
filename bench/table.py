"""The table of the documentation, made from the results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["put_table"]

BEGIN, END = "<!-- measured: made by make bench -->", "<!-- end of measured -->"


def put_table(page: Path, results: dict[str, Any]) -> None:
    """Replace what stands between the page's two marks."""
    text = page.read_text(encoding="utf-8")
    marks = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    if not marks.search(text):
        raise SystemExit(f"{page}: no place for the table: put {BEGIN!r} and {END!r} there")
    made = "\n".join((BEGIN, "", *_lines(results), "", END))
    page.write_text(marks.sub(lambda _: made, text), encoding="utf-8")


def _lines(results: dict[str, Any]) -> Iterator[str]:
    machine = results["machine"]
    yield (
        f"Measured on {machine['cores']} cores ({machine['architecture']}), "
        f"{machine['system']}, Python {machine['python']}, in {results['seconds']:.0f} s; "
        f"median, lowest and highest of {results['repeats']} repeats."
    )
    group = None
    for figure in results["figures"]:
        if figure["group"] != group:
            group = figure["group"]
            yield from ("", f"### {group.capitalize()}", "")
            yield from ("| figure | median | spread | limit |", "|---|---|---|---|")
        unit = "" if figure["unit"] == "x" else f" {figure['unit']}"
        limit = ""
        if figure["limit"] is not None:
            bound = "at least" if figure["at_least"] else "at most"
            limit = f"{bound} {_number(figure['limit'])}" + ("" if figure["holds"] else ": missed")
        spread = f"{_number(figure['low'])} to {_number(figure['high'])}"
        yield f"| {figure['name']} | {_number(figure['value'])}{unit} | {spread} | {limit} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
