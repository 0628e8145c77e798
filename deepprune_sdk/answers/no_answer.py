"""What looks like an answer and is none: placeholders of a template, and refusals."""

from __future__ import annotations

import re
from typing import Final

from deepprune_sdk.answers.last_words import without_offer

__all__ = ["is_placeholder", "is_refusal"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LONGEST: Final = 60  # characters of a placeholder
_SIGNS: Final = 20  # characters from the end in which a question mark is looked for
_NEAR_END: Final = 400  # characters from the end in which a text refuses

# What says nothing, LaTeX or plain. `\{\}` is the empty set and no empty place.
_NOTHING: Final = re.compile(
    r"\\(?:(?:eq)?ref|label|cite|h?phantom|[hv]space|tag|underline)\*?\s?\{[^{}]*\}"
    r"|\\(?:[lc]?dots|quad|qquad|square|Box|text\w*|math(?:rm|bf|it|sf|tt)|[mh]box|bf|it|rm"
    r"|boldsymbol|displaystyle|boxed|fbox)(?![A-Za-z])|\\[ ,;:!_#]|[\s.…$~?_#*`\"'\u25a1]"
    r"|(?<!\\)[{}]"
)
# In brackets of any shape: what to write there, or what it is called.
_BRACKETED: Final = re.compile(
    r"[\[<{(\uff3b\u3010]{1,2}\s?(?:(?:insert|enter|your|write|put|fill|type|add|the|ihre?|dein"
    r"|votre|su|tu|sua|tua|ваш|您的|你的|在此|此处)(?![a-z])[^\[\]<>{}()]{0,50}"
    r"|(?<!\()(?!none|null|true|false|yes|no\b)[a-z]{3,12}(?: [a-z]{3,12})?)"
    r"\s?[\]>})\uff3d\u3011]{1,2}",
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
    число окончательный buraya hier jouw uw twoja 최종 여기에 النهائية आपका अंतिम यहाँ
    """
)
_QUALIFIED: Final = frozenset(("solution", "option", "choice", "text", "string", "name"))
_YOURS: Final = frozenset(("your", "final", "insert", "put", "write", "enter", "fill", "correct"))

# Phrases of refusals in small letters, most of them the beginning of a sentence. Most texts have
# none, and to look for a phrase costs little. A star: the word may continue.
_PHRASES: Final = """
    apologi* | unfortunately i | unfortunately, i | as an ai | as a language model
    | as a large language model | timed out | rate limit | i must decline | answer": null
    | i do not know | i don't know | i do not have | i don't have | i do not possess | i have no
    | we do not know | we don't know | we do not have | we don't have | we have no | i lack
    | we lack | i need more information | i need more context | i need more details
    | i need more data | we need more information | we need more context | we need more details
    | we need more data | i'm not sure | i am not sure | i'm not certain | i am not certain
    | i'm unable | i am unable | we are unable | i'm not able | i am not able | we are not able
    | i'm afraid | i am afraid | my data | my training | my knowledge | not enough information
    | not enough data | not enough context | not enough details | insufficient information
    | insufficient data | missing information | missing data | not possible to determine
    | not possible to answer | not possible to say | not possible to know | not possible to solve
    | impossible to determine | impossible to answer | impossible to say | could you share
    | could you provide | no idea | isn't enough information | could you clarify | could you give
    | could you tell | could you please | can you provide | can you share | can you clarify
    | please provide | please share | please clarify | please specify | please upload
    | please send | tut mir leid | leider | ich weiß nicht | ich weiß es nicht
    | nicht genug informationen | nicht beantwort* | nicht bestimm* | könnten sie | pourriez-vous
    | désolé* | je ne peux pas | je ne sais pas | je ne suis pas | je n'ai pas
    | impossible de répondre | impossible de déterminer | podrías | podría usted | puedes indicar*
    | lo siento | no puedo | no sé | no tengo | imposible responder | imposible determinar
    | você poderia | poderia informar | potresti | desculpe | lamento | não posso | não sei
    | não consigo | não tenho | sinto muito | infelizmente | mi dispiace | non posso | non so
    | non ho | non sono in grado | purtroppo | извините | к сожалению | не могу | не знаю
    | невозможно определить | у меня нет | не могли бы вы | уточните | 请您 | 请提供 | 请补充
    | 教えてください | 알려 주 | 알려주 | 抱歉 | 对不起 | 對不起 | 无法 | 無法 | 不知道 | 不能回答
    | 不确定 | 信息不足 | 申し訳 | すみません | わかりません | 分かりません | できません
    | お答えでき | 不明です | 죄송 | 모르겠 | 알 수 없 | 할 수 없 | 답변할 수 | 드릴 수 없 | عذرا
    | عذرًا | آسف | لا أستطيع | لا يمكنني | لا أعرف | لا أعلم | للأسف | يؤسفني | क्षमा | माफ़
    | माफ | खेद | नहीं दे सकता | नहीं दे सकती | पता नहीं | नहीं जानता | असमर्थ | üzgünüm
    | maalesef | bilmiyorum | veremem | yanıtlayam* | cevaplayam* | özür | het spijt me | helaas
    | ik weet het niet | przykro mi | niestety | nie mogę | nie wiem | nie jestem w stanie
    | przepraszam | xin lỗi | không thể | tôi không | maaf | tidak dapat | saya tidak
    """
# What a text misses; a conclusion that comes after it says what it is taken for.
_MISSES: Final = """
    does not say | doesn't say | do not say | does not state | doesn't state | does not specify
    | doesn't specify | does not give | doesn't give | does not mention | doesn't mention
    | does not provide | doesn't provide | not specified | not stated in | not mentioned in
    | contradict each other | not solvable | lässt sich nicht | steht nicht im | nicht angegeben
    | geht nicht hervor | on ne peut pas | ne permet pas | ne permettent pas | n'est pas précisé
    | ne précise pas | pas possible de | no se puede | no es posible | no se especifica
    | no indica | no dice | faltan datos | não é possível | não se pode | não informa | não diz
    | faltam dados | non è possibile | non si può | non specifica | mancano dati
    | нельзя определить | невозможно | недостаточно | не указан* | nie można | nie da się
    | niet te bepalen | niet vermeld | belirlenemez | hesaplanamaz | 没有给出 | 没有说明 | 未给出
    | 未说明 | 不能确定 | 書かれていません | 決まりません | 足りません | 정해지지 않 | 부족합니다
    | لا يمكن تحديد | غير كافية
    """


def _stems(phrases: str) -> tuple[tuple[str, bool], ...]:
    words = (" ".join(part.split()) for part in phrases.split("|"))
    return tuple((phrase.rstrip("*"), phrase.endswith("*")) for phrase in words)


_STEMS: Final = _stems(_PHRASES)
_ASCII_STEMS: Final = tuple(stem for stem in _STEMS if stem[0].isascii())
_MISSING: Final = _stems(_MISSES)
_CONCLUDES: Final = re.compile(
    r"(?:[.!?\u3002]\s|\n\s{0,8})(?:\W{0,4})(?:so|thus|therefore|hence|daher|also|donc|por tanto"
    r"|por lo tanto|portanto|quindi|dus|zatem|итак|значит|поэтому|因此|所以|よって"
    r"|따라서)\b[^.!?]*[0-9]"
)
_ERROR: Final = ("error", "traceback", "exception")
_CANNOT: Final = ("cannot", "can't", "can not", "could not", "couldn't", "won't", "will not")
# "I cannot use 3 here" refuses nothing.
_REFUSES: Final = re.compile(
    r"\b(?:i|we) (?:cannot|can not|can't|could not|couldn't|won't|will not) (?:\w+ )?"
    r"(?:answer|provide|determine|help|assist|solve|give|find|compute|calculate|complete|access|do"
    r"|say|tell|read|see|open|know|verify|classify|write|fulfil|comply|produce|offer)"
    r"|\b(?:cannot|can not|can't|could not) be (?:determined|answered|solved|computed|calculated"
    r"|found|concluded|verified)"
)
# Not of a correction: "Sorry, that should be 12."
_SORRY: Final = re.compile(
    r"\bsorry\b(?!,? (?:that|it|this) should (?:be|have|read)\b|,? i meant?\b)"
)
_ASKS_FIRST: Final = re.compile(r"\s*(?:would|could|do|did) you\b[^.!?\n]{1,200}\?", re.IGNORECASE)
_SPACELESS: Final = "\u0590"
_FOLDED: Final = str.maketrans("\u2019\u0130", "'i")
_ASKS: Final = re.compile(r"[?\uff1f\u061f][\s*_\"')\]]*\Z")


def is_placeholder(answer: str) -> bool:
    r"""Whether an answer is only the place of one: `...`, `your answer`, `\ref{30}`, or nothing."""
    if len(answer) > _LONGEST:
        return False
    if not _NOTHING.sub("", answer):
        return True
    if _BRACKETED.fullmatch(answer.strip()):
        return True
    words = _NOT_LETTERS.sub(" ", _NOTHING.sub(" ", answer)).lower().split()
    if not _WORDS.issuperset(words):
        return False
    if words == ["n", "a"] or not _HEADS.isdisjoint(words):
        return True
    return not _QUALIFIED.isdisjoint(words) and not _YOURS.isdisjoint(words)


def is_refusal(text: str) -> bool:
    """Whether the end of a text says that there is no answer, or asks its reader something."""
    text = without_offer(text)
    end = text[-_NEAR_END:].translate(_FOLDED).lower()
    if _ASKS.search(end, max(0, len(end) - _SIGNS)) or text.lstrip()[:9].lower().startswith(_ERROR):
        return True
    stems = _ASCII_STEMS if end.isascii() else _STEMS
    if any(_occurs(*stem, end) for stem in [stem for stem in stems if stem[0] in end]):
        return True
    misses = [stem for stem in _MISSING if stem[0] in end]
    if any(_occurs(*stem, end) for stem in misses) and not _CONCLUDES.search(end):
        return True
    if _ASKS_FIRST.match(text):
        return True
    if "sorry" in end and _SORRY.search(end):
        return True
    return any(word in end for word in _CANNOT) and _REFUSES.search(end) is not None


def _occurs(stem: str, may_continue: bool, text: str) -> bool:
    """Whether a phrase stands in a text, and not inside of a word: "leider" is not in "Kleider"."""
    at = text.find(stem)
    while at >= 0:
        end = at + len(stem)
        inside = text[at - 1 : at].isalpha() or (not may_continue and text[end : end + 1].isalpha())
        # Scripts without spaces, or with prefixes, have no such words.
        if stem[0] >= _SPACELESS or not inside:
            return True
        at = text.find(stem, at + 1)
    return False
