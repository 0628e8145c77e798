"""A judge that asks the generating model itself for the answer it has come to."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Self

import anyio

from deepprune_adapters.judges.prompts import valid
from deepprune_sdk import Answers, BackendError, ConfigurationError, JudgeError, Message, Sampling
from deepprune_sdk.answers import ExtractorPowers
from deepprune_sdk.data import Pair, TracePrefix, TraceRequest, Usage, Verdict
from deepprune_sdk.data.types import NO_USAGE
from deepprune_sdk.loops import Flag, Gate
from deepprune_sdk.protocols import AnswerExtractor, Backend, ContinuesPrefix

__all__ = ["ProbeJudge"]

logger = logging.getLogger(__name__)

KEPT = 8192
"""Probed answers kept, the least recently used going first."""

PROBE_TOKENS = 12
"""Most tokens of a probed answer."""

SAME, DIFFERENT = 0.65, 0.3
"""Probability that two traces end in the same answer whose probes are the same, or differ.

Recorded probes of a 0.5B model at 128 tokens (4 problems, 7,444 pairs) are the same 3.2 times as
often where the final answers are the same, and different 0.72 times as often; these are the
probabilities at the share of equal pairs that recordings of two small models have, 0.37. At 64
tokens probes said nothing yet.
"""


_Key = tuple[str, str, bool, str]
"""Question, text, whether it is finished, probe."""


@dataclass(slots=True)
class _Probed:
    """A prefix that is being asked, or has been."""

    done: Flag = field(default_factory=Flag)
    said: str = ""
    error: BackendError | None = None
    usage: Usage = NO_USAGE
    """Tokens that no verdict has counted yet."""


class ProbeJudge:
    r"""Compares the answers that the generating model gives when both prefixes are cut short.

    Each prefix is continued with the probe of the extractor, for `Answers` `So the final answer is
    \boxed{`, for at most a dozen tokens, once, however many pairs it is in (Parallel-Probe, arXiv
    2602.03845, uses the same probe as a policy). A trace that has finished is read, not asked. A
    pair without both answers stays unscored.

    Early probes are guesses: a model that has not come to its answer yet names some number.

    Attributes:
        name: Name for reports.
    """

    costs_tokens = True

    def __init__(
        self,
        backend: Backend,
        *,
        answers: AnswerExtractor | None = None,
        system: str | None = None,
        p_same: float = SAME,
        p_different: float = DIFFERENT,
        concurrency: int = 4,
        name: str = "probe",
    ) -> None:
        """Ask `backend`, which should be the one that generates the traces.

        Args:
            backend: It must continue a prefix. Enter and leave it yourself.
            answers: Reads and compares answers; None takes the extractor of the run, and `Answers`
                outside of any.
            system: The system prompt of the traces: a pair knows its question only.
            p_same: Probability of a pair whose probed answers are the same.
            p_different: Probability of one whose answers differ.
            concurrency: Most probes at once.
            name: Name for reports.

        Raises:
            ConfigurationError: The backend does not continue a prefix, `answers` cannot be asked in
                a probe, or a number cannot work.
        """
        if not isinstance(backend, ContinuesPrefix) or not backend.continues_prefix:
            raise ConfigurationError(
                f"ProbeJudge({backend!r}): this backend cannot continue a text; set its "
                "continue_prefix, or choose another judge"
            )
        for option, p in (("p_same", p_same), ("p_different", p_different)):
            if not 0.0 <= p <= 1.0:
                raise ConfigurationError(f"ProbeJudge({option}={p}): give a probability")
        if concurrency < 1:
            raise ConfigurationError(f"ProbeJudge(concurrency={concurrency}): give 1 or more")
        self.name = name
        self._backend = backend
        self._has_its_own = answers is not None
        self._read_by(Answers() if answers is None else answers)
        self._system = system
        self._probabilities = {True: p_same, False: p_different}
        self._limit = Gate(concurrency)
        self._known: OrderedDict[_Key, _Probed] = OrderedDict()
        self._lock = Lock()  # threads may share the judge, and copies of it what is known

    def with_answers(self, answers: AnswerExtractor) -> Self:
        """Return this judge as it reads with `answers`; itself where it was given its own.

        Both probe within the same limit, and neither asks again what the other knows.

        Raises:
            ConfigurationError: `answers` cannot be asked in a probe.
        """
        if self._has_its_own:
            return self
        other = copy(self)
        other._read_by(answers)
        return other

    def _read_by(self, answers: AnswerExtractor) -> None:
        self._probe = ExtractorPowers.of(answers).require_probe(type(self).__name__)
        self._equivalent = answers.equivalent
        self._read = lru_cache(KEPT)(answers.extract)

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch, probing each of its prefixes once.

        Raises:
            JudgeError: Every probe failed.
        """
        wanted = {
            self._key(pair.question, prefix): (pair.question, prefix)
            for pair in pairs
            for prefix in (pair.left, pair.right)
        }
        probed: dict[_Key, _Probed] = {}

        async def one(key: _Key, question: str, prefix: TracePrefix) -> None:
            async with self._limit.hold():
                probed[key] = await self._probed(key, question, prefix)

        async with anyio.create_task_group() as group:
            for key, (question, prefix) in wanted.items():
                group.start_soon(one, key, question, prefix)
        errors = [result.error for result in probed.values() if result.error is not None]
        if errors and len(errors) == len(probed):
            raise JudgeError(f"judge {self.name}: {errors[0]}") from errors[0]
        if errors:
            kind = type(errors[0]).__name__  # its text may quote the prompt
            logger.warning("judge %s: %d probes failed: %s", self.name, len(errors), kind)
        self._forget()
        return [self._verdict(pair, probed) for pair in pairs]

    def _verdict(self, pair: Pair, probed: dict[_Key, _Probed]) -> Verdict:
        usage = NO_USAGE
        answers: list[str | None] = []
        for prefix in (pair.left, pair.right):
            side = probed[self._key(pair.question, prefix)]
            usage += side.usage
            side.usage = NO_USAGE
            answers.append(self._answer(prefix, side))
        left, right = answers
        if left is None or right is None:
            return Verdict(probability=None, usage=usage)
        return Verdict(probability=self._probabilities[self._equivalent(left, right)], usage=usage)

    def _answer(self, prefix: TracePrefix, probed: _Probed) -> str | None:
        if probed.error is not None:
            return None
        if prefix.finished:
            return self._read(prefix.text, complete=True)
        return self._read(self._probe + probed.said, complete=False)

    # --- probing ----------------------------------------------------------------------------------

    async def _probed(self, key: _Key, question: str, prefix: TracePrefix) -> _Probed:
        """Probe a prefix, or wait for the one that is being probed."""
        while True:
            with self._lock:
                known = self._known.get(key)
                if known is None:
                    mine = self._known[key] = _Probed()
                    break
                if known.done.is_set():
                    self._known.move_to_end(key)
                    return known
            await known.done.wait()
        try:
            await self._ask(mine, question, prefix)
        except BaseException as error:
            with self._lock:
                self._known.pop(key, None)
            if not isinstance(error, BackendError):
                raise
            mine.error = error
        finally:
            mine.done.set()
        return mine

    async def _ask(self, mine: _Probed, question: str, prefix: TracePrefix) -> None:
        if prefix.finished:
            return
        messages = (Message(role="user", content=question),)
        if self._system is not None:
            messages = (Message(role="system", content=self._system), *messages)
        request = TraceRequest(
            trace=prefix.trace,
            messages=messages,
            sampling=Sampling(temperature=0.0, max_tokens=PROBE_TOKENS),
            prefix=valid(prefix.text) + self._probe,
        )
        said: list[str] = []
        usage: Usage | None = None
        async with self._backend.stream(request) as chunks:
            async for chunk in chunks:
                said += chunk.pieces
                usage = chunk.usage or usage
        mine.usage = usage or Usage(prompt=prefix.tokens, generated=len(said), estimated=True)
        mine.said = "".join(said)

    def _forget(self) -> None:
        with self._lock:
            for key in list(self._known)[: max(0, len(self._known) - KEPT)]:
                if self._known[key].done.is_set():
                    del self._known[key]

    def _key(self, question: str, prefix: TracePrefix) -> _Key:
        return question, prefix.text, prefix.finished, self._probe
