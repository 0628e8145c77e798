"""A page in a real browser."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the browser made of a page: its elements once scripts have run, and its console."""

    dom: str
    console: list[str]


def look_at(html: str, folder: Path) -> Seen:
    """Open a page, which is written into `folder`."""
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    done = subprocess.run(
        [
            str(BROWSER),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            f"--user-data-dir={folder / 'profile'}",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return Seen(done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line])
