"""A judge that remembers: the same pair of texts is judged once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import anyio

from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import NO_USAGE, Verdict
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.protocols import Judge

__all__ = ["CachedJudge"]

_Key = bytes


@dataclass(slots=True)
class _Batch:
    """What another call is being told about; the verdicts once it is."""

    done: anyio.Event = field(default_factory=anyio.Event)
    verdicts: Mapping[_Key, Verdict] = field(default_factory=dict[_Key, Verdict])


class CachedJudge:
    """Asks `judge` about every pair of texts once, and remembers its probability.

    A pair is its content: the question, both texts, and whether they are finished; numbers of
    traces and checkpoints do not count. What is remembered, or is being asked by another call at
    the moment, costs no tokens. A pair that the judge could not score is asked again another time.

    Attributes:
        hits: Verdicts given without asking.
        misses: Verdicts that were asked for.
    """

    def __init__(
        self, judge: Judge, max_entries: int = 65_536, *, order_free: bool = False
    ) -> None:
        """Remember the verdicts of `judge`.

        Args:
            judge: The judge; it stays yours to close.
            max_entries: Probabilities remembered, the least recently used going first.
            order_free: Whether a pair and its mirror image are one. The judge is then always asked
                in one order, that of the texts, so that its verdict does not depend on which came
                first; a server's prefix cache serves it less.

        Raises:
            ConfigurationError: Nothing could be remembered.
        """
        if max_entries < 1:
            raise ConfigurationError(f"CachedJudge(max_entries={max_entries}): give 1 or more")
        self.judge = judge
        self.hits: int = 0
        self.misses: int = 0
        self._max_entries = max_entries
        self._order_free = order_free
        self._known: OrderedDict[_Key, Verdict] = OrderedDict()
        self._asking: dict[_Key, _Batch] = {}

    @property
    def name(self) -> str:
        """Name of the judge."""
        return self.judge.name

    @property
    def costs_tokens(self) -> bool:
        """Whether the judge's verdicts cost tokens."""
        return self.judge.costs_tokens

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch; only what is new is asked."""
        asked = [self._ordered(pair) for pair in pairs]
        keys = [_key(pair) for pair in asked]
        found: dict[_Key, Verdict] = {}
        mine: set[_Key] = set()
        while True:
            new: dict[_Key, Pair] = {}
            others: _Batch | None = None
            for key, pair in zip(keys, asked, strict=True):
                if key in found:
                    continue
                if key in self._known:
                    self._known.move_to_end(key)
                    found[key] = self._known[key]
                elif key in self._asking:
                    others = self._asking[key]
                else:
                    new[key] = pair
            if new:
                found |= await self._ask(new)
                mine |= new.keys()
            elif others is not None:
                await others.done.wait()
                found |= {key: v for key, v in others.verdicts.items() if key not in found}
            else:
                break
        return self._given(keys, found, mine)

    async def _ask(self, new: Mapping[_Key, Pair]) -> Mapping[_Key, Verdict]:
        batch = _Batch()
        self._asking |= dict.fromkeys(new, batch)
        try:
            verdicts = await self.judge.compare(list(new.values()))
            told = dict(zip(new, verdicts, strict=True))
            batch.verdicts = {key: replace(v, usage=NO_USAGE) for key, v in told.items()}
        finally:
            for key in new:
                del self._asking[key]
            batch.done.set()
        for key, verdict in batch.verdicts.items():
            if verdict.probability is not None:
                self._known[key] = verdict
        while len(self._known) > self._max_entries:
            self._known.popitem(last=False)
        return told

    def _given(
        self, keys: Sequence[_Key], found: Mapping[_Key, Verdict], mine: set[_Key]
    ) -> list[Verdict]:
        """Return the verdicts; of several for one pair, the first has cost its tokens."""
        verdicts: list[Verdict] = []
        for key in keys:
            if key in mine:
                mine.discard(key)
                self.misses += 1
                verdicts.append(found[key])
            else:
                self.hits += 1
                verdicts.append(replace(found[key], usage=NO_USAGE))
        return verdicts

    def _ordered(self, pair: Pair) -> Pair:
        if self._order_free and _side(pair, left=True) > _side(pair, left=False):
            return replace(pair, left=pair.right, right=pair.left)
        return pair


def _side(pair: Pair, *, left: bool) -> tuple[str, bool]:
    prefix = pair.left if left else pair.right
    return prefix.text, prefix.finished


def _key(pair: Pair) -> _Key:
    digest = blake2b(digest_size=24)
    for text in (
        pair.question,
        *(f"{prefix.finished:d}{prefix.text}" for prefix in (pair.left, pair.right)),
    ):
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()
