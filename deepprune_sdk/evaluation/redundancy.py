"""How redundant recorded traces are: the preliminary study of the DeepPrune paper, on one's own.

The paper finds that over 80% of the pairs of traces for one problem end in the same answer
(arXiv 2510.08483, section 2). What is wasted, and how early that could be known, depends on the
model and the problems: this measures both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log2
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, computed_field

from deepprune_sdk.answers.classes import AnswerClasses
from deepprune_sdk.evaluation.earliness import Early, early, first_mention, first_statement
from deepprune_sdk.evaluation.extractor import LEARNED_FROM, extractor_of
from deepprune_sdk.evaluation.statistics import Interval, bootstrap, mean
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.recording.reader import RecordedTrace

__all__ = [
    "Early",
    "ModelRedundancy",
    "ProblemRedundancy",
    "RedundancyReport",
    "study_redundancy",
]


HELD = 64
"""Problems whose first traces are held at once, so that a recording of any size can be read."""

_Key = tuple[str, str]


class _Frozen(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, use_attribute_docstrings=True)


class _Measures(_Frozen):
    traces: int
    """Complete traces."""
    closed: int
    """Traces that were closed or failed, and are not counted further."""
    answered: int
    """Complete traces with a final answer: the others are in no pair."""
    same: int
    """Pairs of answered traces of one problem whose answers are equivalent."""
    different: int
    """Pairs whose answers are not."""
    tokens: float | None
    """Mean length of a complete trace."""
    mentioned: Early | None
    """Where the text of a trace's final answer first appears, at whatever occasion."""
    stated: Early | None
    """Where a trace has first stated an answer explicitly and completely; None where the extractor
    reads finished texts only."""

    @computed_field
    @property
    def same_share(self) -> float | None:
        """Share of the pairs with the same answer; None without pairs."""
        pairs = self.same + self.different
        return self.same / pairs if pairs else None


class ProblemRedundancy(_Measures):
    """One problem and model."""

    model: str
    problem: str
    gold: str | None
    answers: dict[str, int]
    """Answered traces by answer, the most frequent first."""
    entropy: float | None
    """Of the answers, in bits: 0 where all agree."""
    correct: float | None
    """Share of the answered traces whose answer is the reference answer; None without one."""

    @computed_field
    @property
    def leading_share(self) -> float | None:
        """Share of the most frequent answer; None without answers."""
        return max(self.answers.values()) / self.answered if self.answered else None


class ModelRedundancy(_Measures):
    """All problems of one model. Means are over problems, each with the same weight."""

    model: str
    problems: int
    paired: int
    """Problems with at least one pair, which the means of shares are over."""
    same_share_mean: float | None
    same_share_ci: Interval | None
    """95% interval of that mean, resampling problems; None for fewer than two."""
    distinct_answers: float | None
    """Mean number of different answers."""
    entropy: float | None
    """Mean entropy, in bits."""
    leading_share: float | None
    """Mean share of the most frequent answer."""
    correct: float | None
    """Mean over the problems with a reference answer."""


class RedundancyReport(_Frozen):
    """The study, by model and by problem, in the order of the recording."""

    models: list[ModelRedundancy] = Field(default_factory=list[ModelRedundancy])
    problems: list[ProblemRedundancy] = Field(default_factory=list[ProblemRedundancy])


def study_redundancy(
    traces: Iterable[RecordedTrace], *, answers: AnswerExtractor | None = None, seed: int = 0
) -> RedundancyReport:
    """Measure how redundant traces are.

    The texts in memory at a time are those from which it is learned how answers are stated: at most
    16 of each of 64 problems.

    Args:
        traces: In any order; `read_traces` gives them one by one.
        answers: Reads and compares final answers; by default the kind that the recording names,
            else `auto`. A recorded final answer is taken as it is.
        seed: Of the bootstrap.
    """
    tallies: dict[_Key, _Tally | None] = {}  # in the order of the recording
    held: dict[_Key, list[RecordedTrace]] = {}

    def begin(key: _Key) -> None:
        first = held.pop(key)
        tallies[key] = tally = _Tally(first[0], extractor_of(first, answers))
        for trace in first:
            tally.add(trace)

    for trace in traces:
        key = trace.model, trace.problem
        tally = tallies.setdefault(key, None)
        if tally is not None:
            tally.add(trace)
            continue
        held.setdefault(key, []).append(trace)
        if len(held[key]) == LEARNED_FROM:
            begin(key)
        elif len(held) > HELD:
            begin(next(iter(held)))
    for key in list(held):
        begin(key)
    found = {key: tally for key, tally in tallies.items() if tally is not None}
    by_model: dict[str, list[_Tally]] = {}
    for (model, _), tally in found.items():
        by_model.setdefault(model, []).append(tally)
    return RedundancyReport(
        models=[_of_model(model, group, seed) for model, group in by_model.items()],
        problems=[tally.report() for tally in found.values()],
    )


class _Tally:
    """What is kept of the traces of one problem."""

    def __init__(self, first: RecordedTrace, extractor: AnswerExtractor) -> None:
        self._first = first
        self._extractor = extractor
        self._classes = AnswerClasses(extractor.equivalent)
        self.counts: Counter[str] = Counter()
        self.closed = 0
        self.lengths: list[int] = []
        self.mentioned: list[float] = []
        self.stated: list[float] = []

    def add(self, trace: RecordedTrace) -> None:
        if not trace.complete:
            self.closed += 1
            return
        self.lengths.append(trace.tokens)
        answer = trace.final_answer(self._extractor)
        if answer is None:
            return
        self.counts[self._classes.name(answer)] += 1
        self._note(self.mentioned, first_mention(trace, answer), trace)
        self._note(self.stated, first_statement(trace, self._extractor), trace)

    @staticmethod
    def _note(shares: list[float], tokens: int | None, trace: RecordedTrace) -> None:
        if tokens is not None:
            shares.append(tokens / trace.tokens)

    def pairs(self) -> tuple[int, int]:
        """Pairs with the same answer, and with different ones."""
        answered = self.counts.total()
        same = sum(count * (count - 1) // 2 for count in self.counts.values())
        return same, answered * (answered - 1) // 2 - same

    def report(self) -> ProblemRedundancy:
        same, different = self.pairs()
        answered, gold = self.counts.total(), self._first.gold
        correct = None
        if gold is not None and answered:
            right = [
                count
                for answer, count in self.counts.items()
                if self._extractor.equivalent(answer, gold)
            ]
            correct = sum(right) / answered
        return ProblemRedundancy(
            model=self._first.model,
            problem=self._first.problem,
            gold=gold,
            traces=len(self.lengths),
            closed=self.closed,
            answered=answered,
            same=same,
            different=different,
            tokens=mean(self.lengths),
            mentioned=early(self.mentioned),
            stated=early(self.stated),
            answers=dict(self.counts.most_common()),
            entropy=_entropy(self.counts),
            correct=correct,
        )


def _of_model(model: str, group: Sequence[_Tally], seed: int) -> ModelRedundancy:
    reports = [tally.report() for tally in group]
    shares = [report.same_share for report in reports if report.same_share is not None]
    answered = [report for report in reports if report.answered]
    return ModelRedundancy(
        model=model,
        problems=len(reports),
        traces=sum(report.traces for report in reports),
        closed=sum(report.closed for report in reports),
        answered=sum(report.answered for report in reports),
        same=sum(report.same for report in reports),
        different=sum(report.different for report in reports),
        tokens=mean([float(length) for tally in group for length in tally.lengths]),
        mentioned=early([share for tally in group for share in tally.mentioned]),
        stated=early([share for tally in group for share in tally.stated]),
        paired=len(shares),
        same_share_mean=mean(shares),
        same_share_ci=bootstrap(shares, seed),
        distinct_answers=mean([float(len(report.answers)) for report in answered]),
        entropy=mean([report.entropy for report in reports if report.entropy is not None]),
        leading_share=mean([r.leading_share for r in answered if r.leading_share is not None]),
        correct=mean([report.correct for report in reports if report.correct is not None]),
    )


def _entropy(counts: Counter[str]) -> float | None:
    total = counts.total()
    if not total:
        return None
    return sum(count / total * log2(total / count) for count in counts.values())
