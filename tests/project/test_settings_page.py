"""The page of all settings says what the code does: every setting, its default, every clock."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from typing import Any, cast

import pytest
from pydantic_core import PydanticUndefined
from support.face import homes
from support.places import ROOT

import deepprune_adapters.judges
import deepprune_adapters.llama
import deepprune_adapters.openai
import deepprune_sdk
from deepprune_sdk.data.config import Config

PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
TABLE = re.compile(r"^### `([\w.]+)`\n\n.*\n\|-.*\n((?:\|.*\n)+)", re.MULTILINE)
CLOCKS = re.compile(r"^### (?:Time|Amounts)\n\n.*\n\|-.*\n((?:\|.*\n)+)", re.MULTILINE)
SECONDS = re.compile(r'^([A-Z_]+)(?:: Final)? = [\d.]+\n"""Seconds', re.MULTILINE)

REQUIRED = inspect.Parameter.empty


def rows(table: str) -> Iterator[list[str]]:
    for line in table.splitlines():
        yield [cell.strip() for cell in line.strip("|").split("|")]


def code(cell: str) -> str:
    assert cell[0] == cell[-1] == "`", f"{cell}: write it as code"
    return cell.strip("`")


TABLES = {path: list(rows(table)) for path, table in TABLE.findall(PAGE)}
LIMITS = [row for table in CLOCKS.findall(PAGE) for row in rows(table)]


def resolve(path: str) -> Any:
    """What a dotted path names: a class, one of its methods, a function, a constant."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        try:
            thing: Any = import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for name in parts[end:]:
            thing = getattr(thing, name)
        return thing
    raise AssertionError(f"there is no {path}")


def defaults(thing: Any) -> Mapping[str, object]:
    """The settings of a class or a function, and their defaults."""
    return defaults_of_fields(thing) if is_config(thing) else defaults_of_parameters(thing)


def is_config(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, Config)


def defaults_of_fields(config: type[Config]) -> Mapping[str, object]:
    given = {
        name: field.get_default(call_default_factory=True)
        for name, field in config.model_fields.items()
        if name != "name"
    }
    return {n: REQUIRED if value is PydanticUndefined else value for n, value in given.items()}


def defaults_of_parameters(thing: Any) -> Mapping[str, object]:
    # The signature of a dataclass has a mark where a default is made anew each time.
    made = {
        field.name: field.default_factory()
        for field in (fields(thing) if is_dataclass(thing) else ())
        if field.default_factory is not MISSING
    }
    parameters = inspect.signature(cast("Callable[..., object]", thing)).parameters
    return {name: made.get(name, p.default) for name, p in parameters.items() if name != "self"}


def said(cell: str, thing: Any) -> object:
    """The value that a cell gives, in the words of the module that it is about."""
    if cell == "required":
        return REQUIRED
    module = sys.modules[thing.__module__]
    return eval(
        code(cell), {**vars(module), **{n: resolve(f"{h}.{n}") for n, h in homes().items()}}
    )


@pytest.mark.parametrize("path", TABLES)
def test_a_table_has_every_setting_and_its_default(path: str) -> None:
    thing = resolve(path)
    actual = defaults(thing)

    assert [code(row[0]) for row in TABLES[path]] == list(actual)
    assert {code(row[0]): said(row[1], thing) for row in TABLES[path]} == actual


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row[3].strip("`"))
def test_a_clock_or_a_limit_is_what_the_page_says(row: list[str]) -> None:
    _, default, _, where = row
    owner, parameter = re.fullmatch(r"([\w.]+?)(?:\((\w+)=\))?", code(where)).groups()  # pyright: ignore[reportOptionalMemberAccess]  a row that does not match fails
    path = next((known for known in TABLES if known.endswith(f".{owner}")), owner)
    thing = resolve(path)
    actual = thing if parameter is None else defaults(thing)[parameter]

    assert (REQUIRED if default == "required" else eval(code(default))) == actual


def test_every_clock_is_in_the_table() -> None:
    listed = {code(row[3]) for row in LIMITS}
    settings = {
        f"{path.removeprefix('deepprune_sdk.').rpartition('deepprune_adapters.')[2]}({code(row[0])}=)"
        for path, table in TABLES.items()
        for row in table
        if row[2] == "seconds"
    }
    constants = {
        f"{'.'.join(file.relative_to(root).with_suffix('').parts)}.{name}"
        for root in (ROOT, ROOT / "adapters")
        for package in ("deepprune_sdk", "deepprune_adapters")
        for file in (root / package).rglob("*.py")
        for name in SECONDS.findall(file.read_text(encoding="utf-8"))
    }

    assert len(constants) >= 5
    assert not constants - listed
    assert not {setting for setting in settings if not any(setting.endswith(one) for one in listed)}


def test_every_setting_has_a_table() -> None:
    face = {name: getattr(deepprune_sdk, name) for name in homes()}
    wanted = {
        f"deepprune_sdk.{name}"
        for name, thing in face.items()
        if is_config(thing) and defaults(thing) and name != "Message"
    }
    for package in (
        deepprune_adapters.openai,
        deepprune_adapters.llama,
        deepprune_adapters.judges,
    ):
        wanted |= {
            f"{package.__name__}.{name}"
            for name in package.__all__
            if name.endswith(("Backend", "Judge"))
        }

    assert len(wanted) > 20
    assert not {path for path in wanted if not any(known.startswith(path) for known in TABLES)}
