"""Which pairs are trained on, in which order: the rarer class more often, like lengths together."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from random import Random
from typing import Final

__all__ = ["oversampled", "training_order"]

POOL: Final = 50
"""Batches that are sorted by length together: random enough, and hardly any padding."""


def oversampled(same: Sequence[bool], factor: float, draw: Random) -> list[int]:
    """Return one epoch: each pair of the commoner class once, of the rarer one `factor` times.

    The epoch has exactly `round(factor * rarer)` of the rarer class: every pair as often as the
    whole part of the factor says, and a part of them once more.

    Args:
        same: The class of each pair.
        factor: 2 in DeepPrune (arXiv 2510.08483); 1 changes nothing.
        draw: Chooses for a factor that is not whole.
    """
    rarer = sum(same) * 2 < len(same)
    rare = [index for index, label in enumerate(same) if label is rarer]
    common = [index for index, label in enumerate(same) if label is not rarer]
    whole = int(factor)
    rest = round(factor * len(rare)) - whole * len(rare)
    return common + rare * whole + draw.sample(rare, rest)


def training_order(
    same: Sequence[bool],
    lengths: Sequence[int],
    *,
    oversample: float,
    epochs: float,
    max_steps: int | None,
    batch: int,
    seed: int,
) -> list[int]:
    """Return the positions of the pairs in the order in which batches take them.

    Args:
        same: The class of each pair.
        lengths: Tokens of each pair.
        oversample: How often a pair of the rarer class comes in an epoch.
        epochs: How often all come.
        max_steps: Batches, whatever the epochs; or None.
        batch: Pairs a batch.
        seed: Of everything that is drawn.
    """
    draw = Random(f"{seed}/order")
    order: list[int] = []
    wanted = None if max_steps is None else max_steps * batch
    while wanted is None or len(order) < wanted:
        epoch = oversampled(same, oversample, draw)
        draw.shuffle(epoch)
        order += epoch
        if wanted is None:
            wanted = ceil(epochs * len(epoch))
    order = order[:wanted]
    batches: list[list[int]] = []
    for begin in range(0, len(order), POOL * batch):
        pool = sorted(order[begin : begin + POOL * batch], key=lambda index: lengths[index])
        held = [pool[at : at + batch] for at in range(0, len(pool), batch)]
        part = held.pop() if len(held[-1]) < batch else []
        draw.shuffle(held)
        batches += [*held, part]  # only the last pool can have a part
    return [index for held in batches for index in held]
