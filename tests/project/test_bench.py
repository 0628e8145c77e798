"""`make bench` runs through and makes its table of what it wrote; no figure is checked here."""

import json
import os
import subprocess
import sys
from pathlib import Path

from support.places import ROOT


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONSAFEPATH": ""}  # its modules lie beside the script
    command = [sys.executable, str(ROOT / "bench" / "run.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_every_figure_is_measured_and_put_into_the_page(tmp_path: Path) -> None:
    results, page = tmp_path / "results.json", tmp_path / "page.md"
    page.write_text((ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8"), encoding="utf-8")
    options = ["--scale", "0.02", "--repeats", "1", "--json", str(results), "--page", str(page)]
    done = bench(*options)
    assert done.returncode == 0, done.stderr
    written = json.loads(results.read_text(encoding="utf-8"))
    assert written["schema"] == "deepprune-cost/1"
    groups = {figure["group"] for figure in written["figures"]}
    assert groups == {"reading", "closing", "judging", "replay", "memory", "imports"}
    for figure in written["figures"]:
        assert figure["low"] <= figure["value"] <= figure["high"]
        assert figure["name"] in page.read_text(encoding="utf-8")


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    assert bench("--scale", "0").returncode == 2
    (tmp_path / "page.md").write_text("no marks\n", encoding="utf-8")
    options = ["--only", "judging", "--scale", "0.02", "--repeats", "1"]
    done = bench(*options, "--json", str(tmp_path / "r"), "--page", str(tmp_path / "page.md"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no place for the table" in done.stderr
