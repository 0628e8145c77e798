"""When a vote is too divided to be given: what each threshold of agreement would have done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from deepprune_sdk.answers.classes import AnswerClasses
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.evaluation.draws import draw, drawable
from deepprune_sdk.evaluation.extractor import extractor_of
from deepprune_sdk.evaluation.statistics import Interval, bootstrap, mean
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.recording.format import RecordedTrace

__all__ = ["Abstention", "AbstentionPoint", "study_abstention"]

THRESHOLDS: tuple[float, ...] = tuple(step / 20 for step in range(21))


class _Report(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, use_attribute_docstrings=True)


class AbstentionPoint(_Report):
    """One threshold: means over problems of means over draws."""

    abstain_below: float
    answered: float
    """Share of draws that get an answer."""
    right: float | None
    """Share of these whose answer is right; None without any."""
    right_ci: Interval | None


class Abstention(_Report):
    """What `abstain_below` would have done on recorded traces."""

    n: int
    """Traces per vote."""
    problems: int
    judged_by: str
    """What right means: the reference answer or, where there is none, the vote of all traces."""
    points: list[AbstentionPoint] = Field(default_factory=list[AbstentionPoint])

    def least(self, target: float) -> AbstentionPoint | None:
        """Return the lowest threshold from which on answers are right in the share `target`.

        From which on: a threshold that reaches it by luck, below one that does not, is none.
        """
        found: AbstentionPoint | None = None
        for point in reversed(self.points):
            if point.right is not None and point.right < target:
                break
            if point.right is not None:
                found = point
        return found


def study_abstention(
    problems: Mapping[str, Sequence[RecordedTrace]],
    *,
    n: int,
    repeats: int,
    seed: int,
    answers: AnswerExtractor | None = None,
    drop_small: bool = False,
) -> Abstention:
    """Vote over draws of recorded traces, and see at which agreement the vote was right.

    Args:
        problems: Complete traces by problem.
        n: Traces a vote.
        repeats: Draws a problem.
        seed: Of the draws and of the bootstrap.
        answers: Reads and compares answers; by default as the recording says (`extractor_of`).
        drop_small: Leave out problems with fewer than n traces.

    Raises:
        RecordingError: A problem has fewer than n traces, or one that is not complete.
        ConfigurationError: There is no problem.
    """
    if not problems:
        raise ConfigurationError("there is no problem: give a recording")
    problems = drawable(problems, n, drop_small=drop_small)
    votes = {
        problem: _votes(traces, n=n, repeats=repeats, seed=seed, answers=answers)
        for problem, traces in problems.items()
    }
    known = [traces[0].gold is not None for traces in problems.values()]
    return Abstention(
        n=n,
        problems=len(problems),
        judged_by="the reference answer"
        if all(known)
        else "the vote of all recorded traces"
        if not any(known)
        else "the reference answer, or the vote of all recorded traces where there is none",
        points=[_point(votes, threshold, seed) for threshold in THRESHOLDS],
    )


_Vote = tuple[float, bool]
"""The agreement of a vote that has an answer, and whether that is right."""


def _votes(
    traces: Sequence[RecordedTrace],
    *,
    n: int,
    repeats: int,
    seed: int,
    answers: AnswerExtractor | None,
) -> list[_Vote | None]:
    extractor = extractor_of(traces, answers)
    classes = AnswerClasses(extractor.equivalent)
    named: dict[int, str] = {}
    for trace in traces:
        answer = trace.final_answer(extractor)
        if answer is not None:
            named[trace.trace] = classes.name(answer)
    gold = traces[0].gold
    everybody = Counter(named.values())
    right = everybody.most_common(1)[0][0] if everybody else None
    votes: list[_Vote | None] = []
    for repeat in range(repeats):
        drawn = draw(traces, n, seed * 1_000_003 + repeat)
        counts = Counter(named[trace.trace] for trace in drawn if trace.trace in named)
        if not counts:
            votes.append(None)
            continue
        leader, ballots = counts.most_common(1)[0]
        is_right = leader == right if gold is None else extractor.equivalent(leader, gold)
        votes.append((ballots / counts.total(), is_right))
    return votes


def _point(
    votes: Mapping[str, Sequence[_Vote | None]], threshold: float, seed: int
) -> AbstentionPoint:
    answered: list[float] = []
    right: list[float] = []
    for drawn in votes.values():
        given = [vote for vote in drawn if vote is not None and vote[0] >= threshold]
        answered.append(len(given) / len(drawn))
        if given:
            right.append(sum(is_right for _, is_right in given) / len(given))
    return AbstentionPoint(
        abstain_below=threshold,
        answered=mean(answered) or 0.0,
        right=mean(right),
        right_ci=bootstrap(right, seed),
    )
