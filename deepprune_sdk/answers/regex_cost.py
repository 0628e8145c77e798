"""Whether a pattern may take exponential time, which nothing in this process could cut short."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

__all__ = ["explodes"]

_parser: Final[Any] = import_module("re._parser")
"""Python's own reading of patterns, which knows its syntax; it is not public."""

_Node = tuple[Any, Any]


def explodes(pattern: str) -> str:
    r"""Return the form of a part that can match one text in exponentially many ways, or "".

    That is a repetition, with something after it that may fail, of what is itself a repetition with
    nothing around it that must be there: `(a+)+$`, `(\\w+\\s*)*!`. Where something that must be
    there keeps the repetitions apart, as in `(\\w+,)+$`, there is one way only. Repeated
    alternatives of which two begin alike, as in `(a|a)*$`, are not found out.

    Raises:
        re.error: It is not a pattern.
    """
    return _in(list(_parser.parse(pattern)), may_fail=False)


def _in(nodes: list[_Node], *, may_fail: bool) -> str:
    """Look through a sequence; `may_fail` says whether what follows it may."""
    found = ""
    for name, value in reversed(nodes):
        found = _of(str(name), value, may_fail=may_fail) or found
        may_fail = may_fail or _fails(str(name), value)
    return found


_REPEATS: Final = {"MAX_REPEAT", "MIN_REPEAT"}


def _of(name: str, value: Any, *, may_fail: bool) -> str:
    if name in _REPEATS:
        least, most, body = value
        many = most is _parser.MAXREPEAT
        if many and may_fail and _may_be_one_repetition(list(body)):
            return "(...+)+" if least else "(...+)*"
        # Each round of a repetition is followed by the next, which may fail.
        return _in(list(body), may_fail=may_fail)
    return next(
        filter(None, (_in(list(part), may_fail=may_fail) for part in _parts(name, value))), ""
    )


def _parts(name: str, value: Any) -> Iterable[Any]:
    """Return the sequences inside of a node, but for those that are never matched in two ways."""
    if name == "SUBPATTERN":
        return [value[-1]]
    if name == "BRANCH":
        return value[1]
    return []


def _fails(name: str, value: Any) -> bool:
    """Whether a node may fail to match: it does not match the empty text everywhere."""
    if name in _REPEATS or name == "POSSESSIVE_REPEAT":
        return value[0] > 0 and any(_fails(str(n), v) for n, v in value[2])
    parts = list(_parts(name, value))
    if parts:
        return all(any(_fails(str(n), v) for n, v in part) for part in parts)
    return True


def _may_be_one_repetition(nodes: list[_Node]) -> bool:
    """Whether a sequence can be nothing but an endless repetition of something."""
    for position, (name, value) in enumerate(nodes):
        others = nodes[:position] + nodes[position + 1 :]
        if any(_fails(str(n), v) for n, v in others):
            continue
        repeats = str(name) in _REPEATS
        if repeats and value[1] is _parser.MAXREPEAT:
            return True
        inner = [value[2]] if repeats else _parts(str(name), value)
        if any(_may_be_one_repetition(list(part)) for part in inner):
            return True
    return False
