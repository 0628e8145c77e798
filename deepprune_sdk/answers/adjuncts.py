"""What a sentence adds to its value: "$80 *after the 20% discount*", "14 hours *to earn $210*"."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

__all__ = ["without_adjunct"]

_LONGEST: Final = 400  # characters of a sentence that are read
_TIMES: Final = 3  # that something is taken off
_GAP: Final = 70  # characters between a value and what is added to it

_SENTENCE: Final = re.compile(r"(?:(?<=[.!?])\*{0,2}\s|\n|\u3002)\s{0,8}(?=\S)")
_THE: Final = (
    r"(?:the|these|those|all|his|her|their|its|our|den|dem|seinen|ihren|ses|les|leurs|los|las|sus"
    r"|dei|delle|suoi|sue|dos|das|seus|suas|de|zijn|haar|swoich|этих|всех|an?)"
)
_TIME: Final = (
    r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|sekunden?|minuten?|stunden?|tagen?"
    r"|wochen?|monaten?|jahren?|secondes?|heures?|jours?|semaines?|mois|ans|segundos?|minutos?"
    r"|horas?|d[ií]as?|semanas?|meses|años|anos|secondi|minuti|ore|giorni|settimane|mesi|anni"
    r"|дн\w+|час\w*|минут\w*|недел\w+|месяц\w*|лет|dagen|uur|weken|jaar|dni|godzin\w*)\b"
)
# Conjunctions, and prepositions, whose numbers were given before, wherever the value stands.
_SURE: Final = (
    r"после того,? как|before|until|bevor|avant|antes de|prima (?:di|che)|пока|voordat"
    r"|na (?:het|de|een)|after|because|since|when|whenever|where|if|assuming|once|than"
    r"|instead of|rather than"
    r"|attained at|nachdem|nach|weil|wenn|falls|wobei|statt|anstatt|après|parce que|quand|lorsque"
    r"|au lieu|después de|tras|porque|cuando|donde|en vez|dopo|perché|invece|depois de|após|em vez"
    r"|после|потому|так как|когда|если|вместо|omdat|nadat|ponieważ|gdy"
)
# The same where the value is the object, or is said to be: "sold 54 shirts in 3 days".
_LIKELY: Final = "|".join(
    (
        # what it is for, unless that is a price
        r"(?:for|für|pour|para|per|voor|dla|для)\s(?!\S{0,3}[$€£₹]|\S+\s?(?:€|euros?\b|dollars?\b))",
        r"(?P<aim>to)\s(?!about\b|approximately\b|exactly\b|only\b|nearly\b|an?\b|at\b|be\b)(?=[a-z]{2})",
        r"(?<=,\s)(?=[$€£]?[0-9.,]+\s(?:\w+\s){0,2}(?:more|less|fewer|\w{2,8}er)\s(?:\w+\s)?than\b)",
        r"um\s(?=[^.]{1,80}\s\w*zu)|om\s(?=[^.]{1,80}\ste\s)|(?:чтобы|aby|żeby)\s",
        rf"(?:in|en|em|w|за|within)\s(?=(?:{_THE}\s)?[0-9][0-9.,]*\s{_TIME})",
        rf"(?:out of|of|from|on|with|among|between|in|von|sur|di|van|parmi|из)\s(?={_THE}\s"
        r"(?:[^\W\d_]+\s){0,2}[$€£]?[0-9])",
        r"(?:de\s(?:los|las|sus)|dei|delle|dos|das)\s(?=[0-9])",
        r"(?:below|under|above|less than|fewer than|greater than|more than)\s(?=[0-9])",
        r"(?:between|from)\s(?=[0-9]+\s(?:and|to)\s[0-9])",
        r"at\s(?=[$€£][0-9.,]+\s(?:each|per|apiece)|\W{0,2}[a-z]\s?=)",
        r"(?:selling|buying|using|including|excluding|considering|counting)\s",
    )
)
_ADJUNCT: Final = re.compile(
    rf",?\s(?:(?P<sure>(?:{_SURE})(?![^\W_]|,))|(?P<likely>{_LIKELY}))|(?P<east>才能|才可以|才会|就能)",
    re.IGNORECASE,
)
_OPENS: Final = re.compile(rf"(?:{_SURE})(?![^\W_]|,)")  # a line, below a formula
# After these "to" belongs to the verb: "has to pay 20", "comes to about 20".
_VERBS: Final = (
    "have has had need needs needed want wants able going used ought decide decides plan plans"
    " equal equals up down comes come amounts corresponds leads due according adds sums rises"
    " rose drops falls fell increases decreases increased decreased grew reduced raised"
)
_BOUND: Final = frozenset(_VERBS.split())
# After these "in" leads to what comes out: "which results in 320 days".
_RESULTS: Final = re.compile(
    r"\b(?:result|results|resulted|resulting|resulta|resultan|resultando|resulte|resultant|résulte"
    r"|resultiert|resultieren|risulta|culminat\w+)\Z",
    re.IGNORECASE,
)
# Before a number: it is given, or is itself only added.
_GIVEN: Final = re.compile(
    rf"(?:\b(?:(?!de\b){_THE}|both|each|every|on|in|after|with|at|during|within|nach|mit|bei|après|avec"
    r"|con|com|dopo|через|с|как)|\A)\s?\Z",
    re.IGNORECASE,
)
# "reaches 0 after 13 steps": then it is when that is asked for.
_TARGET: Final = re.compile(
    r"\b(?:reach(?:es|ed)?|hits?|exceeds?|arrives?|finish(?:es)?|erreicht|atteint|alcanza|atinge)\s"
    r"(?:\w+\s){0,3}\Z",
    re.IGNORECASE,
)
_PASSES: Final = re.compile(
    r"(?:after|in|within|nach|après|después|dopo|após|depois)\b", re.IGNORECASE
)
_LEADS: Final = re.compile(
    r"(?:(?:so|thus|therefore|hence|then|also|daher|donc|also|por (?:lo )?tanto|portanto|quindi"
    r"|dus|zatem|значит)[,:]?\s)",
    re.IGNORECASE,
)
# What says a value of its own: "after 2 days she has 5".
_SAYS: Final = re.compile(
    r"[0-9].{0,80}\b(?:is|are|was|were|be|has|have|had|gets?|got|makes?|costs?|needs?|takes?|sells?"
    r"|earns?|pays?|remain\w*|leaves?|equals?|ist|sind|hat|haben|kostet|est|sont|a|reste|coûte"
    r"|es|son|tiene|quedan?|cuesta|è|sono|ha|restano|costa|é|são|tem|restam|равн\w+|осталось|стоит"
    r"|heeft|kost|ma|kosztuje)\s(?:\w+\s)?[\\({$€£*]{0,4}[0-9]"
    r"|[0-9].{0,80}(?<![A-Za-z] )(?<![A-Za-z])=",
    re.IGNORECASE,
)
# What comes out of what stands before it: "we add 3 and 4 to get 7".
_GIVES: Final = re.compile(
    r"\b(?:get|gets|getting|obtain\w*|find|gives(?! (?:away|[0-9]+ (?:\w+ )?to)\b)|yield\w*|leaves"
    r"|giving|mak(?:es|ing)|com(?:es|ing)\sto|amount(?:s|ing)\sto"
    r"|end(?:s|ing)?\sup\s(?:with|at|being)|bring(?:s|ing)|donnant|dando|resulta\sen"
    r"|leaving|total\w*|equals?|equaling|becomes?|erhalten|ergibt|obtenir|trouver|donne|obtener|da"
    r"|obter|ottenere|получить|получаем|krijgen|otrzymać)\s(?:\w+\s){0,3}[$€£]?[-\u2212]?[0-9]"
    r"|[0-9]\s(?:(?:zu|te)\s)?(?:erhalten|krijgen)\b",
    re.IGNORECASE,
)
_COMPUTES: Final = re.compile(
    r"\b(?:add|subtract|multipl|divid|combin|sum|round|simplif|addier|subtrahier|dividier|addition"
    r"|soustra|sumamos|restamos|somamos|subtra)\w*",
    re.IGNORECASE,
)
# "25 when x = 5": only where it is the value that is asked for.
_AT: Final = re.compile(r"\W{0,3}[a-z]\W{0,2}(?:\bis\b|=)", re.IGNORECASE)
_EXTREME: Final = re.compile(
    r"\b(?:max\w*|min\w*|value|valor|valeur|wert|valore|largest|smallest|значени\w*)",
    re.IGNORECASE,
)
_IS: Final = re.compile(
    r"(?:\b(?:is|was|are|were|be|equals|ist|beträgt|est|es|é|è|jest)|[=:])\s"
    r"(?:\w+\s)?[\\({$€£*]{0,4}[-\u2212]?[0-9]",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r"[;:]\s|,\s(?!как\b)|\b(?:so|thus|therefore|hence|then)\b")
_DISPLAYED: Final = re.compile(r"(?:\$\$|\\\])\s{0,8}\Z")
_DIGIT: Final = re.compile("[0-9]")


def without_adjunct(text: str, value_in: Callable[[str], str | None]) -> str:
    """The text without what its last sentence only adds to a value: a condition, an aim, a time.

    Without that the last number is the one that the sentence is about. The text stays as it is
    where nothing is added, where no value stands before it, or where what is added says a value of
    its own.

    Args:
        text: A text that ends where its answer should stand.
        value_in: The value in which a text ends, or None.
    """
    for _ in range(_TIMES):
        end = text.rstrip()
        begin = max(0, len(end) - _LONGEST)
        for found in _SENTENCE.finditer(end, begin):
            begin = found.end()
        if _OPENS.match(end, begin) and _DISPLAYED.search(end, max(0, begin - _GAP), begin):
            text = end[:begin]
            continue
        at = _added_from(end[begin:], value_in)
        if at is None:
            return text
        text = end[: begin + at]
    return text


def _added_from(sentence: str, value_in: Callable[[str], str | None]) -> int | None:
    """Where in a sentence begins what is only added to the value before it, or None."""
    first, last = _DIGIT.search(sentence), None
    if first is None:
        return None
    for found in _ADJUNCT.finditer(sentence, first.end()):
        added = sentence[found.end() :]
        if not _DIGIT.search(added) or _CLAUSE.search(added) or _SAYS.search(added):
            continue
        before = sentence[: found.start()]
        if _RESULTS.search(before) or _GIVES.search(sentence, found.start()):
            continue
        if found["aim"] and (
            before.rpartition(" ")[2].lower() in _BOUND or _COMPUTES.search(before)
        ):
            continue
        if _AT.match(added):
            if not _EXTREME.search(before):
                continue
        elif found["likely"] and _IS.search(added):
            continue
        value = value_in(before)
        at = before.rfind(value) if value else -1
        if value is None or at < 0 or len(before) - at - len(value) > _GAP:
            continue
        if _TARGET.search(before[:at]) and _PASSES.match(found[0].strip()):
            continue
        if found["likely"] and _GIVEN.search(_LEADS.sub("", before[:at])):
            continue
        last = found.start()
        break
    return last
