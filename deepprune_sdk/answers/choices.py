"""The labels of a multiple-choice question and the ways in which texts name one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from deepprune_sdk.answers.languages import LANGUAGES

__all__ = ["Choices", "Chosen"]

_LINE: Final = 300  # longest line that is read
_NEAR: Final = 1_000  # characters from the end in which a choice in a sentence is looked for
_CLOSE: Final = 16  # characters before a label in which its line begins
_AROUND: Final = 60  # characters around a label that are looked at
_CLAUSES: Final = re.compile(r"[.,\n;:。，]\s?")
_STOP: Final = re.compile(r"[.!?\n\u3002\uff1f\u061f]")
_NOT: Final = re.compile(
    r"\b(?:not|never|cannot|neither|nor|rather than|instead of|except|incorrect|wrong|if|whether"
    r"|nicht|non|ne|pas|não|ni|niet|nie)\b|n['\u2019]t\b|不|否",
    re.IGNORECASE,
)


class Chosen(NamedTuple):
    """A label and where the words that choose it begin."""

    label: str
    start: int


def _any(field: str) -> str:
    """What any language has in a field, as one pattern; longer rows first."""
    rows: list[str | tuple[str, ...]] = [getattr(row, field) for row in LANGUAGES.values()]
    patterns = (row if isinstance(row, str) else "|".join(row) for row in rows if row)
    return "|".join(sorted(patterns, key=len, reverse=True))


class _Context(NamedTuple):
    """What stands around a label that is chosen, in all languages."""

    choosing: re.Pattern[str]  # before it: "we choose", "we go with option"
    leading: re.Pattern[str]  # before it: "corresponds to option"
    option: re.Pattern[str]  # before it: "option"
    thus: re.Pattern[str]  # before it: "Therefore,"
    only: re.Pattern[str]  # before it: "only option"
    suits: re.Pattern[str]  # after that: "satisfies"
    alone: re.Pattern[str]  # after the former: the end of the sentence
    ending: re.Pattern[str]  # after the former: the end of the clause
    right: re.Pattern[str]  # after it: "is correct"
    mention: re.Pattern[str]  # before it, in a sentence below a heading: "Option", "**", "("


@lru_cache(maxsize=1)
def _context() -> _Context:
    letter = "letter|letra|lettre|lettera|buchstabe|буква|буквой|statement"
    option = rf"(?:{_any('option')}|{_any('answer')}|{letter})"
    sign = r"[*_(\[\"'`]{0,4}\Z"

    def pattern(source: str) -> re.Pattern[str]:
        return re.compile(source, re.IGNORECASE)

    return _Context(
        choosing=pattern(
            rf"(?<![A-Za-z])(?:{_any('choose')})[:\s]{{0,3}}(?:(?:the\s)?{option}\s?)?{sign}"
        ),
        leading=pattern(
            r"(?:corresponds?\sto|match(?:es)?|is|be|therefore|thus|hence|so|to|leaves|with|ist|est"
            r"|es|é|è|это|jest|под)\s"
            r"(?:donc\s|then\s|also\s)?(?:the\s|la\s|l['\u2019]|el\s|die\s|de\s)?"
            rf"(?:{option}\s?){{1,2}}{sign}"
        ),
        option=pattern(
            rf"(?:(?<![A-Za-z]){option}\s?|[(\[]|(?:\A|(?:[.,;:\n]|(?<![A-Z])\u3001)\s{{0,2}}|making\s)){sign}"
        ),
        thus=pattern(
            r"(?:therefore|thus|hence|consequently|so|daher|somit|donc|portanto|quindi|dus|así)"
            rf"[,:]?[ ]{sign}"
        ),
        only=pattern(rf"(?<![A-Za-z])only[ ](?:{option}\s?)?{sign}"),
        suits=pattern(
            r"[*_)\]\"'`]{0,4}\s(?:satisf(?:y|ies)|works?|fits?|meets?|match(?:es)?|holds?|remains?"
            r"|is[ ](?:correct|right|true|left|consistent|possible|valid|plausible|compatible))\b"
        ),
        alone=pattern(r"[*_)\]\"'`]{0,4}(?:\s*[.!\n\u3002]|\s*\Z)"),
        ending=pattern(
            r"[*_)\]\"'`]{0,4}(?:\s*[.,;:!\n\u3002]|\s*\Z|\s(?:which|as|since|because|is|qui|que|che)\b"
            r"|\s\((?!in|not|wrong|false|no\b))"
        ),
        right=pattern(
            r"[*_)\]\"'`]{0,4}\s?(?:(?:is|must be|ist|est|es|é|è|to|jest|选项|項|项)\s?)?"
            rf"(?:therefore\s)?(?:the\s|la\s|die\s)?[*_]{{0,3}}(?:{_any('right')})(?![A-Za-z])"
        ),
        mention=pattern(rf"(?:(?<![A-Za-z]){option}\s?[*_(\[\"'`]{{0,4}}|\(|\*\*)\Z"),
    )


def _asked(text: str, start: int) -> bool:
    """Whether the sentence that continues at `start` is a question."""
    end = _STOP.search(text, start, start + _AROUND)
    return end is not None and end[0] in "?\uff1f\u061f"


class Choices:
    """The labels to accept: single letters, or words such as `positive` and `negative`.

    Args:
        labels: The labels; of a string, its characters. Words are found whatever their case.
    """

    def __init__(self, labels: Iterable[str]) -> None:
        """Compile the patterns."""
        self.labels: tuple[str, ...] = tuple(labels)
        self._by_lowered = {label.lower(): label for label in self.labels}
        letters = all(len(label) == 1 for label in self.labels)
        name = "|".join(re.escape(label) for label in sorted(self.labels, key=len, reverse=True))
        # Letters are capitals, but for those in brackets: "a" is also an article.
        label = f"(?:{name})" if letters else f"(?i:{name})"
        loose = f"(?i:{name})"
        mark = r"[*_\"'`\s]{0,4}"
        # "A" is an article and "I" a pronoun: a letter counts when it stands by itself or in
        # brackets, or when what follows cannot continue a sentence that begins with the word.
        self._stated = re.compile(
            rf"{mark}(?:[(\[]({loose})[)\]]|({loose})\)(?=\s)|\\(?:text|math)\w*\{{\(?({label})[).]?\}}"
            rf"|({label})(?=[).:,;*_\]\"'`}}$\u3001\uff0c\u3002]|[^\W\da-zA-Z]|\s:|[ \t]*(?:\n|\Z)"
            rf"|\s(?:because|since|as|and|with|which|[-(\u2013\u2014]|\\|[^\x00-\x7f])))"
            # Several labels are an answer of their own: "A, B and D".
            rf"(?!\.\s?[A-Z]\.)(?![).]?\s?(?:,|and\b|or\b|&|\+|/|\u3001|\u548c)"
            rf"\s?(?:and\s|or\s)?[(\[]?{label}(?![^\W_]))"
        )
        shell = r"[\s*_>#(\[\"'$`]*"
        self._line = re.compile(
            rf"{shell}(?:\\(?:text|math|boxed)\w*\s?\{{)?"
            rf"(?:(?i:option|choice|answer|letter)\s?[(\[*_:]{{0,4}}\s?)?"
            rf"({loose if not letters else label}|(?i:{name})(?=\)))[\s*_)\].\"'$`}}\u3002]*"
        )
        # A line that begins with a label, such as **D. 1789**; it must not name other labels.
        self._item = re.compile(
            r"[\s*_>#$]*(?:(?i:option|choice)\s)?"
            rf"(?:\({mark}({loose}){mark}\)|({label})(?:\*\*)?[).:])[*_]{{0,3}}(?:\s|\\).*"
        )
        # AMC writes \textbf{(B)}\ 12; others `E: a risk score`, `Option E`, `\text{C. 5}`.
        self._labelled = re.compile(
            r"[*_\s]*(?:\\(?:text|math)\w*\s?\{)?\s?(?:(?i:option|choice|answer|letter)\s?:?\s?)?"
            rf"(?:\(({loose})\)|({label})(?:[).:]|\s[-\u2013\u2014]\s|(?=\s?\}}|\s?\\|\s*\Z)))"
            r"\s?\}?(.*)",
            re.DOTALL,
        )
        # A line that ends in a label after a sign, as in "QED ==> D" or "Sentiment: **Negative**".
        self._after_sign = re.compile(
            rf"[^\n]{{0,60}}?(?:=+>|->|\u2192|\u21d2|:)[\s*_\"'`(\[$]{{0,4}}({label})"
            r"[\s*_\"'`)\].$\u3002!]*"
        )
        item = r"[\s*_>(\[-]{0,8}"
        self._opens = re.compile(rf"{item}{re.escape(self.labels[0])}(?!\w)")
        self._follows = re.compile(
            rf"\n{item}(?:{'|'.join(map(re.escape, self.labels[1:2]))})(?!\w)"
        )
        self._other = re.compile(rf"(?<![^\W_]){label}\s?[:=)]" if letters else rf"{label}\s?[:=]")
        inside, after = r"[A-Za-z0-9'\u2019.]", r"(?![A-Za-z0-9'\u2019]|\.\w)"
        # To look behind a letter, rather than before it, lets the search jump to the letters.
        self._token = re.compile(
            rf"(?:{name})(?<!{inside}.){after}" if letters else rf"(?<!{inside}){label}{after}"
        )

    def stated(self, value: str) -> str | None:
        """The label with which the value of a statement begins."""
        return self._first(self._stated.match(value))

    def line(self, text: str) -> str | None:
        """The label that is all the last line of a text says, or with which it begins."""
        before, _, last = text.rstrip()[-2 * _LINE :].rpartition("\n")
        if len(last) > _LINE:
            return None
        if only := self._line.fullmatch(last):
            return self._first(only)
        if (named := self._after_sign.fullmatch(last)) is not None:
            return self._first(named)
        item = self._item.fullmatch(last)
        # The last of several items is that of a list.
        if item is None or self._item.fullmatch(before.rstrip().rpartition("\n")[2]):
            return None
        return (
            None
            if self._other.search(last, item.end(item.lastindex or 0) + 1)
            else self._first(item)
        )

    def ends_in_list(self, text: str) -> bool:
        """Whether the last lines of a text list what there is to choose from."""
        lines = [line for line in text[-2 * _LINE :].rstrip().rsplit("\n", 4) if line.strip()]
        return len(lines) > 1 and all(map(self._item.fullmatch, lines[-2:]))

    def begins_list(self, text: str, start: int, *, complete: bool) -> bool:
        """Whether the first label, which a line begins with, opens a list of all of them."""
        if "\n" not in text[max(0, start - _CLOSE) : start] or not self._opens.match(text, start):
            return False
        return not complete or self._follows.search(text, start) is not None

    def chosen(self, text: str, *, complete: bool = True) -> Chosen | None:
        """The last label that a sentence calls right or chooses: "so we go with option B"."""
        begin = max(0, len(text) - _NEAR)
        context = _context()
        for found in reversed(list(self._token.finditer(text, begin))):
            before = text[max(0, found.start() - _AROUND) : found.start()]
            after = text[found.end() : found.end() + _AROUND]
            if not complete and not after.strip(" \t*_)"):
                continue
            chosen = context.choosing.search(before) or (
                (context.leading.search(before) and context.ending.match(after))
                or (context.thus.search(before) and context.alone.match(after))
                or (context.only.search(before) and context.suits.match(after))
            )
            if not chosen:
                right = context.option.search(before) and context.right.match(after)
                if not right or _NOT.search(right[0]) or _asked(text, found.end()):
                    continue
            if not _NOT.search(_CLAUSES.split(before)[-1]):
                return Chosen(self._by_lowered[found[0].lower()], found.start())
        return None

    def named_in(self, sentence: str) -> str | None:
        """The one label that a sentence calls an option: "Richtig ist **Option B**"."""
        if _NOT.search(sentence):
            return None
        mention = _context().mention
        named = {
            self._by_lowered[found[0].lower()]
            for found in self._token.finditer(sentence)
            if mention.search(sentence[max(0, found.start() - _AROUND) : found.start()])
        }
        return named.pop() if len(named) == 1 else None

    def labelled(self, answer: str) -> str:
        """`(B) 12 cm` reduced to its label; any other answer as it is."""
        found = self._labelled.fullmatch(answer)
        if found is None or self._other.search(found[found.lastindex or 0]):
            return answer
        return self._first(found) or answer

    def _first(self, found: re.Match[str] | None) -> str | None:
        if found is None:
            return None
        return next(
            (self._by_lowered[group.lower()] for group in found.groups()
             if group is not None and group.lower() in self._by_lowered),
            None,
        )  # fmt: skip
