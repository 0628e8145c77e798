r"""Symbolic equivalence of answers by math-verify: `\sqrt{8}` and `2\sqrt{2}` are one ballot.

math-verify (over SymPy) can take minutes, or for ever, over an answer like `9^{9^{9}}`, and its own
time limits work in the main thread alone. Here it runs in one worker process, which is killed when
it takes too long, so that any thread and any event loop may ask.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import queue
import re
import subprocess
import sys
import threading
import weakref
from collections import OrderedDict
from typing import Final, TextIO

from deepprune_sdk.answers import Answers, exact_number, is_worded, normalize
from deepprune_sdk.answers.by_name import as_extractor
from deepprune_sdk.data.arguments import as_seconds
from deepprune_sdk.errors import ConfigurationError, MissingExtraError
from deepprune_sdk.protocols import AnswerExtractor

__all__ = ["MathAnswers"]

_MAX_LENGTH: Final = 200
_MEMORY: Final = 4096
_START_SECONDS: Final = 60.0
_logger = logging.getLogger(__name__)

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

# `5 hours 30 minutes` would be read as a product of letters; commands (`\\sqrt`) are no words.
_WORD: Final = re.compile(r"(?<![\\A-Za-z])(?:[A-Za-z]{3,}|(?:or|to|am|pm|is|no)(?![A-Za-z]))")
_ENVIRONMENT: Final = re.compile(r"\\(?:begin|end)\{[a-z]+\*?\}")


class MathAnswers:
    r"""An `AnswerExtractor` that also compares formulas by mathematics; extra `eval`.

    Extraction is that of `answers`, and so is what it can do beyond that: unfinished texts, probes.
    Two answers are equivalent when its rules say so, or else when math-verify calls either equal to
    the other. math-verify is asked only where it can know more: not for two plain numbers, not for
    words (it reads `no` as the product n times o, and so as `on`), not for more than 200
    characters.

    The first comparison loads SymPy, which takes seconds; `with MathAnswers() as answers:` loads it
    beforehand. After that `equivalent` blocks for `seconds` at most, unless it meets a worker that
    is starting again after a time-out. An answer that only costs time-outs is not asked about for
    long. Any number of threads may call it. Unlike equality of forms, what math-verify says is not
    bound to be transitive.

    Attributes:
        timeouts: How often a comparison was given up; those answers counted as different.
        wrapped: What `answers` was, for those who ask what it can do.
    """

    def __init__(self, seconds: float = 1.0, *, answers: AnswerExtractor | None = None) -> None:
        """Check that math-verify is there; the worker starts with the first comparison.

        Args:
            seconds: Longest time for one comparison.
            answers: Extraction and the first word on equivalence; `Answers()` by default.

        Raises:
            MissingExtraError: math-verify is not installed.
            ConfigurationError: `seconds` is not positive.
        """
        limit = as_seconds("MathAnswers.seconds", seconds)
        if limit is None:
            raise ConfigurationError(f"MathAnswers(seconds={seconds}): give seconds above 0")
        if importlib.util.find_spec("math_verify") is None:
            raise MissingExtraError(extra="eval", package="math-verify")
        self.timeouts = 0
        self._seconds = limit
        self.wrapped: AnswerExtractor = Answers() if answers is None else as_extractor(answers)
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._known: OrderedDict[tuple[str, str], bool] = OrderedDict()
        # Replies and time-outs of each answer asked about.
        self._asked: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._unusable = False

    def __enter__(self) -> MathAnswers:
        """Start the worker now, so that no comparison waits for it."""
        with self._lock:
            self._ready()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop the worker."""
        self.close()

    def close(self) -> None:
        """Stop the worker; a later comparison would start another. Done at exit in any case."""
        with self._lock:
            self._stop()

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the final answer stated in `text`, by the rules of `answers`."""
        return self.wrapped.extract(text, complete=complete)

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both answers say the same, by form or by mathematics; symmetric."""
        if self.wrapped.equivalent(left, right):
            return True
        if not _worth_asking(left, right):
            return False
        # The canonical forms in order: fewer questions, and the same one from both sides.
        first, second = sorted((normalize(left), normalize(right)))
        with self._lock:
            known = self._known.get((first, second))
            if known is None:
                known = self._ask(first, second)
            self._known[first, second] = known
            self._known.move_to_end((first, second))
            if len(self._known) > _MEMORY:
                self._known.popitem(last=False)
        return known

    def _ask(self, *pair: str) -> bool:
        if self._unusable or any(map(self._is_hard, pair)):
            return False
        worker = self._ready()
        if worker is None:
            return False
        reply = worker.ask(json.dumps(pair), self._seconds)
        for answer in pair:
            replies, timeouts = self._asked.pop(answer, (0, 0))
            late = reply is None
            self._asked[answer] = (replies + (not late), timeouts + late)
        while len(self._asked) > _MEMORY:
            self._asked.popitem(last=False)
        if reply is None:
            self._give_up(pair)
            return False
        return bool(json.loads(reply))

    def _is_hard(self, answer: str) -> bool:
        """Whether an answer has cost more time-outs than it gave replies: not worth another."""
        replies, timeouts = self._asked.get(answer, (0, 0))
        return timeouts >= 2 and timeouts > replies

    def _give_up(self, pair: tuple[str, ...]) -> None:
        self._stop()
        # At once, so that it loads while the traces go on, not when the next pair waits for it.
        self._start()
        self.timeouts += 1
        if self.timeouts == 1:
            _logger.warning(
                "math-verify gave no reply within %g s on %r and %r; such answers count as "
                "different (reported once, counted in `timeouts`)",
                self._seconds,
                *pair,
            )

    def _start(self) -> _Worker:
        if self._worker is None:
            self._worker = _Worker(self._seconds)
        return self._worker

    def _ready(self) -> _Worker | None:
        """The worker once it has loaded math-verify, which is no part of a comparison's time."""
        worker = self._start()
        if not worker.wait_until_ready(_START_SECONDS):
            self._stop()
            self._unusable = True
            _logger.warning(
                "the math-verify worker did not start; answers are compared by form alone"
            )
            return None
        return worker

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


def _worth_asking(left: str, right: str) -> bool:
    """Whether math-verify can know more than the canonical forms say."""
    if exact_number(left) is not None and exact_number(right) is not None:
        return False
    return all(map(_is_formula, (left, right)))


def _is_formula(answer: str) -> bool:
    form = normalize(answer)
    return (
        0 < len(form) <= _MAX_LENGTH
        and len(answer) <= _MAX_LENGTH
        and form.count("{") == form.count("}")
        and not is_worded(form)
        and _WORD.search(_ENVIRONMENT.sub("", form)) is None
    )


class _Worker:
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
