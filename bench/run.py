"""`make bench`: what the SDK costs beside what it is built on.

Every figure is a ratio, or a time or size with a limit, measured several times in turn with what it
is compared with. Processor time is measured, not the clock, except where a delay is what counts.
The results go to a JSON file, and the table in the documentation is made from it.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from closing import measure_closing
from figures import Figure, Sizes
from imports import measure_imports
from judging import measure_judging
from memory import measure_memory
from replaying import measure_replaying
from streams import measure_streams
from table import put_table

GROUPS: dict[str, Callable[[Sizes], Iterator[Figure]]] = {
    "reading": measure_streams,
    "closing": measure_closing,
    "judging": measure_judging,
    "replay": measure_replaying,
    "memory": measure_memory,
    "imports": measure_imports,
}
ROOT = Path(__file__).parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", choices=GROUPS, action="append", help="measure this group alone")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual work")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "results.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md")
    options = parser.parse_args()
    if not 0 < options.scale <= 1 or options.repeats < 1:
        parser.error("give a --scale above 0 and at most 1, and --repeats of 1 or more")
    sizes = Sizes(scale=options.scale, repeats=options.repeats)
    begun = time.perf_counter()
    figures: list[Figure] = []
    for group in options.only or GROUPS:
        gc.collect()
        gc.freeze()  # what one group has left is not to be collected at the cost of the next
        for figure in GROUPS[group](sizes):
            figures.append(figure)
            print(_line(figure), flush=True)
    results = {
        "schema": "deepprune-cost/1",
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.system(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
        },
        "scale": sizes.scale,
        "repeats": sizes.repeats,
        "seconds": round(time.perf_counter() - begun, 1),
        "figures": [figure.record() for figure in figures],
    }
    options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.page.exists():
        put_table(options.page, results)
    missed = [figure for figure in figures if figure.holds is False]
    print(f"{len(figures)} figures in {results['seconds']:.0f} s, {len(missed)} over their limit")
    return 0


def _line(figure: Figure) -> str:
    verdict = {True: "ok", False: "MISSED", None: ""}[figure.holds]
    spread = f"{min(figure.values):.4g} to {max(figure.values):.4g}"
    limit = "" if figure.limit is None else f"limit {figure.limit:g}"
    return f"{figure.name:66} {figure.value:10.4g} {figure.unit:9} ({spread}) {limit} {verdict}"


if __name__ == "__main__":
    sys.exit(main())
