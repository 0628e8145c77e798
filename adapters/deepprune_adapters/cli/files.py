"""Files that options name: held to be writable before the work, written after it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

__all__ = ["require_outputs", "require_writable", "write_file"]


def require_writable(option: str, path: Path | None) -> None:
    """Find out, before minutes of work, whether the file of an option could be written.

    Nothing is opened or made. What changes meanwhile, `write_file` still meets.

    Raises:
        ConfigurationError: It could not.
    """
    if path is None:
        return
    if path.is_dir():
        fault = errno.EISDIR
    elif not path.parent.is_dir():
        fault = errno.ENOENT
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        fault = errno.EACCES
    else:
        return
    raise _refused(option, path, os.strerror(fault))


def require_outputs(json: Path | None, report: Path | None) -> None:
    """Find out whether `--json`, and `--report` with its charts, could be made.

    Raises:
        ConfigurationError: As `require_writable`.
        MissingExtraError: There is a report to draw, and matplotlib is not installed.
    """
    require_writable("--json", json)
    require_writable("--report", report)
    if report is not None:
        from deepprune_adapters.report.charts import require_matplotlib

        require_matplotlib()


def write_file(option: str, path: Path, text: str) -> None:
    """Write the file of an option, in UTF-8.

    Raises:
        ConfigurationError: It cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise _refused(option, path, error.strerror or str(error)) from error


def _refused(option: str, path: Path, why: str) -> Exception:
    from deepprune_sdk import ConfigurationError

    return ConfigurationError(f"{option} {path}: {why}; give a file that can be written")
