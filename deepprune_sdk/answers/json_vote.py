"""The vote field by field: an object made of each field's majority."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pydantic import JsonValue

from deepprune_sdk.answers.json_text import canonical, read_json

__all__ = ["fold"]

_ABSENT = ""  # no JSON text is empty


def fold(ballots: Sequence[tuple[str, float]]) -> str | None:
    """Build the object whose every field is the weighted majority of the ballots.

    A ballot without a field votes for its absence. Of equals the one that was seen first wins.

    Args:
        ballots: JSON texts, each with its weight; those that are not objects do not count.

    Returns:
        The JSON of the object, or None where no ballot is one.
    """
    objects: list[tuple[dict[str, JsonValue], float]] = []
    for answer, weight in ballots:
        try:
            value = read_json(answer)
        except ValueError:
            continue
        if isinstance(value, dict):
            objects.append((value, weight))
    if not objects:
        return None
    names = dict.fromkeys(name for one, _ in objects for name in one)
    won: dict[str, JsonValue] = {}
    for name in names:
        weights: dict[str, float] = defaultdict(float)
        for one, weight in objects:
            weights[canonical(one[name]) if name in one else _ABSENT] += weight
        winner = max(weights, key=weights.__getitem__)
        if winner != _ABSENT:
            won[name] = read_json(winner)
    return canonical(won)
