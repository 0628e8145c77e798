"""How the answers of recorded traces are read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from deepprune_sdk.answers.auto import ENOUGH
from deepprune_sdk.answers.by_name import ReadsAnswers, as_extractor
from deepprune_sdk.answers.learning import learner
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.protocols import AnswerExtractor
from deepprune_sdk.recording.format import RecordedTrace

__all__ = ["LEARNED_FROM", "extractor_of"]

LEARNED_FROM = ENOUGH
"""Traces of a problem from which an extractor that decides by itself learns at most."""


def extractor_of(
    traces: Sequence[RecordedTrace], answers: ReadsAnswers | None = None
) -> AnswerExtractor:
    """Return the extractor for one problem's traces, the same for all that evaluates them.

    Args:
        traces: Of one problem; the first ones decide for an extractor that decides per run.
        answers: Reads answers, as for `ParallelReasoner`; None takes the kind that the recording
            names, `auto` without one.

    Raises:
        ConfigurationError: The recording names a kind that is not known, or several; or `answers`
            is not one.
    """
    if answers is None:
        kinds = {trace.answers for trace in traces}
        if len(kinds) > 1:
            named = " and ".join(sorted(kind or "auto" for kind in kinds))
            raise ConfigurationError(
                f"problem {traces[0].problem!r} was recorded with answers={named}: say which to "
                "take by answers= (--answers)"
            )
        answers = next(iter(kinds), None)
    extractor = as_extractor(answers)
    learned = learner(extractor, traces[0].question if traces else "")
    if learned is None:
        return extractor
    ended = (trace.answer_text for trace in traces if trace.finish == "stop")
    for text in islice(ended, LEARNED_FROM):
        learned.learn(text)
    return learned
