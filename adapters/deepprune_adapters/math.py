r"""Symbolic equivalence of answers by math-verify: `\sqrt{8}` and `2\sqrt{2}` are one ballot.

math-verify (over SymPy) can take minutes, or for ever, over an answer like `9^{9^{9}}`, and its own
time limits work in the main thread alone. Here it runs in one worker process, which is killed when
it takes too long, so that any thread and any event loop may ask.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from deepprune_adapters.math_process import Worker
from deepprune_adapters.math_time import START_SECONDS, Allowance, Deadline, out_of_time
from deepprune_sdk.answers import Answers, exact_number, is_worded, normalize
from deepprune_sdk.answers.by_name import as_extractor
from deepprune_sdk.data.arguments import as_seconds
from deepprune_sdk.errors import ConfigurationError, MissingExtraError
from deepprune_sdk.protocols import AnswerExtractor

__all__ = ["MathAnswers"]

_MAX_LENGTH: Final = 200
_MEMORY: Final = 4096
_logger = logging.getLogger(__name__)

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

    A run (`begin_run`) has `run_seconds` for all its comparisons, made in another thread than the
    event loop's; what little is asked in the event loop has `seconds` in all. What would need more
    counts as different, and the result says so.

    Attributes:
        timeouts: How often a comparison was given up; those answers counted as different.
        wrapped: What `answers` was, for those who ask what it can do.
    """

    def __init__(
        self,
        seconds: float = 1.0,
        *,
        answers: AnswerExtractor | None = None,
        run_seconds: float = 5.0,
    ) -> None:
        """Check that math-verify is there; the worker starts with the first comparison.

        Args:
            seconds: Longest time for one comparison.
            answers: Extraction and the first word on equivalence; `Answers()` by default.
            run_seconds: Longest time for all comparisons of a run, the time that it takes to start
                again after a time-out included.

        Raises:
            MissingExtraError: math-verify is not installed.
            ConfigurationError: A time is not positive.
        """
        limit = as_seconds("MathAnswers.seconds", seconds)
        run_limit = as_seconds("MathAnswers.run_seconds", run_seconds)
        if limit is None or run_limit is None:
            raise ConfigurationError(
                f"MathAnswers(seconds={seconds}, run_seconds={run_seconds}): give seconds above 0"
            )
        if importlib.util.find_spec("math_verify") is None:
            raise MissingExtraError(extra="eval", package="math-verify")
        self.timeouts = 0
        self._seconds = limit
        self._run_seconds = run_limit
        self.wrapped: AnswerExtractor = Answers() if answers is None else as_extractor(answers)
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._known: OrderedDict[tuple[str, str], bool] = OrderedDict()
        # Replies and time-outs of each answer asked about.
        self._asked: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._unusable = False
        self._has_started = False

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
        return self._compare(left, right, None)

    def begin_run(self) -> AnswerExtractor:
        """Return the extractor of one run, with its own allowance of time; loads SymPy meanwhile.

        It raises `TimeoutError` where a comparison would need more.
        """
        with self._lock:
            if not self._unusable:
                self._start()
        return _OfRun(self, Allowance(self._run_seconds, self._seconds))

    def _compare(self, left: str, right: str, allowance: Allowance | None) -> bool:
        if self.wrapped.equivalent(left, right):
            return True
        if not _worth_asking(left, right):
            return False
        # The canonical forms in order: fewer questions, and the same one from both sides.
        first, second = sorted((normalize(left), normalize(right)))
        known = self._known.get((first, second))
        if known is not None or self._unusable:
            return bool(known)
        if allowance is None:
            with self._lock:
                return self._remembered(first, second, None)
        with allowance.spending(self._lock) as deadline:
            return self._remembered(first, second, deadline)

    def _remembered(self, first: str, second: str, deadline: Deadline | None) -> bool:
        known = self._known.get((first, second))
        if known is None:
            known = self._ask(deadline, first, second)
        self._known[first, second] = known
        self._known.move_to_end((first, second))
        if len(self._known) > _MEMORY:
            self._known.popitem(last=False)
        return known

    def _ask(self, deadline: Deadline | None, *pair: str) -> bool:
        if self._unusable or any(map(self._is_hard, pair)):
            return False
        worker = self._ready(deadline)
        if worker is None:
            return False
        seconds = self._seconds if deadline is None else min(self._seconds, deadline.left())
        reply = worker.ask(json.dumps(pair), seconds)
        if reply is None and seconds < self._seconds:  # it had less time than it may take
            self._stop()
            self._start()
            raise out_of_time()
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
                "math-verify gave no reply within %g s on answers of %d and %d characters; such "
                "answers count as different (reported once, counted in `timeouts`)",
                self._seconds,
                *map(len, pair),
            )

    def _start(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(self._seconds)
        return self._worker

    def _ready(self, deadline: Deadline | None = None) -> Worker | None:
        """The worker once it has loaded math-verify, which is not part of a comparison's time.

        Of a run's time it is a part, but for the first start outside of the event loop.
        """
        worker = self._start()
        if deadline is not None and self._has_started:
            deadline.include_start()
        limit = START_SECONDS if deadline is None else deadline.for_start()
        if not worker.wait_until_ready(limit):
            if limit < START_SECONDS and worker.is_alive():
                raise out_of_time()
            self._stop()
            self._unusable = True
            _logger.warning(
                "the math-verify worker did not start; answers are compared by form alone"
            )
            return None
        self._has_started = True
        if deadline is not None:
            deadline.started()
        return worker

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


@dataclass(frozen=True, slots=True)
class _OfRun:
    """What one run compares with."""

    wrapped: MathAnswers
    _allowance: Allowance

    def extract(self, text: str, *, complete: bool) -> str | None:
        return self.wrapped.extract(text, complete=complete)

    def equivalent(self, left: str, right: str) -> bool:
        return self.wrapped._compare(left, right, self._allowance)  # pyright: ignore[reportPrivateUsage]


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
