"""The last words of a text: what they conclude, what they emphasise, and what only follows them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["Bold", "bold_in", "concludes", "last_line", "without_afterword", "without_offer"]

_LINE: Final = 300  # longest line that is read
_AFTERWORDS: Final = 3  # paragraphs after an answer that are taken off
_REACH: Final = 4_000  # characters from the end in which they stand
_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n")
_LINE_BREAK: Final = re.compile(r"\n")
_SENTENCE: Final = re.compile(r"[.!?](?:\*\*)?\s+(?=[\w\u00bf])|[\u3002]")

# The words that draw a conclusion in languages other than English, of which more is known.
_CONCLUSIONS: Final = (
    r"also|daher|somit|folglich|demnach|deshalb|insgesamt|donc|ainsi|par conséquent|finalement"
    r"|por (?:lo )?tanto|así|entonces|en conclusión|luego|portanto|logo|assim|então|em conclusão"
    r"|quindi|dunque|pertanto|perciò|таким образом|итак|значит|следовательно|поэтому|отже"
    r"|таким чином|тому|zatem|więc|czyli|dlatego|dus|daarom|kortom|alltså|därför|derfor|altså"
    r"|tedy|proto|takže|dolayısıyla|bu nedenle|o halde|sonuç olarak|böylece|siis|joten|deci"
    r"|prin urmare|așadar|tehát|άρα|επομένως|συνεπώς|do đó|vì vậy|vậy|suy ra|như vậy|vì thế|jadi"
    r"|oleh karena itu|dengan demikian"
    # what is left when the others are ruled out
    r"|reste|queda|bleibt|resta|rimane|остаётся|остается|zostaje"
)
_UNSPACED: Final = (
    "因此|所以|故|综上|由此|于是|因而|よって|したがって|従って|ゆえに|つまり|以上より|以上から|따라서|그러므로"
    "|그래서|결국|إذن|لذلك|بالتالي|لذا|अतः|इसलिए|剩下|只剩|残る|ดังนั้น|לכן|לפיכך|بنابراین"
)
_MORE: Final = (
    r"[^?\n]{0,80}\b(?:another|similar|more|also|too|else|next|explain|explanation|show|see|walk"
    r"|practi[cs]e|further|example|help|elaborate|know|visuali[sz]e|plot)\b"
)
# A question that asks for no more than another task.
_OFFER: Final = (
    rf"(?:(?:would|do) you (?:like|want|need)(?={_MORE})|shall i(?={_MORE})|should i(?={_MORE})"
    rf"|want (?:me )?to(?={_MORE})|any (?:other |more )?questions|is there anything else"
    r"|(?:möchtest|willst) du|möchten sie|soll ich|(?:voulez|souhaitez)[ -]vous|veux-tu"
    r"|¿?(?:quieres|te gustaría|deseas|desea)\b|vuoi\b|desideri\b|(?:você )?(?:gostaria|quer)\b"
    r"|хотите\b|хочешь\b|wil je\b|chcesz\b"
    r"|需要我|要不要|还需要|还有其他|他に|더 궁금|هل تريد|هل ترغب)"
)
# How a paragraph begins that only follows an answer: a check of it, an offer.
_AFTERWORD: Final = (
    r"(?:(?:quick |sanity |double[- ])?check(?:ing)?|verif(?:y|ying|ication)|let me know"
    r"|let['\u2019]s (?:check|verify)|to (?:check|verify)|we can (?:check|verify)"
    r"|feel free|i hope|hope th(?:is|at)|if you(?:['\u2019]d like| would like"
    r"| (?:want|need|have) any| want (?:me|to))"
    r"|probe|zur probe|kontrolle|vérification|vérifions"
    r"|n['\u2019]hésite[zs]?|verificación|comprobación|comprobemos|verificação|verificando|verifica"
    r"|проверка|проверим|sprawdzenie|sağlama|controle)\b"
    r"|(?:验证|驗證|检验|檢驗|验算|驗算|検算|確認|검산|확인|如果你|如果您|如有)"
)


@lru_cache(maxsize=1)
def _afterword() -> re.Pattern[str]:
    return re.compile(
        rf"[\s*_#>(\[~\u2713\u2705]{{0,8}}(?:{_AFTERWORD}"
        rf"|{_OFFER}[^.!\n]{{0,300}}[?\uff1f\u061f])",
        re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def _offer() -> re.Pattern[str]:
    return re.compile(rf"[\s*_#>(\[~]{{0,8}}{_OFFER}", re.IGNORECASE)


@lru_cache(maxsize=1)
def _conclusion() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_CONCLUSIONS})(?!\w)|{_UNSPACED}", re.IGNORECASE)


_BOLD: Final = re.compile(r"\*\*([^*\n]{1,200})\*\*|__([^_\n]{1,200})__|<(b|strong)>([^<\n]+)</\3>")


def without_afterword(text: str) -> str:
    """The text without what only follows its answer: "Check: 2 + 3 = 5", "Let me know if ..."."""
    text = text.rstrip()
    for _ in range(_AFTERWORDS):
        at = _begin_of(_afterword(), text)
        if at == 0:
            break
        text = text[:at].rstrip()
    return text


def without_offer(text: str) -> str:
    """The text without a last question that offers more: "Would you like to try another?"."""
    stripped = text.rstrip()
    if stripped[-1:] not in {"?", "\uff1f", "\u061f"}:
        return text
    at = _begin_of(_offer(), stripped)
    return stripped[:at].rstrip() if at else text


def _begin_of(opening: re.Pattern[str], text: str) -> int:
    """Where the last paragraph, line or sentence begins that opens so, or 0."""
    begin = max(0, len(text) - _REACH)
    starts = [_last_start(text, begin, part) for part in (_PARAGRAPH, _LINE_BREAK, _SENTENCE)]
    return next((at for at in starts if at > 0 and opening.match(text, at)), 0)


def _last_start(text: str, begin: int, separator: re.Pattern[str]) -> int:
    at = 0
    for found in separator.finditer(text, begin):
        at = found.end()
    return at


def last_line(text: str) -> str:
    """The last line of a text that says something; "" where it is too long to be an answer."""
    line = text.rstrip()[-_LINE - 1 :].rpartition("\n")[2].strip()
    return line if len(line) <= _LINE else ""


def concludes(sentence: str) -> bool:
    """Whether a sentence draws a conclusion, in a language other than English."""
    return _conclusion().search(sentence) is not None


class Bold(NamedTuple):
    """What is in bold, and what follows it."""

    content: str
    after: str


def bold_in(line: str) -> Bold | None:
    """The one thing that a line has in bold, or None: where it has two, neither says enough.

    What only leads up to something is not meant: `**Note:**`, the number of an item, a heading.
    """
    spans = [
        (found, (found[1] or found[2] or found[4]).strip())
        for found in _BOLD.finditer(line[-_LINE:])
    ]
    if len(spans) != 1:
        return None
    found, content = spans[0]
    after = line[-_LINE:][found.end() :]
    if content.endswith((":", "\uff1a")) or after.startswith((":", "\uff1a")):
        return None
    return None if re.fullmatch(r"[0-9]{1,2}[.)]", content) else Bold(content, after)
