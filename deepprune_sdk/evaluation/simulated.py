"""A judge of any quality: what pruning and voting would be worth with a better, or worse, one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from math import log, sqrt
from statistics import NormalDist

from deepprune_sdk.answers.classes import AnswerClasses
from deepprune_sdk.data.trace import Pair, TracePrefix
from deepprune_sdk.data.types import Verdict
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.evaluation.extractor import extractor_of
from deepprune_sdk.judges.weights import probability
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.recording.reader import RecordedTrace

__all__ = ["SimulatedJudge"]


class SimulatedJudge:
    """Looks up how recorded traces end, and says so as well as a judge of a given AUROC would.

    Its score of a pair is d * same + noise, with noise from the standard normal distribution, drawn
    from the pair's texts, and d = sqrt(2) * probit(AUROC): pairs that end in the same answer then
    rank above others with that probability (the binormal model). The verdict is the calibrated
    probability of that score, by Bayes' rule from the share of equal pairs in the recording.
    """

    costs_tokens = False

    def __init__(
        self,
        problems: Mapping[str, Sequence[RecordedTrace]],
        auroc: float,
        *,
        seed: int = 0,
        answers: AnswerExtractor | None = None,
    ) -> None:
        """Read the endings.

        Args:
            problems: Complete traces by problem.
            auroc: Quality within a problem, from 0.5 for chance to 1.0 for always right.
            seed: Of the noise.
            answers: Reads and compares final answers; by default as the recording says
                (`extractor_of`). A recorded one is taken as it is.

        Raises:
            ConfigurationError: `auroc` is not in [0.5, 1].
        """
        if not 0.5 <= auroc <= 1.0:
            raise ConfigurationError(f"auroc={auroc}: give 0.5 (chance) to 1.0 (always right)")
        self.name: str = f"simulated (AUROC {auroc:g})"
        self._seed = seed
        self._distance = sqrt(2.0) * NormalDist().inv_cdf(auroc) if auroc < 1.0 else None
        self._endings: dict[str, list[tuple[str, str | None]]] = {}
        self._found: dict[tuple[str, str], str | None] = {}
        same = pairs = 0
        for traces in problems.values():
            extractor = extractor_of(traces, answers)
            ends = [ending for _, ending in self._read(traces, extractor)]
            pairs += len(ends) * (len(ends) - 1)
            same += sum(n * (n - 1) for n in map(ends.count, set(ends) - {None}))
        rate = (same + 1.0) / (pairs + 2.0)
        self._prior = log(rate / (1.0 - rate))

    def _read(
        self, traces: Iterable[RecordedTrace], answers: AnswerExtractor
    ) -> list[tuple[str, str | None]]:
        classes = AnswerClasses(answers.equivalent)
        read: list[tuple[str, str | None]] = []
        for trace in traces:
            answer = trace.final_answer(answers)
            read.append((trace.text, None if answer is None else classes.name(answer)))
            self._endings.setdefault(trace.question, []).append(read[-1])
        return read

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch.

        Raises:
            LookupError: A prefix is of no recorded trace.
        """
        return self.score(pairs)

    def score(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """The same, at once.

        Raises:
            LookupError: A prefix is of no recorded trace.
        """
        return [Verdict(probability=self._probability(pair)) for pair in pairs]

    def _probability(self, pair: Pair) -> float:
        left, right = (self._ending(pair.question, side) for side in (pair.left, pair.right))
        same = left is not None and left == right
        if self._distance is None:
            return 1.0 if same else 0.0
        key = "\0".join((str(self._seed), *sorted((pair.left.text, pair.right.text))))
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=6).digest()
        drawn = (int.from_bytes(digest) + 0.5) / 2**48
        score = self._distance * same + NormalDist().inv_cdf(drawn)
        return probability(self._prior + self._distance * score - self._distance**2 / 2.0)

    def _ending(self, question: str, prefix: TracePrefix) -> str | None:
        key = question, prefix.text
        if key not in self._found:
            endings = self._endings.get(question, ())
            found = [answer for text, answer in endings if text.startswith(prefix.text)]
            if not found:
                raise LookupError(f"no recorded trace begins like trace {prefix.trace}")
            self._found[key] = found[0]
        return self._found[key]
