"""Every Python snippet of the README and the documentation runs, and so does every example.

Those that need a hosted API get a server on the loopback interface; those with the embedded model
run it for real.
"""

import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.chat_server import ChatServer, chat_server, finish, text
from support.places import ROOT

from deepprune_adapters.cli import app
from deepprune_sdk.engine import engine

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)

SNIPPETS = {
    page.stem: FENCE.findall(page.read_text(encoding="utf-8"))
    for page in PAGES
    if FENCE.search(page.read_text(encoding="utf-8"))
}
OUTPUT = re.compile(
    r"^```console\n\$ deepprune (.*)\n```\n\n```text\n(.*?)^```", re.DOTALL | re.MULTILINE
)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")

EXAMPLES = [
    pytest.param(
        path, id=path.stem, marks=[pytest.mark.llama] if "LlamaBackend(" in path.read_text() else []
    )
    for path in sorted((ROOT / "examples").glob("*.py"))
]


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as server:
        server.says(text("12 + 30", " = ", "42, so ", "\\boxed{42}"), finish(), b"data: [DONE]\n\n")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "canary")
        monkeypatch.setenv("MODEL", "small")
        yield server


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))

    assert not [link for link in links if not (page.parent / link).exists()]


def test_every_page_has_a_place_in_the_navigation() -> None:
    listed = re.findall(
        r"^ +- (?:\w+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE
    )
    there = [str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")]

    assert sorted(listed) == sorted(there)


def test_the_page_about_policies_has_the_engines_table() -> None:
    """What becomes of each fact stands at the top of the engine, and on the page."""
    page = (ROOT / "docs" / "write-a-policy.md").read_text(encoding="utf-8")
    shown = [
        [cell.replace("`", "").strip() for cell in line.strip("|").split("|")]
        for line in page.partition("| fact |")[2].partition("\n\n")[0].splitlines()[2:]
    ]
    upper, middle, lower = re.finditer(r"^=+ +=.*$", str(engine.__doc__), re.MULTILINE)
    columns = [column.span() for column in re.finditer("=+", upper[0])]
    written = [
        [row[begin:end].strip() for begin, end in columns]
        for row in str(engine.__doc__)[middle.end() + 1 : lower.start()].splitlines()
    ]
    written = [["" if cell == "." else cell for cell in row] for row in written]

    assert len(written) > 10
    assert shown == written


def test_a_command_prints_what_the_page_shows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    shown = [found for page in PAGES for found in OUTPUT.findall(page.read_text(encoding="utf-8"))]

    assert shown
    for command, output in shown:
        assert app.run(shlex.split(command)) == 0
        assert capsys.readouterr().out.split() == output.split()


def test_there_are_snippets_and_examples() -> None:
    assert sum(map(len, SNIPPETS.values())) >= 5
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.llama] if "LlamaBackend(" in "".join(codes) else [])
        for page, codes in SNIPPETS.items()
    ],
)
def test_the_snippets_of_a_page_run_from_top_to_bottom(
    page: str, hosted: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what one snippet writes, a later one may read
    for number, code in enumerate(SNIPPETS[page]):
        hosted.bodies.clear()
        script = tmp_path / f"snippet_{number}.py"
        script.write_text(code, encoding="utf-8")
        runpy.run_path(str(script), run_name="__main__")
        assert bool(hosted.bodies) == ("OpenAIBackend(\n" in code)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_runs(
    example: Path,
    hosted: ChatServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", [str(example)])
    monkeypatch.setenv("N", "4")
    monkeypatch.setenv("MAX_TOKENS", "40")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out
    code = example.read_text(encoding="utf-8")
    # An example with both backends falls back to the embedded one where no server is named.
    assert bool(hosted.bodies) == ("OpenAIBackend(" in code and "LlamaBackend(" not in code)
