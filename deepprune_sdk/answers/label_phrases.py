"""What may stand before and after a label that a reply gives as its answer.

Patterns for `labels.py`, for texts as `plain.legible` or `plain.folded` prepares them: quotes and
dashes are plain. Every repetition is bounded, so that a match costs a constant.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "AFTER",
    "AFTER_LETTER",
    "BOLD",
    "CALLED_RIGHT",
    "CLAUSE",
    "CLOSE",
    "CONTRAST",
    "COPULA",
    "ENDING",
    "FILLER",
    "HEDGE",
    "ITEM",
    "KEYED",
    "KINDS",
    "OPEN",
    "OPTION",
    "RETRACTION",
    "SENTENCE",
    "SIDE",
    "SUBORDINATE",
    "TAGGED",
    "TAIL",
    "TAKEN_BACK",
]

_EMOJI: Final = "\u2600-\u27bf\ufe0f\U0001f300-\U0001faff"

OPEN: Final = (
    rf"(?:[{_EMOJI}\s*_~`\"'(\[{{<#$>\u2022-]"
    r"|\\(?:text[a-z]*|math[a-z]*|boxed|[(\[ ,;!])){0,12}"
)
"""Markup and brackets before a label."""

CLOSE: Final = rf"(?:(?![\u2717\u2718\u274c\u2753])[{_EMOJI}*_~`\"')\]}}$>]|\\[)\]]|[^\S\n]){{0,8}}"
"""The same after it."""

# A stop within ASCII, as in `.env`, ends nothing; before another script it does: "C.光合成".
_MARK: Final = (
    r"(?:\n|[.!?;:,](?![A-Za-z0-9])|[\u3001\u3002\u2026\u0964\u060c\u06d4)\]]|-+(?:\s|>)"
    rf"|[{_EMOJI}])"
)

KINDS: Final = (
    "sentiment|tone|polarity|review|message|email|text|class|category|label|answer|option|choice"
    "|verdict|statement|claim|emotion|report|request|issue|risk|priority|severity|level|quality"
    "|confidence|likelihood|impact|urgency|relevance|probability|intensity|importance"
)
"""What a label may be of: "high risk"."""

_WORDS: Final = (
    "because|since|as|due|given|with|which|that|although|though|but|and|based|overall|considering"
)

AFTER: Final = rf"(?={CLOSE}(?:{_MARK}|[(\[<]|(?:{_WORDS}|{KINDS})\b))"
"""What follows a label that a statement begins with; a text that has ended has a line's end."""

AFTER_LETTER: Final = rf"(?={CLOSE}(?:{_MARK}|[(\[<]|(?:{_WORDS})\b))"
"""The same of a letter: "a risk" is none."""

ENDING: Final = rf"(?!{CLOSE}[?\uff1f])(?={CLOSE}(?:{_MARK}|[(\[]))"
"""What follows a label that a reply opens with."""

TAIL: Final = (
    r"(?:\s?(?:的|の)?(?:评论|评价|情感|情绪|态度|レビュー|感情)?"
    r"(?:です|だ|である|입니다|이다|예요|이에요)?)"
)
"""What Chinese, Japanese and Korean put after a label without a space."""

OPTION: Final = (
    r"(?:option|choice|answer|letter|statement|opci[oó]n|opção|opzione|alternativa|letra|lettera"
    r"|lettre|buchstabe|вариант|буква)"
)
"""What a letter may be called."""

FILLER: Final = (
    rf"(?:(?:the|an?|of|(?:correct |right |best |final )?(?:{OPTION}|label|class|category|sentiment"
    r"|verdict)(?: is)?"
    r"|la|le|les|el|il|lo|o|die|der|das|réponse|respuesta|resposta|risposta|antwort|ответ"
    r"|only|us with|clearly|most likely|likely|probably|definitely|certainly|therefore|thus|simply"
    r"|just|overall"
    r"|very|strongly|highly|mostly|mainly|largely|generally|predominantly|overwhelmingly|somewhat"
    r"|slightly|rather|quite|eindeutig|klar|claramente|clairement|nettement|chiaramente"
    r"|это|однозначно)"
    r"(?![^\W\d_])[\s:*_]{0,4}|选项|選項|一条|一个){0,4}"
)
"""Words before a label that leave it what it is; a negation is not among them."""

COPULA: Final = (
    r"(?:(?<![^\W_])(?:is|are|was|were|(?:it|that|this)'s|(?:would|should|must|will) be|has to be"
    r"|(?:seems|appears)(?: to be)?|remains|expresses|conveys|has|ist|war|est|es|é|è|fue|foi"
    r"|leaves|leaving|ends up|leans|lean(?:ing)? towards?|turns out(?: to be)?"
    r"|(?:would|'d|will) (?:say|guess|answer)"
    r"|match(?:es)?|corresponds? to|belongs to|falls (?:into|under)"
    r"|choos(?:e|ing)|chose|pick(?:ed)?|select(?:ed)?|(?:go|going) with|therefore|thus|hence|so"
    r"|(?:label|call|rate|mark|consider|deem|judge) (?:it|(?:this|that|the)(?: [a-z]{1,20})?)"
    r"(?: to be)?"
    r"|(?:class(?:ify|ified)|categori[sz]ed?|label(?:l?ed)?|mark(?:ed)?|rated?|judged?"
    r"|tag(?:ged)?|described?|seen|regard(?:ed)?)(?:\s[^\s.]{1,20}){0,6}?\s(?:as|under))"
    r"(?![^\W_]),?|[:\u2192]|[=-]>|\s-\s|是|为|為|选|選|は|은|는)\s{0,3}"
)
"""What joins a label to what it is said of."""

HEDGE: Final = re.compile(
    r"(?<![^\W_])(?:not|never|neither|nor|cannot|whether|if|unless|unclear|unsure|doubt"
    r"|(?:could|might|may) be|ruled? out|ruling out|eliminated?|excluded?"
    r"|(?:incorrect|wrong|false) (?:to|that)"
    r"|nicht|kein[a-z]{0,2}|pas|non|não|no es|не)(?![^\W_])|n't(?![^\W_])|不是|不选|不确定|不確定",
    re.IGNORECASE,
)
"""What takes back, or leaves open, what follows it in its clause."""

BOLD: Final = re.compile(r"\*\*([^*\n]{1,200})\*\*")
"""What is in bold."""

CLAUSE: Final = re.compile(r"[,;:]\s(?!\S{0,20}$)|(?<![^\W_])but(?![^\W_])|[=-]>|\u2192")
"""Where a clause ends."""

CONTRAST: Final = (
    r"(?:(?<![^\W_])(?:not|n't|nicht|pas|no|non|não|niet|nie|не|inte)\s[^.\n]{1,40}?(?<![^\W_])"
    r"(?:but(?: rather)?|sondern|mais|sino|mas|ma|maar|lecz|ale|а|utan|men)\s"
    r"|不是[^.\n]{1,20}?而是|아니라\s?|ではなく[、,]?)\s?"
)
"""What says of the label after it that it is meant, and not another: "not A but C"."""

SUBORDINATE: Final = re.compile(
    r",?\s(?:although|though|even (?:though|if)|since|because|while|whereas|despite|given that"
    r"|but (?:its|their|his|her)|obwohl|weil|da|bien que|car|aunque|porque|embora|sebbene|perché"
    r"|хотя)\s",
    re.IGNORECASE,
)
"""What ends the clause that says what a sentence is about."""

ITEM: Final = rf"(?:{CLOSE}[.:)\]]|\s?[\u2717\u2718\u274c\u2705\u2713\u2714])"
"""What follows a label that opens a line of a list."""

CALLED_RIGHT: Final = re.compile(
    r"(?:[.:)\]*_\s-]{1,8}|^)(?:[\u2705\u2713\u2714]\ufe0f?|[:*-]\s?(?:correct|right|richtig|correcta|juste))"
    r"[.!*_\s]{0,4}\Z|[:)]\s[*_]{0,2}(?:correct|right|richtig|correcta|juste)(?![^\W_])"
    r"|\A\W{0,8}[^\W_]\.\s[*_]{0,2}(?:correct|right|richtig|correcta|juste)(?=[.,;:!*_]|\s*\Z|\s[-\u2013\u2014])",
    re.IGNORECASE,
)
"""What a line of such a list says of the label that answers."""

RETRACTION: Final = re.compile(
    r"(?<![^\W_])(?:actually|wait|correction|sorry|hmm|no(?:,? wait)?|on second thoughts?"
    r"|scratch that|or rather)[,:.!\s-]{1,4}",
    re.IGNORECASE,
)
"""What takes back what was said before it."""

TAKEN_BACK: Final = re.compile(
    r"(?<![^\W_])(?:wait|actually|correction|hmm|on second thoughts?|scratch that)(?![^\W_])",
    re.IGNORECASE,
)
"""The same without a "no", which may be a label."""

KEYED: Final = re.compile(r"[\s*_>#\"'{\u2022-]{0,12}([^\n:=]{1,40}?)[\s*_\"']{0,6}[:=]")
"""The beginning of a line such as `Sentiment: positive`."""

SIDE: Final = re.compile(
    r"[\s*_>#\"'{|\u2022-]{0,12}(?:confidence|certainty|probability|konfidenz|sicherheit|confiance"
    r"|confianza|confiança|уверенность|置信度|信頼度)[^\n:=]{0,20}[:=]",
    re.IGNORECASE,
)
"""The beginning of a line that says how sure a label is."""

TAGGED: Final = re.compile(r"<([a-z_]{1,20})>([^<>]{1,80})</\1>", re.IGNORECASE)
"""A line such as `<label>spam</label>`."""

SENTENCE: Final = re.compile(r"(?<=[.!?\u0964])\s+|(?<=\u3002)")
"""Where a sentence ends."""
