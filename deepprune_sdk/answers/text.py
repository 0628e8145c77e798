"""Answers that are short texts: a city, a name, a title."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from deepprune_sdk.answers.boxed import OPENING
from deepprune_sdk.answers.last_words import bold_in, last_line, without_afterword
from deepprune_sdk.answers.no_answer import is_placeholder, is_refusal
from deepprune_sdk.answers.plain import plain
from deepprune_sdk.answers.statements import ends_open, stated
from deepprune_sdk.answers.thinking import without_thinking

__all__ = ["TextAnswers"]

_MARKS: Final = " *_~`#>$.-\"'"
SHORT: Final = 100
"""Characters of the longest reply, or last line, that is an answer as it stands."""

_BRIEF: Final = 400  # characters of a reply that is a refusal wherever it refuses
# What a short sentence says of its subject; in a title "Is" has a capital.
_SENTENCES: Final = (
    re.compile(
        r"(?:The|It|This|That|He|She|They|My|Its|His|Her|Der|Die|Das|Es|Le|La|Les|L'|C'|El|Il|Lo|O|A)"
        r"\b.{0,80}?(?:\s(?:is|was|are|were|would be|ist|war|est|es|era|è|é|foi|fue)"
        r"|(?<=\w)['\u2019]s)\s(.{1,100})",
    ),
    re.compile(r".{1,80}\?\s([^?]{1,60})"),
    re.compile(r"\*\*[^*:]{1,40}(?::\*\*|\*\*\s?:)\s*(.{1,100})"),
    re.compile(r".{1,40}?(?:是|为|為)([^,.!?:\uff1a\u3001\u3002\uff0c]{1,40})\u3002"),
    re.compile(
        r".{1,80}?(?:\s(?:is|was|are|ist|war|est|es|era|è|é|jest|to)|[是为為は])\s?[:\uff1a](.+)"
    ),
    re.compile(r".{1,40}?は([^、。]{1,40}?)(?:です|だ|である)。"),
    re.compile(r".{1,40}?[은는]\s(.{1,40}?)(?:입니다|이다|예요|이에요)\."),
    re.compile(r".{1,60}?\s[\u2013\u2014-]\s(?:это\s)?([\u0410-\u042f\u0401].{0,60})\."),
)
_ITEM: Final = re.compile(r"\s*(?:[-*\u2022]|[0-9]{1,2}[.)])\s")
_AFTERTHOUGHT: Final = re.compile(
    r",?\s(?:not|which|because|since|rather than|who|where|nicht|pas|y no|non)\b.*"
)


@dataclass(frozen=True, slots=True)
class TextAnswers:
    r"""A short text: a city, a name, a title.

    The answer is what a reply states ("the answer is Paris", `\boxed{Paris}`); else the whole reply
    where it is one short line; else its last line, where that is short. Of a sentence such as "The
    capital of France is **Paris**." the end counts, or what is bold. Two answers are the same where
    they differ only in case, markup, quotes and final punctuation; articles and accents count.
    """

    @property
    def reads_incomplete(self) -> bool:
        """True: a stated answer is told from other text."""
        return True

    @property
    def probe(self) -> str:
        """What follows the text of a trace that is asked for its answer so far."""
        return f"\n\nSo the final answer is {OPENING}"

    @property
    def instruction(self) -> str:
        """What the prompt says about the answer's form."""
        return 'End with a line "Answer: ..." that holds your final answer, as short as it can be.'

    @property
    def spec(self) -> str:
        """How the command line and recordings spell it."""
        return "text"

    def extract(self, text: str, *, complete: bool) -> str | None:
        """Find the short text that answers.

        Args:
            text: The answer part of a trace.
            complete: Whether the model ended the text itself. When False, only a stated answer
                counts.

        Returns:
            The answer without marks and quotes round it, or None.
        """
        text = without_thinking(text, complete=complete)
        answer = stated(text, complete=complete)
        if answer is not None:
            return _bare(answer)
        if not complete or ends_open(text):
            return None
        text = without_afterword(text)
        line = last_line(text)
        if is_refusal(text if len(text) < _BRIEF else line) or is_placeholder(line.strip()):
            return None
        answer = _of_sentence(line)
        if len(answer) > SHORT or answer.count("**") > 1 or _lists(text):
            return None
        return _bare(answer)

    def equivalent(self, left: str, right: str) -> bool:
        """Whether both are the same but for case, markup, quotes and final punctuation."""
        return plain(left) == plain(right)


def _bare(answer: str) -> str:
    """Take off the marks and quotes round an answer and the point after it, if anything is left."""
    bare = answer.strip("*_`\"' ").removesuffix(".").strip("*_`\"' ")
    return bare or answer


def _lists(text: str) -> bool:
    """Whether the last lines of a text are several items: none of them is the answer."""
    lines = text[-2 * SHORT :].splitlines()[-2:]
    return len(lines) == 2 and all(map(_ITEM.match, lines))


def _of_sentence(line: str) -> str:
    """What a sentence says, or the line itself where it is not a sentence."""
    if (bold := bold_in(line)) is not None:
        return bold
    if len(line) > SHORT:
        return line
    found = next(filter(None, (sentence.fullmatch(line) for sentence in _SENTENCES)), None)
    return line if found is None else _AFTERTHOUGHT.sub("", found[1]).strip()
