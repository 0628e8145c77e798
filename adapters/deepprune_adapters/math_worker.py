"""The process in which math-verify compares answers, for `deepprune_adapters.math`."""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import logging
import math
import signal
from collections.abc import Generator
from typing import Any, Final, TextIO

_EXACT: Final = 1e-25
_ROUNDED: Final = 1e-6
"""Relative differences up to which two values are the same: of exact ones, and where one is a
decimal, which may be rounded."""


def serve(requests: TextIO, replies: TextIO, *, seconds: float) -> None:
    """The worker's loop: for each pair of answers, a JSON list, whether they are equal.

    Args:
        requests: A request a line.
        replies: `ready` first, then `true` or `false` a request.
        seconds: The asker's time limit.
    """
    # Untyped, and an extra: nothing of it is imported by name.
    library: Any = importlib.import_module("math_verify")
    sympy: Any = importlib.import_module("sympy")
    logging.disable()  # it warns that its own time limits are off, which is the point
    # LaTeX alone: its parser of plain expressions evaluates text that a model wrote.
    targets = [library.LatexExtractionConfig()]

    @functools.lru_cache(maxsize=1024)
    def read(answer: str) -> Any:
        return library.parse(
            f"\\boxed{{{answer}}}",
            extraction_config=targets,
            fallback_mode="no_fallback",
            parsing_timeout=None,
        )

    def holds(answers: list[str]) -> bool:
        left, right = map(read, answers)
        # verify() is not symmetric: it treats its first argument as the reference.
        held = library.verify(left, right, timeout_seconds=None) or library.verify(
            right, left, timeout_seconds=None
        )
        return bool(held) and not (left and right and _differ(sympy, left[0], right[0]))

    replies.write("ready\n")
    replies.flush()
    for line in requests:
        with _deadline(seconds):
            try:
                held = holds(json.loads(line))
            except Exception:
                held = False
        replies.write(f"{json.dumps(held)}\n")
        replies.flush()


def _differ(sympy: Any, left: Any, right: Any) -> bool:
    """Whether two expressions that math-verify calls equal have values that differ.

    It compares numbers to 6 or 15 places behind the point, and so takes 1/2^99 for 1/2^98.
    """
    if not (isinstance(left, sympy.Basic) and isinstance(right, sympy.Basic)):
        return False
    if left.is_number and right.is_number:
        difference = (left - right).doit()
        if difference.is_Rational:
            return bool(difference != 0)
        size = max(abs(left.evalf(30)), abs(right.evalf(30)))
        decimals = left.has(sympy.Float) or right.has(sympy.Float)
        return bool(abs(difference.evalf(30)) > size * (_ROUNDED if decimals else _EXACT))
    if type(left) is not type(right) or len(left.args) != len(right.args):
        return False
    parts = [_parts(sympy, left), _parts(sympy, right)]
    if any(parts_of is None for parts_of in parts):
        return False
    return any(_differ(sympy, one, other) for one, other in zip(*parts, strict=True))


def _parts(sympy: Any, whole: Any) -> list[Any] | None:
    """What a pair, a set, an interval or a relation compares one by one; None for anything else."""
    if isinstance(whole, (sympy.Tuple, sympy.Interval, sympy.core.relational.Relational)):
        return list(whole.args)
    if isinstance(whole, sympy.FiniteSet) and all(part.is_real for part in whole.args):
        return sorted(whole.args, key=lambda part: part.evalf(30))
    return None


@contextlib.contextmanager
def _deadline(seconds: float) -> Generator[None]:
    """End this process should it still compute when its parent, which kills it, is gone itself."""
    if not hasattr(signal, "alarm"):  # Windows
        yield
        return
    signal.alarm(math.ceil(seconds) + 10)
    try:
        yield
    finally:
        signal.alarm(0)
