"""`AutoAnswers`, the default: reads answers as the traces of a run themselves state them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json

from deepprune_sdk.answers.boxed import OPENING, BoxWatch
from deepprune_sdk.answers.choice import ChoiceAnswers
from deepprune_sdk.answers.equivalence import exact_number, normalize
from deepprune_sdk.answers.extraction import Answers
from deepprune_sdk.answers.json_object import JsonAnswers
from deepprune_sdk.answers.no_answer import is_placeholder, is_refusal
from deepprune_sdk.answers.plain import plain
from deepprune_sdk.answers.statements import stated
from deepprune_sdk.answers.text import TextAnswers
from deepprune_sdk.answers.thinking import without_thinking
from deepprune_sdk.answers.tool import OPENING as MARK
from deepprune_sdk.answers.tool import ToolAnswers
from deepprune_sdk.protocols import AnswerExtractor

__all__ = ["ENOUGH", "AutoAnswers", "AutoReading"]

ENOUGH: Final = 16
"""Ended traces after which a run's kind of answers stands."""

SHORT: Final = 100
"""Characters of the longest reply that may be short."""

WORDS: Final = 8
"""Words of the longest answer that such a reply may give: a longer one is prose."""

_OPTION: Final = re.compile(r"^[ \t]*[(\[]?([A-J])[).\]:][ \t]+\S", re.MULTILINE)
_FENCED: Final = re.compile(r"```(?:json)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AutoAnswers:
    """Takes the kind of answers that most of a run's first ended traces show; the default.

    In this order, where more than half of the traces that the model ended itself show it:

    - `tool`: they call tools;
    - `json`: the whole reply is a JSON object or list;
    - `choice`: the question lists options, and they name one;
    - `math`: they state an answer, in a box or in words. A trace that states none is then read by
      its last number, if most of the stated answers are numbers;
    - `text`: the reply is short, or states an answer.

    Where most show none of these, `auto` takes `unread`: what is stated explicitly counts, and
    nothing else is read; the result has a warning. What it took stands after `ENOUGH` traces. Until
    then every ended trace is a reason to decide anew, and answers that were read before are put
    right.

    By itself, outside of a run, it reads each text for itself: a tool call, a JSON reply, a stated
    answer, a short reply; never a number in prose.

    Attributes:
        probe: What follows the text of a trace that is asked for its answer so far.
    """

    probe: str = f"\n\nSo the final answer is {OPENING}"

    @property
    def spec(self) -> str:
        """The name by which it is given."""
        return "auto"

    @property
    def reads_incomplete(self) -> bool:
        """True: a stated answer is told from one on the way."""
        return True

    def for_run(self, question: str) -> AutoReading:
        """Begin a run over `question`."""
        return AutoReading(self, question)

    def watch(self) -> BoxWatch:
        """Begin to follow a trace. A box is waited for: what is said in words may be a draft."""
        return BoxWatch()

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the answer that `text` shows by itself."""
        return _Each().extract(text, complete=complete)

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both are the same, as the kind that both are of compares them."""
        return _Each().equivalent(left, right)


class AutoReading:
    """What `AutoAnswers` has made of one run so far: an extractor that learns.

    Attributes:
        wrapped: What it was made by, whose powers it has.
        kind: The kind of answers that it took, "undecided" before the first trace.
    """

    def __init__(self, auto: AutoAnswers, question: str) -> None:
        """Begin without a trace."""
        self.wrapped = auto
        self.kind: str = "undecided"
        self._options = _options(question)
        self._extractor: AnswerExtractor = _Each()
        self._seen = 0
        self._numbers = 0
        self._forms: Counter[str] = Counter()

    @property
    def settled(self) -> bool:
        """Whether enough traces have ended."""
        return self._seen >= ENOUGH

    def learn(self, text: str) -> bool:
        """Take note of a text that the model has ended; nothing once `settled`.

        Returns:
            Whether texts are now read in another way, and should be read again.
        """
        if self.settled:
            return False
        self._seen += 1
        forms = _forms(text, self._options)
        self._forms.update(forms)
        reply = without_thinking(text, complete=True)
        answer = stated(reply, complete=True) if "math" in forms else None
        self._numbers += answer is not None and exact_number(answer) is not None
        before = self._extractor
        self.kind, self._extractor = self._decided()
        return self._extractor != before

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the answer in `text`, as the kind that was taken reads it."""
        return self._extractor.extract(text, complete=complete)

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both are the same, as the kind that was taken compares them."""
        return self._extractor.equivalent(left, right)

    def _decided(self) -> tuple[str, AnswerExtractor]:
        def most(*forms: str) -> bool:
            return 2 * sum(self._forms[form] for form in forms) > self._seen

        if most("tool"):
            return "tool", ToolAnswers()
        if most("json"):
            return "json", JsonAnswers()
        if self._options and most("choice"):
            return f"choice:{self._options}", ChoiceAnswers(self._options)
        if most("math"):
            return "math", Answers(last_number=2 * self._numbers > self._forms["math"])
        if most("math", "short"):
            return "text", _Short()
        return "unread", Answers(last_number=False)


def _options(question: str) -> str:
    """The letters of the options that a question lists, from A on without a gap; "" for none."""
    found = "".join(dict.fromkeys(match[1] for match in _OPTION.finditer(question)))
    letters = "ABCDEFGHIJ"[: len(found)]
    return letters if len(letters) > 1 and found == letters else ""


def _forms(text: str, options: str) -> set[str]:
    """What an ended text shows. `math` and `short` exclude each other, so that they add up."""
    reply = without_thinking(text, complete=True).strip()
    forms: set[str] = set()
    if MARK in text and ToolAnswers().extract(text, complete=True) is not None:
        forms.add("tool")
    if _is_json(reply):
        forms.add("json")
    if options and ChoiceAnswers(options).extract(text, complete=True) is not None:
        forms.add("choice")
    if stated(reply, complete=True) is not None:
        forms.add("math")
    elif _of_short(reply) is not None:
        forms.add("short")
    return forms


def _of_short(reply: str) -> str | None:
    """The answer that a short reply is as a whole, or in its one sentence."""
    if not 0 < len(reply) <= SHORT or "\n" in reply:
        return None
    if is_refusal(reply) or is_placeholder(reply):
        return None
    answer = TextAnswers().extract(reply, complete=True)
    return answer if answer is not None and len(answer.split()) <= WORDS else None


def _is_json(reply: str) -> bool:
    fenced = _FENCED.fullmatch(reply)
    inner = fenced[1].strip() if fenced else reply
    if inner[:1] not in ("{", "["):
        return False
    try:
        return isinstance(from_json(inner), dict | list)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Short:
    """A stated answer, or a short reply as a whole."""

    def extract(self, text: str, *, complete: bool) -> str | None:
        reply = without_thinking(text, complete=complete).strip()
        answer = stated(reply, complete=complete)
        if answer is None and complete:
            answer = _of_short(reply)
        return answer

    def equivalent(self, left: str, right: str) -> bool:
        return plain(left) == plain(right)  # what is short may be a version: 3.10 is not 3.1


@dataclass(frozen=True, slots=True)
class _Each:
    """Each text by what it shows itself."""

    def extract(self, text: str, *, complete: bool) -> str | None:
        # Without the mark, a JSON object with a name is what the reply is about.
        if MARK in text and (call := ToolAnswers().extract(text, complete=complete)) is not None:
            return call
        if _is_json(without_thinking(text, complete=complete).strip()):
            return JsonAnswers().extract(text, complete=complete)
        return _Short().extract(text, complete=complete)

    def equivalent(self, left: str, right: str) -> bool:
        if _is_json(left) and _is_json(right):
            return JsonAnswers().equivalent(left, right)
        return not _is_json(left) and not _is_json(right) and _form(left) == _form(right)


def _form(answer: str) -> str:
    """A number's value; of all else the words."""
    return plain(answer) if exact_number(answer) is None else normalize(answer)
