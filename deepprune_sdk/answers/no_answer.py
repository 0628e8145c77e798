"""What looks like an answer and is none: placeholders of a template, and refusals."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_placeholder", "is_refusal"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LONGEST: Final = 60  # characters of a placeholder
_NEAR_END: Final = 500  # characters from the end in which a text refuses

# What says nothing, LaTeX or plain. `\{\}` is the empty set and no empty place.
_NOTHING: Final = re.compile(
    r"\\(?:(?:eq)?ref|label|cite|h?phantom|[hv]space|tag|underline)\*?\s?\{[^{}]*\}"
    r"|\\(?:[lc]?dots|quad|qquad|square|Box|text\w*|math(?:rm|bf|it|sf|tt)|[mh]box|bf|it|rm"
    r"|boldsymbol|displaystyle|boxed|fbox)(?![A-Za-z])|\\[ ,;:!_#]|[\s.…$~?_#*`\"'\u25a1]"
    r"|(?<!\\)[{}]"
)
# Not `\W`: the vowel signs of Devanagari are none of its word characters.
_NOT_LETTERS: Final = re.compile(r"[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")
# The words of which "your final answer here" is made, in the languages of `languages.py`.
_HEADS: Final = _words(
    """
    answer ans answers result value number letter expression integer xxx todo tbd
    antwort ergebnis réponse reponse résultat respuesta resultado resposta risposta risultato
    ответ cevap cevabınız antwoord odpowiedź
    答案 你的答案 您的答案 最终答案 答え 最終的な答え 回答 정답 답 답안 الإجابة الجواب إجابتك उत्तर
    """
)
_WORDS: Final = _HEADS | _words(
    """
    a an the your my our his final correct numeric numerical exact here goes in put insert write
    enter fill place box boxed form format only of as to is name or and n solution option choice
    text string ihre deine die der das endgültige zahl hier einfügen buchstabe votre ta la le finale
    ici nombre lettre tu su aquí número letra sua aqui tua qui numero lettera il ваш твой здесь
    число окончательный buraya hier jouw uw twoja 최종 النهائية आपका अंतिम यहाँ
    """
)
_QUALIFIED: Final = frozenset(("solution", "option", "choice", "text", "string", "name"))
_YOURS: Final = frozenset(("your", "final", "insert", "put", "write", "enter", "fill", "correct"))

_REFUSALS: Final = re.compile(
    r"""
    \b(?:i|we)\s(?:can\s?not|can['\u2019]?t|could\s?(?:not|n['\u2019]t)|won['\u2019]?t|will\snot)\s
        (?:\w+\s)?(?:answer|provide|determine|help|assist|solve|give|find|compute|calculate|complete
        |access|do|say|tell|read|see|open|know|verify|classify|write|fulfil|comply|produce|offer)
  | \b(?:i|we)(?:\sam|['\u2019]m|\sare|['\u2019]re)\s
        (?:not\s(?:able|sure|certain|capable)|unable|sorry|afraid)
  | \b(?:i|we)\s(?:do\snot|don['\u2019]?t)\s(?:know|have|possess|see|understand)
  | \bno\sidea\b
  | \b(?:i|we)\s(?:have\sno|lack|must\sdecline|apologi[sz]e|need\smore)
  | \b(?:my|the)\s(?:apologies|(?:training\s)?(?:data|knowledge)\s(?:ends?|only|cut|stops?|does))
  | \bas\san?\s(?:ai|language\smodel|large\slanguage)
  | \b(?:not\senough|insufficient|missing)\s(?:information|data|context|details)
  | \b(?:can\s?not|can['\u2019]?t|could\snot|unable\sto)\s(?:be\s)?
        (?:determined?|answer(?:ed)?|solved?|computed?|calculated?|found|concluded?|verified)
  | \b(?:could|can|would)\syou\s
        (?:please\s)?(?:share|provide|clarify|give|tell|send|specify|check)
  | \bplease\s(?:provide|share|clarify|specify|upload|send)
  | \b(?:not\spossible|impossible)\sto\s(?:determine|answer|say|know|tell|solve|find|compute)
  | \banswer["']?\s?:\s?(?:null|none)\b
  | \b(?:error|exception):\s | \btimed\sout\b | \brate\slimit
  | \bsorry\b | \bapologi[sz]e | \bunfortunately,?\si\b
  | \b(?:tut\smir\sleid|leider|ich\sweiß\s(?:es\s)?nicht|nicht\sgenug\sinformationen
        |ich\skann\s(?:das|die|diese\w?|dir|ihnen|hier)\b[^.\n]{0,60}\bnicht
        |kann\snicht\s(?:beantwort|bestimm))
  | \b(?:désolée?|je\sne\s(?:peux|sais|suis)\spas|je\sn['\u2019]ai\spas
        |impossible\sde\s(?:répondre|déterminer))
  | \b(?:lo\ssiento|no\spuedo|no\ssé|no\stengo|imposible\s(?:responder|determinar)|lamento)
  | \b(?:desculpe|lamento|não\s(?:posso|sei|consigo|tenho)|sinto\smuito|infelizmente)
  | \b(?:mi\sdispiace|non\s(?:posso|so|ho|sono\sin\sgrado)|purtroppo)
  | (?:извините|к\sсожалению|не\sмогу|не\sзнаю|невозможно\sопределить|у\sменя\sнет)
  | (?:抱歉|对不起|對不起|无法|無法|不知道|不能回答|不确定|信息不足)
  | (?:申し訳|すみません|わかりません|分かりません|できません|お答えでき|不明です)
  | (?:죄송|모르겠|알\s수\s없|할\s수\s없|답변할\s수|드릴\s수\s없)
  | (?:عذرا|عذرًا|آسف|لا\sأستطيع|لا\sيمكنني|لا\sأعرف|لا\sأعلم|للأسف|يؤسفني)
  | (?:क्षमा|माफ़|माफ|खेद|नहीं\sदे\sसकता|नहीं\sदे\sसकती|पता\sनहीं|नहीं\sजानता|असमर्थ)
  | (?:üzgünüm|maalesef|bilmiyorum|cevap\sveremem|yanıtlayam|cevaplayam|özür)
  | \b(?:het\sspijt\sme|helaas|ik\skan\s[^.\n]{0,40}niet|ik\sweet\shet\sniet)
  | (?:przykro\smi|niestety|nie\smogę|nie\swiem|nie\sjestem\sw\sstanie|przepraszam)
  | (?:xin\slỗi|không\sthể|tôi\skhông|maaf,?\s|tidak\sdapat|saya\stidak)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ASKS: Final = re.compile(r"[?\uff1f\u061f][\s*_\"')\]]*\Z")


def is_placeholder(answer: str) -> bool:
    r"""Whether an answer is only the place of one: `...`, `your answer`, `\ref{30}`, or nothing."""
    if len(answer) > _LONGEST:
        return False
    if not _NOTHING.sub("", answer):
        return True
    words = _NOT_LETTERS.sub(" ", _NOTHING.sub(" ", answer)).lower().split()
    if not _WORDS.issuperset(words):
        return False
    if words == ["n", "a"] or not _HEADS.isdisjoint(words):
        return True
    return not _QUALIFIED.isdisjoint(words) and not _YOURS.isdisjoint(words)


def is_refusal(text: str) -> bool:
    """Whether the end of a text says that there is no answer, or asks its reader something."""
    end = text[-_NEAR_END:]
    return _REFUSALS.search(end) is not None or _ASKS.search(end) is not None
