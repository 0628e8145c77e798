"""The documentation in a real notebook: a kernel runs it, a browser looks at what it shows."""

import re
from pathlib import Path

import pytest
from support.browser import BROWSER, look_at
from support.notebooks import executed
from support.places import ROOT

CELL = re.compile(r"^```py\n(.*?)^```", re.DOTALL | re.MULTILINE)
SNIPPET = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def cells(page: str, fence: re.Pattern[str]) -> list[str]:
    return fence.findall((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"))


def test_the_cells_of_the_page_run_as_they_stand_and_show_the_run(tmp_path: Path) -> None:
    first, picture, watched, saved = executed(cells("notebook", CELL), tmp_path)

    printed = first[0]["text"]
    assert len(printed.splitlines()) == 10
    assert printed.startswith("answer     5\n")
    assert "dp-run" in picture[0]["data"]["text/html"]
    assert len(watched) == 1  # one picture, however often it was drawn
    html = watched[0]["data"]["text/html"]
    assert "ran to their end" in html
    assert "still running" not in html
    assert saved == []
    if BROWSER is not None:
        page = f"<!doctype html><meta charset=utf-8>{picture[0]['data']['text/html']}{html}"
        seen = look_at(page, tmp_path)
        assert seen.console == []
        assert seen.dom.count('<figure class="dp-run') == 2


SERVERS = ("OpenAIBackend(", "LlamaBackend(")
PAGES = {
    page.stem: cells(page.stem, SNIPPET)
    for page in sorted((ROOT / "docs").glob("*.md"))
    if "anyio.run(main)" in "".join(cells(page.stem, SNIPPET))
    and not any(server in page.read_text(encoding="utf-8") for server in SERVERS)
}
"""The pages that show something that is awaited, and need no server."""


def test_there_are_such_pages() -> None:
    assert len(PAGES) >= 4


@pytest.mark.parametrize("page", PAGES)
def test_other_pages_run_with_await_in_the_place_of_a_loop(page: str, tmp_path: Path) -> None:
    executed([one.replace("anyio.run(main)", "await main()") for one in PAGES[page]], tmp_path)
