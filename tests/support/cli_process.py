"""The command line in a process of its own, for tests that need real signals and real streams."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PROGRAM = Path(__file__).with_name("scripted_cli.py")
PACED = Path(__file__).with_name("recorded_cli.py")


class CliProcess:
    """A running `deepprune`, a backend of the tests included, and what that says meanwhile."""

    def __init__(self, process: subprocess.Popen[bytes], says: IO[str]) -> None:
        self.process = process
        self._says = says

    def await_saying(self, *wanted: str) -> None:
        """Wait until the scripted backend has said each of `wanted`, in whatever order."""
        missing = set(wanted)
        for line in self._says:
            missing.discard(line.strip())
            if not missing:
                return
        raise AssertionError(f"the process ended without having said {missing}")

    def rest_said(self) -> list[str]:
        """Everything that the backend says from now on, until the process has ended."""
        return [line.strip() for line in self._says]

    def printed(self) -> Iterator[str]:
        """The lines on standard output, as they come."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield line.decode()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        """Wait for the end: exit code, standard output, standard error."""
        out, err = self.process.communicate()
        return self.process.returncode, out.decode(), err.decode()


@contextmanager
def started(*arguments: str, program: Path = PROGRAM, **environment: str) -> Generator[CliProcess]:
    """Run the command line; it is killed where a test leaves it running."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, str(program), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[writer],
        env={**os.environ, "SCRIPTED_CLI_SAYS": str(writer), **environment},
    )
    os.close(writer)
    with os.fdopen(reader) as says, process:
        try:
            yield CliProcess(process, says)
        finally:
            process.kill()
