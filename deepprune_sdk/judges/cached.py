"""A judge that remembers: the same pair of texts is judged once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from threading import Lock
from typing import Self

from deepprune_sdk.data.arguments import as_whole
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import NO_USAGE, Verdict
from deepprune_sdk.judges.verdicts import checked
from deepprune_sdk.judges.wrapper import JudgeWrapper, Score
from deepprune_sdk.loops.waiting import Flag
from deepprune_sdk.protocols import AnswerExtractor, Judge

__all__ = ["CachedJudge"]

_Key = bytes


@dataclass(slots=True)
class _Asked:
    """What a call that waits is being told about; the verdicts once it is."""

    done: Flag = field(default_factory=Flag)
    verdicts: Mapping[_Key, Verdict] = field(default_factory=dict[_Key, Verdict])


@dataclass(slots=True)
class _Memory:
    """What is remembered, for every extractor that the judge reads answers with.

    Attributes:
        known: Verdicts, the least recently used first.
        asking: What is being asked at the moment.
        readers: The extractors; what the judge says with one says nothing about another.
        hits: Verdicts given without asking.
        misses: Verdicts that were asked for.
        lock: Held where any of it is read or changed: threads may share a judge.
    """

    known: OrderedDict[_Key, Verdict] = field(default_factory=OrderedDict[_Key, Verdict])
    asking: dict[_Key, _Asked] = field(default_factory=dict[_Key, _Asked])
    readers: list[AnswerExtractor | None] = field(default_factory=lambda: [None])
    hits: int = 0
    misses: int = 0
    lock: Lock = field(default_factory=Lock)


@dataclass(slots=True)
class _Batch:
    """One call: what it asks, and the verdicts it has by now.

    Attributes:
        keys: Of its pairs, in their order.
        pairs: Each different pair once.
        found: The verdicts.
        paid: Those that this call has asked for and not given yet: they cost their tokens.
    """

    keys: Sequence[_Key]
    pairs: Mapping[_Key, Pair]
    found: dict[_Key, Verdict] = field(default_factory=dict[_Key, Verdict])
    paid: set[_Key] = field(default_factory=set[_Key])


class CachedJudge(JudgeWrapper):
    """Asks `judge` about every pair of texts once, and remembers its probability.

    A pair is its content: the question, both texts, and whether they are finished; numbers of
    traces and checkpoints do not count. What is remembered, or is being asked by another call at
    the moment, costs no tokens. A pair that the judge could not score is asked again another time.

    It scores inline if the judge does. An inline call cannot wait for another one, so what is being
    asked at the moment it asks too. Entering and closing it enters and closes the judge.

    A judge that reads answers is used with the extractor of each run. All of these share one
    memory, and what was said with one extractor is not given for another.
    """

    def __init__(
        self, judge: Judge, max_entries: int = 65_536, *, order_free: bool = False
    ) -> None:
        """Remember the verdicts of `judge`.

        Args:
            judge: The judge.
            max_entries: Probabilities remembered, the least recently used going first.
            order_free: Whether a pair and its mirror image are one. The judge is then always asked
                in one order, that of the texts, so that its verdict does not depend on which came
                first; a server's prefix cache serves it less.

        Raises:
            ConfigurationError: Nothing could be remembered.
        """
        super().__init__(judge)
        self._max_entries = as_whole("CachedJudge.max_entries", max_entries)
        self._order_free = order_free
        self._memory = _Memory()
        self._reader = 0

    @property
    def hits(self) -> int:
        """Verdicts given without asking."""
        return self._memory.hits

    @property
    def misses(self) -> int:
        """Verdicts that were asked for."""
        return self._memory.misses

    def around(self, judge: Judge) -> Self:
        """Return the same memory, empty, for another judge."""
        other = super().around(judge)
        other._memory = _Memory()
        return other

    def with_answers(self, answers: AnswerExtractor) -> Self:
        """Return this memory around the judge as it reads with the run's extractor.

        Raises:
            ConfigurationError: The judge needs a power that the extractor lacks.
        """
        other = super().with_answers(answers)
        if other is not self:
            other._memory = self._memory
            with self._memory.lock:
                if answers not in self._memory.readers:
                    self._memory.readers.append(answers)
                other._reader = self._memory.readers.index(answers)
        return other

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch; only what is new is asked."""
        batch = self._batch(pairs)
        while missing := self._missing(batch):
            asked = _Asked()
            with self._memory.lock:
                new = [key for key in missing if key not in self._memory.asking]
                self._memory.asking |= dict.fromkeys(new, asked)
                other = self._memory.asking[missing[0]]
            if new:
                await self._ask(batch, new, asked)
            else:
                await other.done.wait()
                batch.found |= {k: v for k, v in other.verdicts.items() if k not in batch.found}
        return self._given(batch)

    def score_with(self, score: Score, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch at once; only what is not remembered is asked."""
        batch = self._batch(pairs)
        if missing := self._missing(batch):
            told = checked(score([batch.pairs[key] for key in missing]), len(missing))
            self._take(batch, missing, told)
        return self._given(batch)

    def _batch(self, pairs: Sequence[Pair]) -> _Batch:
        asked = [self._ordered(pair) for pair in pairs]
        keys = [_key(pair, self._reader) for pair in asked]
        return _Batch(keys, dict(zip(keys, asked, strict=True)))

    def _missing(self, batch: _Batch) -> list[_Key]:
        """Give a batch what is remembered; return what it still lacks."""
        missing: list[_Key] = []
        with self._memory.lock:
            for key in batch.pairs:
                if key in batch.found:
                    continue
                if key in self._memory.known:
                    self._memory.known.move_to_end(key)
                    batch.found[key] = self._memory.known[key]
                else:
                    missing.append(key)
        return missing

    async def _ask(self, batch: _Batch, new: Sequence[_Key], asked: _Asked) -> None:
        """Ask the judge; calls that want some of the same wait for it meanwhile."""
        try:
            told = checked(await self.judge.compare([batch.pairs[key] for key in new]), len(new))
            asked.verdicts = self._take(batch, new, told)
        finally:
            with self._memory.lock:
                for key in new:
                    del self._memory.asking[key]
            asked.done.set()

    def _take(
        self, batch: _Batch, new: Sequence[_Key], told: Sequence[Verdict]
    ) -> Mapping[_Key, Verdict]:
        """Give a batch what the judge has said, and remember it; return it without its cost."""
        batch.found |= zip(new, told, strict=True)
        batch.paid |= set(new)
        free = {key: _free(verdict) for key, verdict in zip(new, told, strict=True)}
        with self._memory.lock:
            for key, verdict in free.items():
                if verdict.probability is not None:
                    self._memory.known[key] = verdict
                    self._memory.known.move_to_end(key)
            while len(self._memory.known) > self._max_entries:
                self._memory.known.popitem(last=False)
        return free

    def _given(self, batch: _Batch) -> list[Verdict]:
        """Return the verdicts; of several for one pair, the first has cost its tokens."""
        verdicts: list[Verdict] = []
        asked = 0
        for key in batch.keys:
            verdict = batch.found[key]
            if key in batch.paid:
                batch.paid.discard(key)
                asked += 1
            else:
                verdict = _free(verdict)
            verdicts.append(verdict)
        with self._memory.lock:
            self._memory.misses += asked
            self._memory.hits += len(verdicts) - asked
        return verdicts

    def _ordered(self, pair: Pair) -> Pair:
        if self._order_free and _side(pair, left=True) > _side(pair, left=False):
            return replace(pair, left=pair.right, right=pair.left)
        return pair


def _free(verdict: Verdict) -> Verdict:
    return verdict if verdict.usage is NO_USAGE else replace(verdict, usage=NO_USAGE)


def _side(pair: Pair, *, left: bool) -> tuple[str, bool]:
    prefix = pair.left if left else pair.right
    return prefix.text, prefix.finished


def _key(pair: Pair, reader: int) -> _Key:
    digest = blake2b(digest_size=24, salt=reader.to_bytes(blake2b.SALT_SIZE, "big"))
    for text in (
        pair.question,
        *(f"{prefix.finished:d}{prefix.text}" for prefix in (pair.left, pair.right)),
    ):
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()
