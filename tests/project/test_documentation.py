"""Every Python snippet of the README and the documentation runs, and so does every example.

Those that need a hosted API get a server on the loopback interface; those with the embedded model
run it for real.
"""

import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.chat_server import ChatServer, chat_server, finish, text
from support.places import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)

SNIPPETS = {
    page.stem: FENCE.findall(page.read_text(encoding="utf-8"))
    for page in PAGES
    if FENCE.search(page.read_text(encoding="utf-8"))
}
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
