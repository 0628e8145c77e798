"""Processor time of imports, in fresh interpreters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from figures import Figure, Sizes, ratios

__all__ = ["measure_imports"]

SPENT = "import resource as r; u = r.getrusage(r.RUSAGE_SELF); print(u.ru_utime + u.ru_stime)"

DEPENDENCIES = "import anyio, pydantic, tenacity"
USED = "from pydantic import BaseModel, TypeAdapter; import anyio, anyio.to_thread, tenacity"
"""The same as far as the SDK uses them: pydantic's bare import loads little of it."""


def measure_imports(sizes: Sizes) -> Iterator[Figure]:
    """Milliseconds beyond an empty interpreter's, and the ratios to the core dependencies'."""
    statements = {
        "import of the core dependencies": DEPENDENCIES,
        "the same, as far as they are used": USED,
        "import deepprune_sdk": "import deepprune_sdk",
        "from deepprune_sdk import ParallelReasoner": "from deepprune_sdk import ParallelReasoner",
    }
    cost: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(sizes.of(3 * sizes.repeats, least=2)):
        empty = _milliseconds("pass")
        for name, statement in statements.items():
            cost[name].append(_milliseconds(statement) - empty)
    for name, values in cost.items():
        yield Figure(group="imports", name=name, unit="ms", values=values)
    bare, used, package, reasoner = cost.values()
    yield Figure(
        group="imports",
        name="import deepprune_sdk / core dependencies",
        unit="x",
        values=ratios(package, bare),
        limit=1.3,
    )
    yield Figure(
        group="imports",
        name="ParallelReasoner / core dependencies as far as used",
        unit="x",
        values=ratios(reasoner, used),
    )


def _milliseconds(statement: str) -> float:
    program = f"{statement}\n{SPENT}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return float(done.stdout) * 1e3
