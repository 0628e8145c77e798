"""The `deepprune` command; extra `cli`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

__all__ = ["main"]

INTERRUPTED = 130
"""What a shell expects of a command that Ctrl-C ended."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code.

    0: an answer; 1: no answer, or a failure; 2: wrong use; 130: interrupted.
    """
    _open_streams()
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # before a run has begun, or after its end
        sys.stderr.write("deepprune: interrupted\n")
        code = INTERRUPTED
    except BrokenPipeError:
        code = 1
    _leave(code)


def _open_streams() -> None:
    """Stand in for streams that the caller has closed (`>&-`), of which Python makes None.

    In this order, so that no file that is opened later takes the number of one of them.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def _run(arguments: Sequence[str]) -> int:
    for package in ("rich", "typer"):
        if not _installed(package):
            from deepprune_sdk.errors import MissingExtraError

            sys.stderr.write(f"deepprune: {MissingExtraError(extra='cli', package=package)}\n")
            return 2
    from deepprune_adapters.cli.app import run

    return run(arguments)


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:
        return False


def _leave(code: int) -> None:
    """Leave, quietly even where nobody reads the output any more."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # a closed pipe: what is still buffered has nowhere to go
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.dup2(nowhere, sys.stderr.fileno())
        code = code or 1
    if code > 128:
        # A model that is still being loaded sits in a thread, for which sys.exit would wait.
        os._exit(code)
    sys.exit(code)
