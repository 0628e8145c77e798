"""The default judge: features of a pair that need no model, and a small calibrated classifier."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Final, cast

import anyio.to_thread

from deepprune_sdk.data.arguments import as_path, shown
from deepprune_sdk.data.named import Named
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import Verdict
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.judges.features import Profile, read_profile
from deepprune_sdk.judges.likeness import likeness, sameness
from deepprune_sdk.judges.weights import LearnedWeights, load_weights, probability

__all__ = ["LearnedJudge", "ProfileCache", "known_prefixes"]

SMALL: Final = 40_000
"""Characters of a batch that is judged in 2 to 8 ms, none of its prefixes being known yet.

A thread holds the interpreter for 5 ms at a time, and the event loop waits for it after each read.
"""

_Key = tuple[str, str]
_Batch = dict[tuple[str, int], dict[tuple[int, str], Profile]]


class LearnedJudge:
    """A logistic model of what two prefixes share, fitted on recorded traces.

    Within a problem the pair decides: the numbers and their order, results, steps, wording.
    Across problems it is the batch: where all prefixes of a question are worded alike, the problem
    is easy and most traces agree. So a verdict depends on the pairs it is asked with, and on
    nothing that was asked before: the same batch always gives the same verdicts.

    Prefixes are kept once read, up to a limit; that only saves time.
    """

    name = "learned"
    costs_tokens = False

    def __init__(
        self, weights: str | Path | LearnedWeights | None = None, *, prior: float | None = None
    ) -> None:
        """Load the weights that ship with the package, or a file of `judge fit-light`.

        Args:
            weights: The file, or what was read from it; None takes the weights that ship.
            prior: Share of pairs that end in the same answer with your model and questions, between
                0 and 1; `deepprune redundancy` measures it on a recording. It shifts the log-odds
                of every verdict by the difference to that of the fitted pairs (Bayes), and leaves
                their order as it is. None keeps the fitted pairs' own share.

        Raises:
            ConfigurationError: The file cannot be read, or holds no such weights; or the prior is
                no share.
        """
        given = cast("object", prior)
        if given is not None and not (isinstance(given, int | float) and 0.0 < given < 1.0):
            raise ConfigurationError(
                f"LearnedJudge(prior={shown(given)}): give a share between 0 and 1, both excluded"
            )
        if not isinstance(weights, LearnedWeights):
            weights = load_weights(
                None if weights is None else Path(as_path("LearnedJudge.weights", weights))
            )
        self._weights = weights
        self._shift = self._weights.shift(prior)
        self._profiles = ProfileCache()

    @classmethod
    def by_name(cls, given: Named) -> Callable[[], LearnedJudge]:
        """Read `learned`, `learned:prior=0.6` or `learned:weights.json`.

        Raises:
            ConfigurationError: There is no such setting, or the prior is not a number.
        """
        settings = given.take(("weights", "prior"), argument="weights")
        prior = settings.get("prior")
        try:
            share = None if prior is None else float(prior)
        except ValueError:
            raise ConfigurationError(
                f"judge learned:prior={prior}: give the share of pairs of traces that end in the "
                "same answer, such as prior=0.6 (`deepprune redundancy` measures it)"
            ) from None
        return partial(cls, settings.get("weights") or None, prior=share)

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch in a worker thread, so that no stream waits for it.

        A small one is judged here: streams wait less for it than for a thread beside them.
        """
        if sum(len(pair.left.text) + len(pair.right.text) for pair in pairs) <= SMALL:
            return self.score(pairs)
        return await anyio.to_thread.run_sync(self.score, pairs, abandon_on_cancel=True)

    def score(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch."""
        weights = self._weights
        read = cache(self._profiles.read)  # a prefix is compared with many others of its batch
        levels = {
            key: self._shift + weights.level(sameness(prefixes.values()), len(prefixes))
            for key, prefixes in known_prefixes(pairs, read).items()
        }
        return [
            Verdict(
                probability=probability(
                    levels[pair.question, pair.left.checkpoint]
                    + weights.score(
                        likeness(
                            read(pair.question, pair.left.text),
                            read(pair.question, pair.right.text),
                        )
                    )
                )
            )
            for pair in pairs
        ]


class ProfileCache:
    """Profiles of the prefixes read last. Safe to share between threads."""

    LIMIT: Final = 1024

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Profile] = OrderedDict()
        self._lock = Lock()

    def read(self, question: str, text: str) -> Profile:
        """Return the profile of a prefix, reading it if it is not there."""
        key = question, text
        with self._lock:
            if (profile := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return profile
        profile = read_profile(question, text)
        with self._lock:
            self._kept[key] = profile
            while len(self._kept) > self.LIMIT:
                self._kept.popitem(last=False)
        return profile


def known_prefixes(pairs: Iterable[Pair], read: Callable[[str, str], Profile]) -> _Batch:
    """Collect the unfinished prefixes of a batch, by question and checkpoint.

    A finished trace is left out: it is worded as traces are at their ends.
    """
    batch: _Batch = {}
    for pair in pairs:
        prefixes = batch.setdefault((pair.question, pair.left.checkpoint), {})
        for prefix in (pair.left, pair.right):
            if not prefix.finished:
                prefixes[prefix.trace, prefix.text] = read(pair.question, prefix.text)
    return batch
