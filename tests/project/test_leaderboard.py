"""The leaderboard page: theirs and ours apart, best marked, and the committed page up to date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from leaderboard import leaderboard_page, main
from leaderboard_data import (
    Bench,
    Published,
    PublishedRow,
    read_leaderboard,
)
from support.benches import bench_table, method_report
from support.pages import HOSTILE, Page
from support.places import ROOT

from deepprune_adapters.report.page import SORT_SCRIPT
from deepprune_sdk import ConfigurationError
from deepprune_sdk.evaluation.leaderboard import BenchReport

DOCS = ROOT / "docs"


def table(name: str = "tiny", accuracy: float | None = 0.7) -> BenchReport:
    interval = None if accuracy is None else (0.5, 0.9)
    return bench_table(
        {
            method: method_report(tokens, accuracy, accuracy_ci=interval, agreement_with_full=1.0)
            for method, tokens in (("cons", 3000), (name, 1000))
        }
    )


def bench(name: str = "tiny", accuracy: float | None = 0.7) -> Bench:
    return Bench(model=name, benchmark="GSM8K", **dict(table(name, accuracy)))


PUBLISHED = Published(
    source="a paper",
    rows=[
        PublishedRow(method="cons", model="M", benchmark="B1", tokens="3.50", accuracy="86.7"),
        PublishedRow(method="DeepPrune", model="M", benchmark="B1", tokens="0.40", accuracy="86.7"),
        PublishedRow(method="cons", model="M", benchmark="B2", tokens="10.9", accuracy="70"),
    ],
)


def tables(text: str) -> list[Page]:
    """The tables of a page, each parsed by itself."""
    return [
        Page("<table" + part.partition("</table>")[0] + "</table>")
        for part in text.split("<table")[1:]
    ]


def test_the_committed_page_is_what_the_command_makes(tmp_path: Path) -> None:
    made = tmp_path / "leaderboard.md"
    main([str(DOCS / "leaderboard"), "-o", str(made)])

    assert made.read_text(encoding="utf-8") == (DOCS / "leaderboard.md").read_text(encoding="utf-8")


def test_the_published_rows_stand_as_they_were_printed() -> None:
    published, _ = read_leaderboard(DOCS / "leaderboard")
    rows = {(row.method, row.model, row.benchmark): row for row in published.rows}

    assert len(rows) == 5 * 9 - 3  # of GPT-OSS-20B on GPQA only two are known
    best = rows["DeepPrune", "Qwen3-32B", "AIME25"]
    assert (best.tokens, best.accuracy) == ("0.23", "90.0")
    assert rows["cons@512 (Tsinghua's run)", "DeepSeek-8B", "GPQA"].tokens == "10.9"


def test_theirs_and_ours_never_share_a_table() -> None:
    ours, theirs = tables(leaderboard_page(PUBLISHED, [bench()]))

    assert "tiny" in ours.text
    assert "DeepPrune" not in ours.text
    assert "DeepPrune" in theirs.text
    assert "tiny" not in theirs.text


def test_the_best_of_a_column_is_marked_by_a_sign_ties_included() -> None:
    ours, theirs = tables(leaderboard_page(PUBLISHED, [bench()]))

    assert "1,000 ★" in ours.text
    assert ours.text.count("70.0% ★") == 2
    assert theirs.text.count("86.7% ★") == 2
    assert "0.40 ★" in theirs.text
    assert "3.50 ★" not in theirs.text


def test_columns_can_be_sorted_by_number_and_what_is_missing_has_no_value() -> None:
    _, theirs = tables(leaderboard_page(PUBLISHED, [bench()]))

    assert sorted(theirs.values("data-column")) == ["0", "1", "2", "3", "4"]
    assert theirs.values("data-value") == ["3.5", "86.7", "10.9", "70", "0.4", "86.7", "", ""]


def test_without_reference_answers_ours_has_a_dash() -> None:
    ours = tables(leaderboard_page(PUBLISHED, [bench(accuracy=None)]))[0]

    assert "★" not in ours.text.replace("1,000 ★", "")


def test_names_are_text_in_markdown_and_in_html() -> None:
    name = f"{HOSTILE} *bold* [link](http://x) `code`"
    text = leaderboard_page(PUBLISHED, [bench(name)])

    assert text.count("<script>") == 1
    assert text.endswith(f"<script>\n{SORT_SCRIPT}</script>\n")
    heading = next(line for line in text.splitlines() if line.startswith("### &lt;script"))
    assert r"\*bold\* \[link\]\(http://x\) \`code\`" in heading
    assert "<script>alert(1)</script>" in tables(text)[0].text


def test_a_row_of_ours_is_one_json_file(tmp_path: Path) -> None:
    (tmp_path / "published.json").write_text(PUBLISHED.model_dump_json())
    (tmp_path / "a.json").write_text(bench("first").model_dump_json())
    (tmp_path / "b.json").write_text(bench("second").model_dump_json())

    _, benches = read_leaderboard(tmp_path)
    assert [bench.model for bench in benches] == ["first", "second"]


def test_the_command_takes_in_what_bench_wrote(tmp_path: Path) -> None:
    (tmp_path / "published.json").write_text(PUBLISHED.model_dump_json())
    written, page = tmp_path / "out" / "ours.json", tmp_path / "page.md"
    written.parent.mkdir()
    report = table()
    written.write_text(report.model_dump_json())
    names = ["--model", "Qwen", "--benchmark", "GSM8K", "--note", "A note."]

    for _ in range(2):  # the second time the file is replaced
        main([str(tmp_path), "-o", str(page), "--add", str(written), *names])

    _, (added,) = read_leaderboard(tmp_path)
    assert (added.model, added.benchmark, added.note) == ("Qwen", "GSM8K", "A note.")
    assert added.methods == report.methods
    assert "### Qwen on GSM8K" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--add", "t.json", "--model", "Qwen"], 2, "--add needs --model and --benchmark"),
        (["--add", "t.json", "--model", "a", "--benchmark", "b"], 1, "t.json: No such file"),
        (["-o", "/nowhere/page.md"], 1, "/nowhere/page.md"),
    ],
)
def test_a_row_that_cannot_be_added_is_one_line(
    arguments: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([str(DOCS / "leaderboard"), "-o", str(tmp_path / "page.md"), *arguments])

    assert left.value.code == code
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_a_fault_names_file_and_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"published\.json: No such file"):
        read_leaderboard(tmp_path)
    (tmp_path / "published.json").write_text(PUBLISHED.model_dump_json())
    (tmp_path / "a.json").write_text(json.dumps({**bench().model_dump(), "n": "many"}))
    with pytest.raises(SystemExit):
        main([str(tmp_path), "-o", str(tmp_path / "page.md")])

    assert "a.json: n: Input should be a valid integer" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()
