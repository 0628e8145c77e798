"""Numbers as texts write them, and the last one that is not a part of something else."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from deepprune_sdk.answers.dates import DATE, NUMERIC_DATE, TIME, names_month

__all__ = ["NUMBER", "last_number"]

NUMBER_REACH: Final = 2_000
"""Characters from the end in which the last number is looked for."""

# Not `\w`: where words are written without spaces, a number follows a letter.
_LETTERS = r"0-9A-Za-z_\u00c0-\u04ff"
# Every repetition is bounded or consumes what no other repetition can: a match costs a constant.
_SPACE = r"(?:\\[,;: !]|\{,\}|[\u00a0\u202f\u2009~]|,){1,2}"
_INTEGER = (
    rf"[0-9]{{1,3}}(?:{_SPACE}[0-9]{{3}})+(?![0-9])"
    r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?![0-9])"  # 1,00,000
    r"|[0-9]{1,3}(?:[ '\u2019][0-9]{3})+(?![0-9])|[0-9]+"
)
_DECIMAL = (
    r"(?:[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+(?![0-9])|[0-9]{1,3}(?:\.[0-9]{3}){2,}(?![0-9])"
    rf"|(?:{_INTEGER})(?:\.[0-9]+|(?:,|\{{,\}})[0-9]+(?!,?[0-9]))?|\.[0-9]+)"
    r"(?:\.\.\.|…|\\(?:[lc]?dots|overline\{[0-9]{1,20}\}|bar\{[0-9]{1,20}\}))?"
)
_SUPERSCRIPT = r"[\u207a\u207b]?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]{1,5}"
_POWER = rf"(?:\^(?:\{{[-+\u2212]?[0-9]{{1,5}}\}}|[-+\u2212]?[0-9]{{1,5}})|{_SUPERSCRIPT})"
_SCALE = (
    r"[ ](?:hundred|thousand|[mbt]r?illions?|lakhs?|crores?|dozen|Millionen|Mio\.?|milliards?"
    r"|Milliarden|millones|milhões|milioni|миллион\w*|миллиард\w*|milyon|miljoen)(?!\w)"
    r"|[ ]?[万萬亿億만억]"
)
_BASE = r"_(?:\{\(?[0-9]{1,2}\)?\}|[0-9]{1,2})"
NUMBER: Final = re.compile(
    rf"""
    (?:(?<![{_LETTERS})\]}}.])(?<![0-9)\]}}][ ])[-+\u2212\u00b1])?
    (?:\\?[$€£¥₹][ ]?)?
    (?<![{_LETTERS}.])
    (?:
        \\[dtc]?frac[ ]?\{{[-\u2212]?{_DECIMAL}\}}[ ]?\{{{_DECIMAL}\}}
      | [0-9]+(?:[ ]|(?=\\))(?:[0-9]+/[0-9]+(?![0-9])|\\[dtc]?frac\{{[0-9]+\}}\{{[0-9]+\}})
      | (?:{_DECIMAL})(?:{_POWER}|{_BASE}|[eE][-+]?[0-9]{{1,5}}(?!\w))?
        (?:[ ]?(?:\\times|\\cdot|[\u00d7\u00b7*x])[ ]?10{_POWER}|[ ]?/[ ]?{_DECIMAL})?
    )
    (?:[ ]?\\?%|[ ]per[ ]?cent\b|[ ]?[€£]|{_SCALE})?
    """,
    re.VERBOSE,
)
"""A number with its sign, currency, power of ten, percent sign or scale word."""

_MIXED: Final = (
    r"(?:hours?|hrs?|h|minutes?|mins?|seconds?|secs?|days?|weeks?|months?|years?|feet|foot|ft"
    r"|inch(?:es)?|in|pounds?|lbs?|ounces?|oz|dollars?|cents?)\b"
)
# "3 m by 4 m": not "8 by 10:30".
_SIZE: Final = (
    r"[0-9]+(?:\.[0-9]+)?(?:[ ]?(?:[kcm]?m|ft|feet|foot|in|inch(?:es)?|yards?|meters?|metres?"
    r"|centimeters?|units?|cells?))?(?![:0-9]|\.[0-9])"
)
_CJK_MIXED: Final = r"(?:个?小时|小時|時間|分钟|分鐘|分|秒|天|시간|분|초)"
_TERM: Final = r"(?:[0-9]*[a-z](?:\^\{?[0-9]+\}?)?|[0-9]+(?:\.[0-9]+)?)(?!\w)"
_OPERATOR: Final = r"[ ]?[-+*/][ ]?"
_VARIABLE: Final = r"[0-9]*[a-z](?:\^\{?[0-9]+\}?)?"
_EXPRESSION: Final = (
    rf"(?:{_VARIABLE}(?:{_OPERATOR}{_TERM})+"
    rf"|[0-9]+(?:{_OPERATOR}{_TERM})*{_OPERATOR}[0-9]*[a-z](?:{_OPERATOR}{_TERM})*"
    r"|[0-9]+[nkpqrtuwxyz])(?!\w)"
)
# What the number behind it only names: "Step 3".
# What the number behind it only names: "Step 3".
_NAMED: Final = """
    step steps case equation eq figure fig part question problem example section chapter page p pp
    option theorem lemma line row column no table version method approach round stage phase trial
    item note footnote source attempt check schritt fall seite aufgabe étape cas página paso passo
    caso pagina pregunta questão domanda шаг случай страница странице страницы задача вопрос adım
    sayfa stap bladzijde krok strona stronie 步骤 방법 단계 第
"""
_NAMES: Final = frozenset(_NAMED.split())
# What tells a year in prose: "in 1945".
_DATED: Final = """
    in since until till before after during year circa early late mid im jahr seit en depuis año ano
    em nel anno год году года jaar rok roku
"""
_WHEN: Final = frozenset(_DATED.split())
# What follows a number of four digits that is not a year: "in 2000 steps".
_COUNTED: Final = re.compile(
    r"[\w,.]?[0-9]|[ ]?(?:[%°$€]|(?:[kcm]?m|k?g|met(?:er|re)s?|dollars?|euros?|people|steps?|ways"
    r"|hours?|years?|days|units?|words|points|copies|students|votes|miles?|feet)\b)"
)
_PLAIN: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]+)?")
_BEFORE: Final = re.compile(r"([^\W\d_]+)\.?[ #(]{0,3}\Z")
_YEAR: Final = re.compile("1[5-9][0-9]{2}|20[0-9]{2}")
_RESULTS: Final = re.compile(r"result\w* in[ ]\Z")
_PART: Final = r"[-\u2212\u00b1]?(?:[0-9]+(?:\.[0-9]+)?|[a-z]|\\?[a-z]{2,8})"


@lru_cache(maxsize=2)
def _quantity(date: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
        # Within a word, and at a space, nothing begins: that is told at once.
        (?=[^\w\s]|[0-9]|(?<![^\W\d_])[^\W\d_]|^|[\u3040-\uffdc]|_)(?:
        (?<![{_LETTERS}.-])[0-9]{{3}}-[0-9]{{4}}(?![0-9])  # a telephone number
      | (?P<whole>
            (?<![{_LETTERS}.])(?:{date})
          | (?<![{_LETTERS}.:])(?:{TIME})
          | (?<![{_LETTERS}.:])[0-9]+(?:[ ]?:[ ]?[0-9]+)+(?![\w:])
          | (?<![{_LETTERS}.])[0-9]+(?:[ ]?[\u2013]|-)[ ]?[0-9]+(?![\w-])
          | (?:[0-9]+[ ]?{_CJK_MIXED}){{2,6}}
          | (?:[(\[]|\\?\{{)[ ]?{_PART}(?:,[ ]?{_PART}){{1,9}}[ ]?(?:[)\]]|\\?\}})
          | (?<![{_LETTERS}.])[0-9]+[ ](?:out[ ]of|in|of)[ ][0-9]+(?!\w|\.[0-9])
          | (?<![{_LETTERS}.])(?:{_DECIMAL})(?:[ ]?[\u00d7x][ ]?(?:{_DECIMAL})){{1,3}}
              (?![\^\u2070-\u2079\u00b9\u00b2\u00b3\w]|[ ]?[=\u2248])
          | (?<![{_LETTERS}.])(?:{_SIZE}(?:[ ]by[ ]{_SIZE}){{1,2}})(?<=[a-z])(?!\w)
          | (?:half|quarter|five|ten|twenty|twenty-five)[ ](?:past|to)[ ][0-9]{{1,2}}(?!\w)
          | {NUMBER.pattern}[ ](?:or|oder|ou|o|или)[ ]{NUMBER.pattern}
          | {NUMBER.pattern}[ ]?[a-z]{{1,8}}[ ]per[ ][0-9.]+[ ]?[a-z]{{1,8}}
          | (?<![{_LETTERS}.])[0-9]+['\u2032][ ]?[0-9]+(?:["\u2033]|'')
          | (?<=\bare[ ]){NUMBER.pattern},?[ ]and[ ]{NUMBER.pattern}
          | {NUMBER.pattern}(?:,[ ]{NUMBER.pattern}){{1,6}},?[ ]and[ ]{NUMBER.pattern}
          | (?:(?<=\bis[ ])|(?<=\bare[ ])|(?<=\bwas[ ])){NUMBER.pattern}[ ]to[ ]{NUMBER.pattern}
          | between[ ]{NUMBER.pattern}[ ]and[ ]{NUMBER.pattern}
          | (?<![{_LETTERS}.])[0-9]+[ ]?{_MIXED}(?:,?[ ](?:and[ ])?[0-9]+[ ]?{_MIXED})+
          | (?<![{_LETTERS}.]){_EXPRESSION}
        )
      | (?<![{_LETTERS}.])[0-9]+(?:\.[0-9]+){{2,}}             # a version, an address
      | (?<=[A-Za-z]-)[0-9]+ | (?<=\#)[0-9]+ | (?<=\[)[0-9]+(?=\])
      | \\(?:(?:eq)?ref|label|cite|h?phantom|[hv]space)\{{[^{{}}]*\}}
      | [\^_](?:\{{[^{{}}]{{0,20}}\}}|[-+\u2212]?[0-9]+)   # an exponent, an index
      | ^[ \t>*_#]*[(]?[0-9]{{1,2}}[.)](?=[ ]|\*)         # of a list
      | (?:1[5-9]|20)[0-9]{{2}}[ ]?[年년]
      | (?P<number>{NUMBER.pattern})
        )
        """,
        re.VERBOSE | re.IGNORECASE | re.MULTILINE,
    )


_SINGLE_UNITS: Final = frozenset("mgshlLJNWVACFKd")
_ORDINAL: Final = re.compile(r"(?:st|nd|rd|th|ième|e|er|ère|[ºª])\b|\.[ºª]|-(?:й|я|е|го|th)\b")
_MATH: Final = re.compile(
    r"\$\$(.+?)\$\$|(?<!\\)\$([^$\n]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL
)
_EQUALS: Final = re.compile(r"=|\\(?:approx|equiv|Rightarrow|implies|to|iff)(?![A-Za-z])|[≈≡⇒→]")
_PROSE: Final = re.compile(r"[0-9.,]\s+[A-Za-z]{2}|(?<![\\A-Za-z])[A-Za-z]{4}")
_DIGIT: Final = re.compile("[0-9]")
# Brackets with words in them, as in "3.5 kg (7.7 lb)".
_ASIDE: Final = re.compile(
    r"(?:(?<=\w )|(?<=[\u3040-\uffdc]))\([^()\n]{0,200}?[^\W\d_]{2}[^()\n]{0,200}\)"
    r"|(?<=[0-9] )\((?=[^()]{0,60}?[0-9] ?[-+*/\u00d7\u00f7=] ?[0-9])[^()\n]{1,80}\)"
)
_REACHES: Final = (64, 300, NUMBER_REACH)
_AFTER: Final = 24
_CONTEXT: Final = 20
_AROUND: Final = 500
_FULL_STOP: Final = re.compile(r"(?<!\.\.)\.\Z")
_LONGEST: Final = 80


def last_number(text: str) -> str | None:
    """The last quantity of a text as it is written there, or None.

    It is read whole, with what it is a part of: a fraction, a date, a time, a ratio, a pair, the
    formula behind an equals sign. What only counts or names something is passed over: exponents and
    indices, the numbers of lists and steps, years in prose.
    """
    from_the_end = _DIGIT.search(text[: -NUMBER_REACH - 1 : -1])
    if from_the_end is None:
        return None
    digit = len(text) - from_the_end.end()
    # Mostly the last number stands in the last few words: to try all patterns is not cheap.
    end = min(len(text), digit + 1 + _AFTER)
    last = in_aside = None
    for reach in _REACHES:
        begin = max(0, digit - reach)
        if begin > 0:
            begin = text.find(" ", begin, digit) + 1 or begin
        last, in_aside = _last_quantity(text, begin, end)
        # What begins right there may be the end of something.
        if last is not None and last.start() > begin + _CONTEXT:
            break
    last = last or in_aside
    if last is None:
        return None
    return _formula(text, last.start(), last.end()) or _FULL_STOP.sub("", last[0].strip())


def _last_quantity(
    text: str, begin: int, end: int
) -> tuple[re.Match[str] | None, re.Match[str] | None]:
    """The last quantity, and the last one in an aside: in brackets with words in them."""
    date = DATE if names_month(text[begin:end]) else NUMERIC_DATE
    asides = [aside.span() for aside in _ASIDE.finditer(text, begin, end + _AROUND)]
    last = in_aside = None
    for found in _quantity(date).finditer(text, begin, end):
        whole = found["whole"] and _DIGIT.search(found["whole"])
        if not whole and not (found["number"] and _is_whole(text, found)):
            continue
        if any(start < found.start() < stop for start, stop in asides):
            in_aside = found
        else:
            last = found
    return last, in_aside


def _is_whole(text: str, found: re.Match[str]) -> bool:
    after = text[found.end() : found.end() + 5]
    if _ORDINAL.match(after) or _is_named(text, found):
        return False
    # `5x` is a product; `5m` and `5 cm` are quantities.
    letter = after[:1].isascii() and after[:1].isalpha()
    return not letter or after[1:2].isalpha() or after[:1] in _SINGLE_UNITS


def _is_named(text: str, found: re.Match[str]) -> bool:
    """Whether a number only names something: a step, a page, a year in prose."""
    if not _PLAIN.fullmatch(found[0]):
        return False
    before = text[max(0, found.start() - _AFTER) : found.start()].lower()
    word = _BEFORE.search(before)
    if word is None:
        return False
    if word[1] in _NAMES or word[1].endswith(("第", "步骤")):
        return True
    if not _YEAR.fullmatch(found[0]) or _COUNTED.match(text, found.end()):
        return False
    return before.endswith("as of ") or (word[1] in _WHEN and not _RESULTS.search(before))


def _formula(text: str, start: int, end: int) -> str | None:
    """What stands behind the last equals sign of the formula that a number is a part of."""
    begin = text.rfind("\n\n", max(0, start - _AROUND), start) + 1 or max(0, start - _AROUND)
    for math in _MATH.finditer(text, begin, end + _AROUND):
        if math.start() <= start and end <= math.end():
            inside = next(group for group in math.groups() if group is not None)
            if _PROSE.search(inside):
                return None
            value = _EQUALS.split(inside)[-1].strip(" \n\t.,;")
            return value if 0 < len(value) <= _LONGEST else None
    begin = text.rfind("\n", 0, start) + 1
    equals = text.rfind("=", begin, start)
    if equals < 0:
        return None
    right = text[equals + 1 : equals + 1 + _AROUND].partition("\n")[0]
    value = right.strip(" .*_`$")
    if "=" in right or " " in value or not 0 < len(value) <= _LONGEST or _PROSE.search(right):
        return None
    return value if value.count("{") == value.count("}") else None
