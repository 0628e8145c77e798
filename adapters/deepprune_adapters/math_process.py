"""The process that compares answers, as its parent sees it, for `deepprune_adapters.math`."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
import weakref
from typing import Final, TextIO

# `-c` with the parent's path, rather than multiprocessing: that would run the user's main module
# once more, which a script without a `__main__` guard does not survive. What libraries print must
# not mix with the replies, and Ctrl-C is the parent's business.
_BOOT: Final = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
replies, sys.stdout = sys.stdout, sys.stderr
sys.path[:] = json.loads(sys.argv[1])
from deepprune_adapters.math_worker import serve
serve(sys.stdin, replies, seconds=float(sys.argv[2]))
"""


class Worker:
    """One process that answers a line of JSON with a line of JSON."""

    def __init__(self, seconds: float) -> None:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, json.dumps(sys.path), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self._process = process
        self._is_ready = False
        # A thread that reads, because a pipe cannot be waited on with a time limit everywhere.
        self._replies: queue.SimpleQueue[str] = queue.SimpleQueue()
        reader = threading.Thread(
            target=_forward, args=(process.stdout, self._replies), daemon=True
        )
        reader.start()
        # Runs once: on stop(), when the worker is forgotten, or at exit of the interpreter.
        self.stop = weakref.finalize(self, _end, process, reader)

    def wait_until_ready(self, seconds: float) -> bool:
        """Whether the worker has said that it is ready, within `seconds`; False: it cannot be."""
        if not self._is_ready:
            self._is_ready = self.receive(seconds) is not None
        return self._is_ready

    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def ask(self, request: str, seconds: float) -> str | None:
        """The reply to one line, or None when there is none in time."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{request}\n")
            self._process.stdin.flush()
        except OSError:  # the process has died
            return None
        return self.receive(seconds)

    def receive(self, seconds: float) -> str | None:
        """The next line, or None when there is none in time or the process has died."""
        try:
            return self._replies.get(timeout=seconds) or None
        except queue.Empty:
            return None


def _forward(lines: TextIO, replies: queue.SimpleQueue[str]) -> None:
    for line in lines:
        replies.put(line)
    replies.put("")  # the process has ended: whoever waits need not wait any longer


def _end(process: subprocess.Popen[str], reader: threading.Thread) -> None:
    process.kill()
    process.wait()
    # The garbage collector may run this in any thread, the reader's own among them.
    if reader is not threading.current_thread():
        reader.join()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what was not yet sent cannot be flushed
                pipe.close()
