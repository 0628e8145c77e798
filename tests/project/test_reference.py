"""Every public name is on a page of the reference, with its docstring and its fields.

`make docs` builds the pages. What they will show is known from the source, as griffe reads it.
"""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import griffe
import pytest
from support.face import homes
from support.places import ROOT

PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))
DIRECTIVE = re.compile(r"^::: (?P<path>\S+)\n(?P<options>(?:    .*\n)*)", re.MULTILINE)
MEMBER = re.compile(r"^ +- (\w+)$", re.MULTILINE)

NAME = re.compile(r"\bdeepprune_(?:sdk|adapters)(?:\.\w+)+")
FILE = re.compile(r"\b(?:bench|examples|tests)/[\w./-]+\.\w+")

PROGRAMS = {"deepprune_adapters.cli", "deepprune_adapters.training"}
"""Rooms of the command line; the page about training names what it shows."""


@pytest.fixture(scope="module")
def source() -> griffe.ModulesCollection:
    loader = griffe.GriffeLoader(search_paths=[ROOT, ROOT / "adapters"])
    for package in ("deepprune_sdk", "deepprune_adapters"):
        loader.load(package)
    loader.resolve_aliases(implicit=False)
    return loader.modules_collection


@pytest.fixture(scope="module")
def shown(source: griffe.ModulesCollection) -> dict[str, griffe.Object]:
    """Every object with a place on a page, by the path at which it is defined."""
    found: dict[str, griffe.Object] = {}
    for page in PAGES:
        for directive in DIRECTIVE.finditer(page.read_text(encoding="utf-8")):
            thing = final(source[directive["path"]])
            if not thing.is_module:
                found[thing.path] = thing
                continue
            chosen = MEMBER.findall(directive["options"])
            for name in chosen or [str(name) for name in thing.exports or ()]:
                member = final(thing[name])
                found[member.path] = member
    return found


@pytest.fixture(scope="module")
def public(source: griffe.ModulesCollection) -> list[tuple[str, str]]:
    """Every public name: the module to import it from, and the name."""
    rooms = [
        room
        for package in ("deepprune_sdk", "deepprune_adapters")
        for room in source[package].modules.values()
        if room.path not in PROGRAMS
    ]
    # The rooms of evaluation are imported one by one.
    rooms += source["deepprune_sdk.evaluation"].modules.values()
    names = [("deepprune_sdk", name) for name in homes()]
    return names + [(room.path, str(name)) for room in rooms for name in room.exports or ()]


def final(thing: griffe.Object | griffe.Alias) -> griffe.Object:
    target = thing.final_target if isinstance(thing, griffe.Alias) else thing
    assert isinstance(target, griffe.Object)
    return target


def plain_sentence(thing: griffe.Object) -> str:
    """What a docstring begins with, up to what is typeset in another way."""
    assert thing.docstring is not None
    return re.split(r"[`*\\$]|\n\n", thing.docstring.value)[0].replace("\n", " ").strip()


def test_every_public_name_is_on_a_page(
    source: griffe.ModulesCollection,
    public: list[tuple[str, str]],
    shown: dict[str, griffe.Object],
) -> None:
    # The face is resolved at run time, so its names are looked up where they are defined.
    home = homes()
    missing = [
        f"{module}.{name}"
        for module, name in public
        if final(source[home[name] if module == "deepprune_sdk" else module][name]).path
        not in shown
    ]

    assert len(public) > 100
    assert not missing, "add them to a page in docs/reference"


def test_everything_on_a_page_says_what_it_is(shown: dict[str, griffe.Object]) -> None:
    # What has no docstring is left out of a page without a word.
    silent = [path for path, thing in shown.items() if not thing.has_docstring]
    for path, thing in shown.items():
        if isinstance(thing, griffe.Class):
            silent += [
                f"{path}.{name}"
                for name, method in thing.functions.items()
                if not name.startswith("_") and not method.has_docstring
            ]

    assert not silent


def test_every_setting_and_every_part_of_a_result_says_what_it_is(
    shown: dict[str, griffe.Object],
) -> None:
    fields = [
        field
        for thing in shown.values()
        if isinstance(thing, griffe.Class)
        and {base.name for base in thing.mro()} & {"Config", "Report"}
        for field in thing.attributes.values()
        if field.name != "model_config" and field.annotation is not None
    ]

    assert len(fields) > 100
    # The name of a policy says itself what it is.
    assert not [field.path for field in fields if not field.has_docstring and field.name != "name"]


def test_the_pages_are_built_with_every_name_on_them(
    tmp_path: Path, public: list[tuple[str, str]], shown: dict[str, griffe.Object]
) -> None:
    # A copy: the site is built beside the configuration, and links are followed.
    for part in ("deepprune_sdk", "adapters", "docs", "tests/support"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    zensical = shutil.which("zensical", path=str(Path(sys.executable).parent))
    assert zensical is not None

    built = subprocess.run(
        [zensical, "build", "--strict", "--config-file", "mkdocs.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stdout + built.stderr
    texts = {
        page.parent.name: page.read_text(encoding="utf-8")
        for page in (tmp_path / "site" / "reference").rglob("index.html")
    }
    assert len(texts) == len(PAGES)
    ids = {found for text in texts.values() for found in re.findall(r'id="([\w.]+)"', text)}
    names = {found.rpartition(".")[2] for found in ids}
    assert not sorted({name for _, name in public} - names)
    read = " ".join(html.unescape(re.sub(r"<[^>]+>", "", " ".join(texts.values()))).split())
    assert not {first for first in map(plain_sentence, shown.values()) if first not in read}
    assert "Retries(*,attempts:int=4," in "".join(read.split())
    assert "Raises:" in read
    assert "class-attribute" not in texts["settings"]


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_what_a_page_names_is_there(page: Path, source: griffe.ModulesCollection) -> None:
    text = page.read_text(encoding="utf-8")
    for name in sorted(set(NAME.findall(text))):
        assert source[name]
    assert not [path for path in FILE.findall(text) if not (ROOT / path).exists()]
