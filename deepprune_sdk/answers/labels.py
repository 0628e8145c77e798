r"""The labels of a choice, and the ways in which a reply gives one.

A label that merely occurs in a text is not an answer, and "not positive" is not positive. So a
label counts in few places: where a statement begins with it (`Labels.of`), in a line such as
`Sentiment: positive` (`Labels.keyed`), where a sentence asserts it (`Labels.asserted`), or where a
line or a reply opens with it (`Labels.leading`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from deepprune_sdk.answers.choices import Choices
from deepprune_sdk.answers.label_phrases import (
    AFTER,
    AFTER_LETTER,
    BOLD,
    CALLED_RIGHT,
    CLAUSE,
    CLOSE,
    CONTRAST,
    COPULA,
    ENDING,
    FILLER,
    HEDGE,
    ITEM,
    KEYED,
    KINDS,
    OPEN,
    OPTION,
    RETRACTION,
    SENTENCE,
    SIDE,
    SUBORDINATE,
    TAGGED,
    TAIL,
)
from deepprune_sdk.answers.last_words import concludes
from deepprune_sdk.answers.plain import folded, legible, plain

__all__ = ["Labels", "label_form"]

_LINE: Final = 300  # characters of a line, from either end, in which it can give a label
# What the letter after it only names: "vitamin C".
_A_NAME: Final = re.compile(
    r"(?:vitamin\w*|hepatiti\w*|plan|gro?up\w*|type?\w*|class\w*|team|strain|point|figure)\s\Z",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"(?<=\w)[\s_-]+(?=\w)")


@lru_cache(maxsize=4096)
def label_form(label: str) -> str:
    """Return the form in which labels are the same: `Not_Spam` and `**not spam**` are."""
    return _BETWEEN.sub(" ", plain(label))


class Labels:
    """The labels of one choice, compiled.

    Attributes:
        letters: Whether they are letters, which in prose are also articles and names.
        choices: The same labels, for those who read statements in many languages.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        """Compile the patterns for `labels`, whose forms differ and are not empty."""
        self._names = {label_form(label): label for label in labels}
        self.letters: bool = all(
            len(label) == 1 and label.isalpha() and _cased(label) for label in labels
        )
        self.choices: Choices = Choices(labels)
        # The longest first: "not spam" before "spam".
        words = sorted(self._names, key=len, reverse=True)
        spelled = "|".join(map(_spelled, words))
        # "So I" and "is a" are prose: within a sentence a letter is a capital.
        capital = f"(?-i:{'|'.join(map(str.upper, words))})" if self.letters else spelled
        label, asserted = _label(spelled), _label(capital)
        after = AFTER_LETTER if self.letters else AFTER
        self._of = _pattern(rf"{OPEN}{FILLER}{OPEN}{label}{after}")
        # "A dog" and "I, for one" open with no answer: a letter needs a bracket, a stop or a colon.
        reason = r"(?:,|\s-)?\s(?:because|since|as)\b"
        ending = rf"(?={CLOSE}[.:)\]]{CLOSE}(?:\s|$)|{reason})" if self.letters else ENDING
        self._item = _pattern(rf"{OPEN}{label}{ITEM}")
        self._items = _pattern(rf"(?:^|[,;|\s(]){label}{CLOSE}[:=)]")
        called = rf"(?:{OPTION}\s)?{OPEN}" if self.letters else ""
        self._leading = _pattern(rf"{OPEN}{called}{label}{ending}")
        kind = "" if self.letters else rf"(?:\s(?:{KINDS}))?"
        self._alone = _pattern(
            rf"{OPEN}{FILLER}{OPEN}{label}{kind}{CLOSE}[.!\u3002\u0964]?{CLOSE}\n?"
        )
        self._asserted = _pattern(rf"{COPULA}{OPEN}{FILLER}{OPEN}{asserted}{after}")
        self._contrasted = _pattern(rf"{CONTRAST}{OPEN}{FILLER}{OPEN}{label}{after}")
        verdict = (
            rf"{CLOSE}\s(?:is|must be|fits|seems|appears|looks|works)\s(?:therefore\s)?(?:the\s)?"
            r"[*_]{0,3}(?:correct|right|best|answer)\b"
        )
        shown = asserted.replace("<label>", "<shown>")
        self._right = _pattern(
            rf"(?:(?:\b{OPTION}\s{OPEN}|\(){label}"
            rf"|(?:^|[,;]\s{OPEN}|\b(?:so|thus|hence|therefore),?\s){shown}){verdict}"
        )
        self._mentioned = _pattern(rf"(?<![^\W_])(?<!['.]){asserted}(?!['.]\w)")
        self._ending = _pattern(rf"(?={CLOSE}(?:[.,;:!\u3002\u0964\n)]|-\s|$))")
        # "C, I think" and "C, as A is wrong" name one letter.
        prose = r"(?!\s(?!and\b|or\b)(?-i:[a-z]))" if self.letters else ""
        self._another = _pattern(
            rf"{CLOSE}\s?(?:[,/|&\u3001]|or\b|and\b)\s?(?:(?:or|and)\s)?{OPEN}{asserted}{prose}"
        )

    def prepare(self, text: str) -> str:
        """Return a text as the other methods read it: case is kept where it tells letters apart."""
        return legible(text) if self.letters else folded(text)

    def named(self, answer: str) -> str | None:
        """The label that an answer is, or is a longer way to write."""
        return self._names.get(label_form(answer)) or self.of(self.prepare(f"{answer[:_LINE]}\n"))

    def of(self, value: str) -> str | None:
        """The label with which the value of a statement begins, if it is the only one."""
        return self._only(self._of.match(value), value)

    def alone(self, line: str) -> str | None:
        """The label that is all a line says."""
        return self._name(self._alone.fullmatch(line))

    def leading(self, text: str) -> str | None:
        """The label that a reply opens with, as in "Yes, because ..." or "(C) 12 m"."""
        return self._only(self._leading.match(text), text)

    def corrected(self, sentence: str) -> str | None:
        """The label that takes another back: "Yes, of course. Actually no.", "not A but C"."""
        if (contrasted := self._contrasted.search(sentence)) is not None:
            return self._only(contrasted, sentence)
        taken_back = RETRACTION.search(sentence)
        return self.leading(sentence[taken_back.end() :]) if taken_back else None

    def listed(self, lines: Sequence[str]) -> tuple[str | None, list[str]]:
        """What a list with a line for each letter calls right, and the lines that are not in it."""
        lines = [line for line in lines if len(self._items.findall(line)) < 2]
        if not self.letters:
            return None, lines
        items = {line: self._name(self._item.match(line)) for line in lines}
        if lines and items[lines[-1]] in [items[line] for line in lines[:-1]]:
            items[lines[-1]] = None  # named once more, after the list
        if len(set(items.values()) - {None}) < 2:
            return None, lines
        right = {label for line, label in items.items() if label and CALLED_RIGHT.search(line)}
        rest = [line for line in lines if items[line] is None]
        return (right.pop() if len(right) == 1 else None), rest

    def without_sides(self, lines: list[str]) -> list[str]:
        """The lines without "Confidence: high", where another one gives a label in the same way."""
        main = [line for line in lines if not SIDE.match(line)]
        return main if any(self.keyed(f"{line}\n") for line in main) else lines

    def keyed(self, line: str) -> str | None:
        """The label of a line such as `Sentiment: **positive**`, or of `<label>spam</label>`."""
        if tagged := TAGGED.search(line):
            return self.named(tagged[2])
        key = KEYED.match(line)
        if key is None or label_form(key[1]) in self._names or HEDGE.search(key[1]):
            return None
        return self.of(line[key.end() :])

    def asserted(self, sentence: str) -> str | None:
        """The label that a sentence asserts last, as in "so the review is positive"."""
        main = SUBORDINATE.split(sentence, maxsplit=1)[0]
        asserted = list(self._asserted.finditer(f"{main}\n"))
        asserted = asserted or list(self._asserted.finditer(sentence))
        found = self._right.search(sentence) or (asserted[-1] if asserted else None)
        if found is None:
            return None
        before = CLAUSE.split(sentence[: found.start(_group(found))])[-1]
        return None if HEDGE.search(before) else self._only(found, sentence)

    def emphasised(self, sentence: str) -> str | None:
        """The label that a sentence has in bold, as the only one."""
        bold = {
            label
            for found in BOLD.finditer(sentence)
            if (label := self.named(found[1])) is not None
            and not HEDGE.search(CLAUSE.split(sentence[: found.start()])[-1])
        }
        return bold.pop() if len(bold) == 1 else None

    def concluded(self, sentence: str) -> str | None:
        """The one letter that a conclusion names, in a language of which no more is known."""
        named = list(self._mentioned.finditer(sentence))
        if len(named) != 1 or not self.letters or HEDGE.search(sentence):
            return None
        if _A_NAME.search(sentence, 0, named[0].start()):
            return None
        if not self._ending.match(sentence, named[0].end(_group(named[0]))):
            return None
        return self._name(named[0]) if concludes(sentence) else None

    def _only(self, found: re.Match[str] | None, text: str) -> str | None:
        label = self._name(found)
        if found is None or label is None:
            return None
        other = self._name(self._another.match(text, found.end(_group(found))))
        return label if other in {None, label} else None

    def _name(self, found: re.Match[str] | None) -> str | None:
        return self._names.get(label_form(found[_group(found)])) if found else None


def first_sentence(line: str) -> str:
    """The first sentence of a line."""
    return f"{SENTENCE.split(line[:_LINE], maxsplit=1)[0].strip()}\n"


def last_sentence(line: str) -> str:
    """The last sentence of a line."""
    sentences = [part for part in SENTENCE.split(line[-_LINE:]) if part.strip()]
    return f"{sentences[-1].strip()}\n" if sentences else "\n"


def _group(found: re.Match[str]) -> str:
    """The name of the group that has the label: a pattern may look for it in two ways."""
    return "label" if found["label"] is not None else "shown"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _spelled(form: str) -> str:
    return r"[\s_-]+".join(map(re.escape, form.split(" ")))


def _label(spelled: str) -> str:
    return rf"(?P<label>{spelled}){TAIL}(?![^\W_])"


def _cased(letter: str) -> bool:
    return letter.upper() != letter.lower()
