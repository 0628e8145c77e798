"""Files that options name: held to be writable before the work, written after it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

__all__ = ["refused", "require_writable", "write_file"]


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
    raise refused(option, path, OSError(fault, os.strerror(fault)))


def write_file(option: str, path: Path, text: str) -> None:
    """Write the file of an option, in UTF-8.

    Raises:
        ConfigurationError: It cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise refused(option, path, error) from error


def refused(option: str, path: Path, error: OSError) -> Exception:
    """Return the error of a file that cannot be written, with the option that names it."""
    from deepprune_sdk import ConfigurationError

    why = error.strerror or error
    return ConfigurationError(f"{option} {path}: {why}; give a file that can be written")
