"""Asking a judge within its limits: what fails or is late leaves the pair unscored."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import anyio

from deepprune_sdk.data.figures import believed, one_line, shown
from deepprune_sdk.data.signals import Judged, Unscored, key_of
from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import NO_USAGE, Usage, Verdict
from deepprune_sdk.judges.verdicts import MalformedVerdictsError, checked, name_of
from deepprune_sdk.loops.foreign import is_foreign
from deepprune_sdk.policies.limits import JudgingLimits
from deepprune_sdk.protocols import Judge, ScoresInline
from deepprune_sdk.results.reports import JudgeReport

__all__ = ["Judging"]

logger: logging.Logger = logging.getLogger(__name__)

BATCH = 64
"""Pairs that a judge which only computes is asked at a time: a few milliseconds of its time."""

LONGEST = 400
"""Characters of a line in the log."""


class Judging:
    """One run's dealings with its judge."""

    def __init__(self, judge: Judge, limits: JudgingLimits) -> None:
        """Begin with nothing asked."""
        self._judge = judge
        self._name = name_of(judge)
        self._limits = limits
        self._counts: dict[Unscored, int] = {}
        self._asked = 0
        self._scored = 0
        self._usage = NO_USAGE
        self._faults: dict[Unscored, str] = {}

    @property
    def report(self) -> JudgeReport:
        """What became of the pairs so far."""
        return JudgeReport(
            name=self._name,
            asked=self._asked,
            scored=self._scored,
            prompt_tokens=self._usage.prompt,
            generated_tokens=self._usage.generated,
            fault=next(iter(self._faults.values()), ""),
            **self._counts,
        )

    def batches(self, pairs: Sequence[Pair]) -> Sequence[Sequence[Pair]]:
        """Cut pairs so that the first placements need not wait for the last verdicts.

        Only for a judge that computes: one that is asked over a network is asked at once.
        """
        if not isinstance(self._judge, ScoresInline):
            return [pairs]
        return [pairs[begin : begin + BATCH] for begin in range(0, len(pairs), BATCH)]

    async def ask(self, pairs: Sequence[Pair], *, inline: bool = False) -> list[Judged]:
        """Judge `pairs`; raises only when it is cancelled.

        Args:
            pairs: What to judge.
            inline: Nothing else waits for this thread: a judge that only computes is called in it.
        """
        affordable = self._affordable(len(pairs))
        judged = await self._compare(pairs[:affordable], inline) if affordable else []
        judged += self._unscored(pairs[affordable:], "budget")
        return judged

    def _affordable(self, wanted: int) -> int:
        spent = self._usage.prompt + self._usage.generated
        if self._limits.max_tokens is not None and spent >= self._limits.max_tokens:
            return 0
        if self._limits.max_pairs is None:
            return wanted
        return max(0, min(wanted, self._limits.max_pairs - self._asked))

    async def _compare(self, pairs: Sequence[Pair], inline: bool) -> list[Judged]:
        self._asked += len(pairs)
        try:
            if inline and isinstance(self._judge, ScoresInline):
                told = self._judge.score(pairs)
            else:
                with anyio.fail_after(self._limits.timeout):
                    told = await self._judge.compare(pairs)
            verdicts = checked(told, len(pairs))
        except TimeoutError:
            late = f"gave no verdict within {self._limits.timeout:g} seconds"
            self._say("late", late, late)
            return self._unscored(pairs, "late")
        except MalformedVerdictsError as error:
            self._say("malformed", str(error), "gave malformed verdicts")
            return self._unscored(pairs, "malformed")
        except BaseException as error:  # the user's code: whatever it raises keeps the trace
            if not isinstance(error, Exception) and not is_foreign(error):
                raise
            what = str(error).removeprefix(f"judge {self._name}: ")
            name = type(error).__name__
            self._say("failed", f"failed: {what or name}", f"failed with {name}")
            return self._unscored(pairs, "failed")
        return [self._judged(pair, verdict) for pair, verdict in zip(pairs, verdicts, strict=True)]

    def _judged(self, pair: Pair, verdict: Verdict) -> Judged:
        if verdict.usage is not NO_USAGE:
            usage = believed(verdict.usage) or Usage(estimated=True)
            self._usage += usage
            verdict = replace(verdict, usage=usage)
        if verdict.probability is None:
            return self._unscored([pair], "unscored", verdict.usage)[0]
        if not 0.0 <= verdict.probability <= 1.0:
            self._say(
                "malformed",
                f"gave {shown(verdict.probability)}, which is not a probability",
                "gave what is not a probability",
            )
            return self._unscored([pair], "malformed", verdict.usage)[0]
        self._scored += 1
        if type(verdict.probability) is not float:  # a fraction, or a number of numpy's
            verdict = replace(verdict, probability=float(verdict.probability))
        return Judged(pair=key_of(pair), verdict=verdict)

    def _say(self, problem: Unscored, what: str, kind: str) -> None:
        """Say it once per run; the report counts how often."""
        if problem not in self._faults:
            self._faults[problem] = one_line(what, LONGEST)
            # Only the kind: what a judge raises or returns may quote the prompt and the traces.
            logger.warning("judge %s: %s; the traces are kept", self._name, kind)

    def _unscored(
        self, pairs: Sequence[Pair], problem: Unscored, usage: Usage = NO_USAGE
    ) -> list[Judged]:
        self._counts[problem] = self._counts.get(problem, 0) + len(pairs)
        return [
            Judged(
                pair=key_of(pair), verdict=Verdict(probability=None, usage=usage), problem=problem
            )
            for pair in pairs
        ]
