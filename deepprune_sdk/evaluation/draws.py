"""Draws of recorded traces, and the problems that have enough of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from deepprune_sdk.data.arguments import as_whole
from deepprune_sdk.errors import RecordingError
from deepprune_sdk.recording.reader import RecordedTrace

__all__ = ["draw", "drawable"]


def drawable(
    problems: Mapping[str, Sequence[RecordedTrace]], n: int, *, drop_small: bool = False
) -> dict[str, Sequence[RecordedTrace]]:
    """Return the problems of which `n` traces can be drawn.

    Args:
        problems: Recorded traces by problem.
        n: Traces a draw.
        drop_small: Leave out problems that have fewer, instead of refusing them.

    Raises:
        RecordingError: A problem has fewer than `n`, or every one where those are left out; says
            which `n` works. Or a trace is not complete.
    """
    enough = {name: traces for name, traces in problems.items() if len(traces) >= n}
    small = [traces for name, traces in problems.items() if name not in enough]
    if small and not (drop_small and enough):
        raise RecordingError(_too_few(n, small, bool(enough)))
    for traces in enough.values():
        _require_complete(traces)
    return enough


def draw(traces: Sequence[RecordedTrace], n: int, seed: int) -> list[RecordedTrace]:
    """Draw `n` of a problem's traces without replacement.

    Raises:
        ConfigurationError: `n` is not a whole number from 1 on.
        RecordingError: There are fewer than `n`, or one of them is not complete.
    """
    n = as_whole("n", n)
    if len(traces) < n:
        raise RecordingError(_too_few(n, [traces], False))
    _require_complete(traces)
    return Random(f"{seed}/draw").sample(list(traces), n)


def _too_few(n: int, small: Sequence[Sequence[RecordedTrace]], others: bool) -> str:
    """Say what has too few traces, and what to do: the least of them bounds n for all."""
    least = min(small, key=len)
    if not least:
        return f"n={n}, but there are 0 recorded traces: give a recording that has some"
    where = f"problem {least[0].problem!r} has {len(least)} recorded traces"
    most = max(map(len, small))
    if others:
        several = f", and {len(small) - 1} more have too few" if len(small) > 1 else ""
        return (
            f"n={n}, but {where}{several}: lower n to {len(least)}, or leave such problems out "
            "(drop_small=True)"
        )
    larger = ""
    if most > len(least):
        larger = f", or to {most} and leave smaller problems out (drop_small=True)"
    return f"n={n}, but {where}: lower n to {len(least)}{larger}"


def _require_complete(traces: Sequence[RecordedTrace]) -> None:
    for trace in traces:
        if not trace.complete:
            raise RecordingError(
                f"trace {trace.trace} of problem {trace.problem!r} was {trace.finish}: only "
                "complete traces can be replayed; record with the method cons"
            )
