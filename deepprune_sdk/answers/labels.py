r"""The labels of a choice, and the ways in which a reply gives one.

A label that merely occurs in a text is not an answer, and "not positive" is not positive. So a
label counts in few places: where a statement begins with it (`Labels.of`), in a line such as
`Sentiment: positive` (`Labels.keyed`), where a sentence asserts it (`Labels.asserted`), or where a
line or a reply opens with it (`Labels.leading`).

Every repetition in the patterns is bounded, so that a match costs a constant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from deepprune_sdk.answers.plain import folded, legible, plain

__all__ = ["Labels", "label_form"]

_LINE: Final = 300  # characters of a line, from either end, in which it can give a label
_BETWEEN: Final = re.compile(r"(?<=\w)[\s_-]+(?=\w)")

_OPEN: Final = r"(?:[\s*_~`\"'(\[{<#$>\u2022-]|\\(?:text[a-z]*|math[a-z]*|boxed|[(\[ ,;!])){0,12}"
_CLOSE: Final = r"(?:[*_~`\"')\]}$>]|\\[)\]]|[^\S\n]){0,8}"
_MARK: Final = r"(?:\n|[.!?;:,](?![^\W_])|[\u3001\u3002\u2026)\]]|-+(?:\s|>))"
_KINDS: Final = (
    "sentiment|tone|polarity|review|message|email|text|class|category|label|answer|option|choice"
    "|verdict|statement|claim|emotion"
)
_AFTER: Final = (
    rf"(?={_CLOSE}(?:{_MARK}|[(\[<]|(?:because|since|as|due|given|with|which|that|although|though"
    rf"|but|and|based|overall|considering|{_KINDS})\b))"
)
_ENDING: Final = rf"(?={_CLOSE}{_MARK})"
# Chinese, Japanese and Korean put no space between a label and what makes a sentence of it.
_TAIL: Final = r"(?:\s?(?:的|です|だ|である|입니다|이다|예요|이에요))?"
_FILLER: Final = (
    r"(?:(?:the|an?|(?:correct |right |best |final )?(?:option|choice|answer|letter|label|class"
    r"|category|sentiment|verdict|statement)(?: is)?"
    r"|la|le|les|el|il|lo|o|die|der|das|opci[oó]n|opção|opzione|alternativa|letra|lettera|lettre"
    r"|réponse|respuesta|resposta|risposta|antwort|buchstabe|вариант|ответ|буква"
    r"|clearly|most likely|likely|probably|definitely"
    r"|certainly|therefore|thus|simply|just|overall|very|strongly|highly|mostly|mainly|largely"
    r"|generally|predominantly|overwhelmingly|somewhat|slightly|rather|quite)"
    r"(?![^\W\d_])[\s:*_]{0,4}|选项|選項){0,4}"
)
_COPULA: Final = (
    r"(?:(?<![^\W_])(?:is|are|was|were|(?:would|should|must|will) be|has to be"
    r"|(?:seems|appears)(?: to be)?|remains|expresses|conveys|has|ist|war|est|es|é|è|fue|foi"
    r"|match(?:es)?|corresponds? to"
    r"|choos(?:e|ing)|chose|pick(?:ed)?|select(?:ed)?|(?:go|going) with|therefore|thus|hence|so"
    r"|(?:class(?:ify|ified)|categori[sz]ed?|label(?:l?ed)?|mark(?:ed)?|rated?|judged?"
    r"|tag(?:ged)?|described?|seen|regard(?:ed)?)(?:\s[^\s.]{1,20}){0,6}?\sas)(?![^\W_]),?"
    r"|[:\u2192]|[=-]>|\s-\s|是|为|為|は|은|는)\s{0,3}"
)
_HEDGE: Final = re.compile(
    r"(?<![^\W_])(?:not|never|neither|nor|cannot|whether|if|unless|unclear|unsure|doubt"
    r"|(?:could|might|may) be|ruled? out|ruling out|eliminated?|excluded?|incorrect|wrong|false"
    r"|nicht|kein[a-z]{0,2}|pas|non|não|no es)(?![^\W_])|n't(?![^\W_])|不是|不确定|不確定",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r"[,;:]\s(?!\S{0,20}$)|(?<![^\W_])but(?![^\W_])")
_KEYED: Final = re.compile(r"[\s*_>#\"'{\u2022-]{0,12}([^\n:=]{1,40}?)[\s*_\"']{0,6}[:=]")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|(?<=\u3002)")
_TAGGED: Final = re.compile(r"<([a-z_]{1,20})>([^<>]{1,80})</\1>", re.IGNORECASE)


@lru_cache(maxsize=4096)
def label_form(label: str) -> str:
    """Return the form in which labels are the same: `Not_Spam` and `**not spam**` are."""
    return _BETWEEN.sub(" ", plain(label))


class Labels:
    """The labels of one choice, compiled.

    Attributes:
        letters: Whether they are letters, which in prose are also articles and names.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        """Compile the patterns for `labels`, whose forms differ and are not empty."""
        self._names = {label_form(label): label for label in labels}
        self.letters = all(
            len(label) == 1 and label.isalpha() and _cased(label) for label in labels
        )
        # The longest first: "not spam" before "spam".
        words = sorted(self._names, key=len, reverse=True)
        spelled = "|".join(map(_spelled, words))
        # "So I" and "is a" are prose: within a sentence a letter is a capital.
        capital = f"(?-i:{'|'.join(map(str.upper, words))})" if self.letters else spelled
        label, asserted = _label(spelled), _label(capital)
        self._of = _pattern(rf"{_OPEN}{_FILLER}{_OPEN}{label}{_AFTER}")
        # "A dog" and "I, for one" open with no answer: a letter needs a bracket, a stop or a colon.
        ending = rf"(?={_CLOSE}[.:)\]]{_CLOSE}(?:\s|$))" if self.letters else _ENDING
        self._leading = _pattern(rf"{_OPEN}{label}{ending}")
        self._alone = _pattern(rf"{_OPEN}{_FILLER}{_OPEN}{label}{_CLOSE}[.!\u3002]?{_CLOSE}\n?")
        self._asserted = _pattern(rf"{_COPULA}{_OPEN}{_FILLER}{_OPEN}{asserted}{_AFTER}")
        self._right = _pattern(
            rf"(?:\b(?:option|choice|answer)\s{_OPEN}|\(){asserted}{_CLOSE}\s(?:is|must be)\s"
            r"(?:therefore\s)?(?:the\s)?[*_]{0,3}(?:correct|right|best)\b"
        )
        # "C, I think" and "C, as A is wrong" name one letter.
        prose = r"(?!\s(?!and\b|or\b)(?-i:[a-z]))" if self.letters else ""
        self._another = _pattern(
            rf"{_CLOSE}\s?(?:[,/|&\u3001]|or\b|and\b)\s?(?:(?:or|and)\s)?{_OPEN}{asserted}{prose}"
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

    def keyed(self, line: str) -> str | None:
        """The label of a line such as `Sentiment: **positive**`, or of `<label>spam</label>`."""
        if tagged := _TAGGED.search(line):
            return self.named(tagged[2])
        key = _KEYED.match(line)
        if key is None or label_form(key[1]) in self._names or _HEDGE.search(key[1]):
            return None
        return self.of(line[key.end() :])

    def asserted(self, sentence: str) -> str | None:
        """The label that a sentence asserts last, as in "so the review is positive"."""
        asserted = list(self._asserted.finditer(sentence))
        found = self._right.search(sentence) or (asserted[-1] if asserted else None)
        if found is None:
            return None
        before = _CLAUSE.split(sentence[: found.start("label")])[-1]
        return None if _HEDGE.search(before) else self._only(found, sentence)

    def _only(self, found: re.Match[str] | None, text: str) -> str | None:
        label = self._name(found)
        if found is None or label is None:
            return None
        other = self._name(self._another.match(text, found.end("label")))
        return label if other in {None, label} else None

    def _name(self, found: re.Match[str] | None) -> str | None:
        return self._names.get(label_form(found["label"])) if found else None


def first_sentence(line: str) -> str:
    """The first sentence of a line."""
    return f"{_SENTENCE.split(line[:_LINE], maxsplit=1)[0].strip()}\n"


def last_sentence(line: str) -> str:
    """The last sentence of a line."""
    sentences = [part for part in _SENTENCE.split(line[-_LINE:]) if part.strip()]
    return f"{sentences[-1].strip()}\n" if sentences else "\n"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _spelled(form: str) -> str:
    return r"[\s_-]+".join(map(re.escape, form.split(" ")))


def _label(spelled: str) -> str:
    return rf"(?P<label>{spelled}){_TAIL}(?![^\W_])"


def _cased(letter: str) -> bool:
    return letter.upper() != letter.lower()
