"""Answers that are one of a few labels: the letters of multiple choice, or words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, Self

from deepprune_sdk.answers.boxed import OPENING
from deepprune_sdk.answers.label_phrases import TAKEN_BACK
from deepprune_sdk.answers.labels import Labels, first_sentence, label_form, last_sentence
from deepprune_sdk.answers.last_words import without_afterword
from deepprune_sdk.answers.plain import plain
from deepprune_sdk.answers.statements import REACH, last_statement
from deepprune_sdk.answers.thinking import without_thinking
from deepprune_sdk.data.arguments import as_texts
from deepprune_sdk.errors import ConfigurationError

__all__ = ["ChoiceAnswers"]

LETTERS: Final = "ABCDEFGHIJ"


@dataclass(frozen=True, slots=True)
class ChoiceAnswers:
    r"""One of a few labels: the letters of multiple choice, or words such as those of a classifier.

    ```python
    ChoiceAnswers()                                      # A to J
    ChoiceAnswers("ABCD")
    ChoiceAnswers(("positive", "negative", "neutral"))
    ```

    The answer is always a label as it was given here, however a reply writes it: case, markup and
    punctuation do not matter, `Not_Spam` is `not spam`, and a letter may come with its text:
    `(C) 12 m`, `\boxed{E: a risk score}`, "So we choose option C, which is 12."

    A label counts where a reply gives it as its answer: boxed, in a statement ("the answer is C"),
    in a line such as `Sentiment: positive`, as the last line or what the reply opens with, or where
    the last or the first sentence asserts it. One that merely occurs in the text does not, "not
    positive" is not positive, and "A, B and D" is not A.

    Attributes:
        labels: The labels, at least two; a text is taken for one letter per label.
    """

    labels: Sequence[str] = LETTERS

    def __post_init__(self) -> None:
        """Take the spaces off the labels.

        Raises:
            ConfigurationError: There are fewer than two, one is empty, or two are the same but for
                case, markup or punctuation.
        """
        # A single text is one letter per label.
        given = tuple(self.labels) if isinstance(self.labels, str) else self.labels
        labels = tuple(label.strip() for label in as_texts("ChoiceAnswers.labels", given))
        _check(labels, f"ChoiceAnswers({self.labels!r})")
        object.__setattr__(self, "labels", labels)

    @classmethod
    def by_name(cls, argument: str) -> Self:
        """Make it of what follows `choice:`, as `ABCD` or `positive|negative|neutral`.

        Raises:
            ConfigurationError: The labels cannot work.
        """
        if not argument:
            return cls()
        if "|" not in argument and not _is_alphabet(argument):
            raise ConfigurationError(
                f"choice:{argument} has one label: join two or more by |, as in choice:yes|no, or "
                "give letters, as in choice:ABCD"
            )
        return cls(argument.split("|") if "|" in argument else argument)

    @property
    def reads_incomplete(self) -> bool:
        """True: a stated label is told from one that is mentioned."""
        return True

    @property
    def probe(self) -> str:
        """What follows the text of a trace that is asked for its answer so far."""
        return f"\n\nSo the final answer is {OPENING}"

    @property
    def instruction(self) -> str:
        """What the prompt says about the answer's form."""
        if _compiled(self.labels).letters:
            named = "the letter of the right option"
        else:
            named = f"one of {', '.join(self.labels)}"
        return f"Put your final answer, {named}, within \\boxed{{}}."

    @property
    def spec(self) -> str | None:
        """How the command line and recordings spell it; None where a label has a `|` in it."""
        joined = "".join(self.labels)
        if joined == LETTERS:
            return "choice"
        if _is_alphabet(joined) and len(joined) == len(self.labels):
            return f"choice:{joined}"
        return None if "|" in joined else f"choice:{'|'.join(self.labels)}"

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the label that a reply gives as its answer.

        Args:
            text: The answer part of a trace.
            complete: Whether the model ended the text itself. When False, only a statement counts
                that is explicit and has ended.

        Returns:
            A label as it was given, or None.
        """
        text = without_thinking(text, complete=complete)
        labels = _compiled(self.labels)
        return next(_readings(text, labels, complete=complete), None)

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both are the same label; other texts are compared as `TextAnswers` does."""
        return self.normalize(left) == self.normalize(right)

    def normalize(self, answer: str) -> str:
        """Return the label that an answer is, or its plain form where it is none of them."""
        label = _compiled(self.labels).named(answer)
        return plain(answer) if label is None else label


def _readings(text: str, labels: Labels, *, complete: bool) -> Iterator[str]:
    """What a reply gives as its answer, the surest first."""
    tail = labels.prepare(text[-REACH:])
    if complete:
        tail = without_afterword(tail)
    lines = [line for line in tail.splitlines() if line.strip()]
    if not complete and lines and not tail.endswith("\n"):
        lines.pop()
    right, lines = labels.listed(labels.without_sides(lines))
    keyed = map(labels.keyed, (f"{line}\n" for line in reversed(lines)))
    if not complete:
        yield from _found([_of_statement(text, labels, complete=False)])
        yield from _found(keyed)
        return
    if not lines:
        yield from _found([_of_statement(text, labels, complete=True), right])
        return
    first, last = lines[0] + "\n", lines[-1] + "\n"
    ending = last_sentence(last)
    yield from _found([labels.corrected(ending), labels.alone(last)])
    if TAKEN_BACK.search(last):  # what the line states first
        yield from _found([_of_statement(last, labels, complete=True)])
    yield from _found([labels.keyed(last)])
    yield from _found([_of_statement(text, labels, complete=True), right])
    if not (labels.letters and _is_listed(labels, lines[-2:])):
        yield from _found([labels.leading(last)])
    yield from _found([labels.emphasised(ending), labels.asserted(ending)])
    yield from _found([labels.leading(ending), labels.concluded(ending)])
    yield from _found(keyed)
    if len(text) <= REACH and not (labels.letters and _is_listed(labels, lines)):
        opening = first_sentence(first)
        yield from _found([labels.alone(first), labels.leading(first), labels.asserted(opening)])


def _found(readings: Sequence[str | None] | Iterator[str | None]) -> Iterator[str]:
    return (label for label in readings if label is not None)


def _of_statement(text: str, labels: Labels, *, complete: bool) -> str | None:
    answer = last_statement(text, complete=complete, choices=labels.choices)
    return None if answer is None else labels.named(answer)


def _is_listed(labels: Labels, lines: Sequence[str]) -> bool:
    """Whether several of the lines open with a letter each, as in a list of options."""
    return len({labels.leading(f"{line}\n") for line in lines} - {None}) > 1


def _check(labels: Sequence[str], given: str) -> None:
    if len(labels) < 2:
        raise ConfigurationError(f"{given}: give two labels or more")
    seen: dict[str, str] = {}
    for label in labels:
        form = label_form(label)
        if not form:
            raise ConfigurationError(f"{given}: a label is empty")
        if form in seen:
            raise ConfigurationError(
                f"{given}: {seen[form]!r} and {label!r} are the same label, because case, markup "
                "and punctuation do not count"
            )
        seen[form] = label


def _is_alphabet(letters: str) -> bool:
    """Whether these are two letters or more in the order of the alphabet, such as ABCD."""
    follow = all(ord(after) == ord(before) + 1 for before, after in pairwise(letters))
    return len(letters) > 1 and letters.isalpha() and follow


@lru_cache(maxsize=64)
def _compiled(labels: Sequence[str]) -> Labels:
    return Labels(labels)
