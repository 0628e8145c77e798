"""The house stands as `CONTRIBUTING.md` draws it: imports run down, and never in a circle."""

import ast
import re
import sys
from graphlib import TopologicalSorter

import pytest
from support.places import ROOT

FLOORS = re.compile(r"^```floors\n(\w+)/\n(.*?)^```", re.DOTALL | re.MULTILINE)
HOUSES = {
    name: [line.split()[0].removesuffix("/").removesuffix(".py") for line in floors.splitlines()]
    for name, floors in FLOORS.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
}
SOURCES = {"deepprune_sdk": ROOT / "deepprune_sdk", "deepprune_adapters": ROOT / "adapters"}


def imported(house: str) -> dict[str, set[str]]:
    """What each module of a house imports of it, wherever the import stands: module names."""
    root = SOURCES[house].parent if house == "deepprune_sdk" else SOURCES[house]
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (root / house).rglob("*.py")
    }
    graph: dict[str, set[str]] = {module: set() for module in files}
    for module, path in files.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                graph[module] |= {alias.name for alias in node.names if alias.name in files}
            elif isinstance(node, ast.ImportFrom) and node.module in files:
                named = {f"{node.module}.{alias.name}" for alias in node.names}
                graph[module] |= (named & files.keys()) or {node.module}
    return graph


@pytest.mark.parametrize("house", sorted(SOURCES))
def test_every_import_runs_down(house: str) -> None:
    floors, graph = HOUSES[house], imported(house)
    rooms = {module: module.split(".")[1] for module in graph if "." in module}
    assert not set(rooms.values()) - set(floors), "add a line to the floors in CONTRIBUTING.md"
    assert not set(floors) - set(rooms.values()), "CONTRIBUTING.md has a line for no room"

    up = [
        f"{module} imports {other}"
        for module, others in graph.items()
        for other in others
        if floors.index(rooms[module]) > floors.index(rooms[other])
    ]

    assert not up


@pytest.mark.parametrize("house", sorted(SOURCES))
def test_no_import_closes_a_circle(house: str) -> None:
    TopologicalSorter(imported(house)).prepare()  # raises CycleError, which names the circle


def test_the_core_imports_only_what_it_may() -> None:
    nodes = [
        node
        for path in SOURCES["deepprune_sdk"].rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}

    own = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    assert own == {"deepprune_sdk", "anyio", "pydantic", "pydantic_core", "tenacity"}
