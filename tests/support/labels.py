"""An extractor of a user's own: answers are words after `LABEL: `, and no box is ever read."""

import re
from collections.abc import Sequence

from deepprune_sdk import Answers, FunctionAnswers
from deepprune_sdk.answers import ExtractorPowers
from deepprune_sdk.data import Pair, Verdict
from deepprune_sdk.protocols import AnswerExtractor

LABEL_PROBE = "\nLABEL: "


def finished(text: str) -> str | None:
    """The word after the last label."""
    found = re.findall(r"LABEL: (\w+)", text)
    return found[-1] if found else None


def stated(text: str) -> str | None:
    """The same in a text that may go on: the word must have ended."""
    found = re.findall(r"LABEL: (\w+)(?=\W)", text)
    return found[-1] if found else None


FINISHED_ONLY = FunctionAnswers(finished)
UNASKED = FunctionAnswers(finished, incomplete=stated)
LABELS = FunctionAnswers(finished, incomplete=stated, probe=LABEL_PROBE)


class Bare:
    """Has the two methods that every extractor has, and nothing else."""

    def extract(self, text: str, *, complete: bool) -> str | None:
        return finished(text) if complete else stated(text)

    def equivalent(self, left: str, right: str) -> bool:
        return left.lower() == right.lower()


class ReadingJudge:
    """A judge that compares the answers which two unfinished texts state.

    Attributes:
        read_by: The extractors it was asked to read by, shared with the judges that do.
    """

    name = "reading"
    costs_tokens = False

    def __init__(
        self, answers: AnswerExtractor | None = None, read_by: list[AnswerExtractor] | None = None
    ) -> None:
        self.answers: AnswerExtractor = answers or Answers()
        self.read_by: list[AnswerExtractor] = [] if read_by is None else read_by

    def with_answers(self, answers: AnswerExtractor) -> "ReadingJudge":
        ExtractorPowers.of(answers).require_incomplete(self.name)
        self.read_by.append(answers)
        return ReadingJudge(answers, self.read_by)

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return [self.verdict(pair) for pair in pairs]

    def verdict(self, pair: Pair) -> Verdict:
        """Whether both sides state the same answer."""
        left, right = (
            self.answers.extract(side.text, complete=False) for side in (pair.left, pair.right)
        )
        if left is None or right is None:
            return Verdict(probability=None)
        return Verdict(probability=float(self.answers.equivalent(left, right)))
