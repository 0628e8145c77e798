"""A judge without a model: how much of their numbers and words two prefixes share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import exp, fsum

import anyio.to_thread

from deepprune_sdk.trace import Pair
from deepprune_sdk.types import Verdict

__all__ = ["LexicalJudge"]

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")

RECENCY = 0.5
"""Share of a prefix over which the weight of its words halves, counted from its end."""
GIVEN = 0.1
"""Weight of a number that stands in the question: every trace repeats it."""
NUMBERS, WORDS = 2 / 3, 1 / 3
"""Shares of the two overlaps in the similarity."""
INTERCEPT, SLOPE = -1.7, 2.7
"""From similarity to probability: a logistic fit on recorded pairs of two small models, every
problem weighing the same, at 64 and 128 tokens and at 1/4, 1/2 and 3/4 of the median length."""

_Profile = Mapping[str, float]


class LexicalJudge:
    """Weighted Jaccard overlap of numbers and of words, as a probability.

    Numbers weigh most, since intermediate results decide where a trace ends; recent text weighs
    more than old.
    """

    name = "lexical"
    costs_tokens = False

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch in a worker thread, so that no stream waits for it."""
        return await anyio.to_thread.run_sync(self.score, pairs, abandon_on_cancel=True)

    def score(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch. Each prefix is read once, whatever the number of pairs."""
        verdicts: list[Verdict] = []
        for pair in pairs:
            left = _profiles(pair.question, pair.left.text)
            right = _profiles(pair.question, pair.right.text)
            similarity = NUMBERS * _overlap(left[0], right[0]) + WORDS * _overlap(left[1], right[1])
            probability = 1.0 / (1.0 + exp(-INTERCEPT - SLOPE * similarity))
            verdicts.append(Verdict(probability=probability))
        return verdicts


@lru_cache(maxsize=4096)
def _profiles(question: str, text: str) -> tuple[_Profile, _Profile]:
    """Weight the numbers and the words of a prefix by how late they last occur."""
    given = {_number(word) for word in _WORD.findall(question) if word[0].isdigit()}
    words = _WORD.findall(text)
    numbers: dict[str, float] = {}
    others: dict[str, float] = {}
    for distance, word in zip(range(len(words) - 1, -1, -1), words, strict=True):
        weight = 2.0 ** (-distance / (RECENCY * len(words)))
        if word[0].isdigit():
            number = _number(word)
            numbers[number] = weight * (GIVEN if number in given else 1.0)
        else:
            others[word.lower()] = weight
    return numbers, others


def _number(word: str) -> str:
    plain = word.replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _overlap(left: _Profile, right: _Profile) -> float:
    """Weighted Jaccard similarity; one half where neither side says anything."""
    either = left.keys() | right.keys()
    largest = fsum(max(left.get(word, 0.0), right.get(word, 0.0)) for word in either)
    if largest == 0.0:
        return 0.5
    both = left.keys() & right.keys()
    return fsum(min(left[word], right[word]) for word in both) / largest
