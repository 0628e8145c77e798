"""Dates and times of day in one form: `May 8, 1945` is `1945-05-08`, `3:30 p.m.` is `15:30`."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["DATE", "NUMERIC_DATE", "TIME", "canonical_moment", "names_month"]

# January to December in English, German, French, Spanish, Portuguese, Italian, Dutch, Russian,
# Polish and Turkish. A name that two languages share means the same month in both.
_MONTHS: Final = (
    "january jan januar janvier enero janeiro gennaio januari января stycznia ocak",
    "february feb februar février febrero fevereiro febbraio februari февраля lutego şubat",
    "march mar märz mars marzo março maart марта marca mart",
    "april apr avril abril aprile апреля kwietnia nisan",
    "may mai mayo maio maggio mei мая maja mayıs",
    "june jun juni juin junio junho giugno июня czerwca haziran",
    "july jul juli juillet julio julho luglio июля lipca temmuz",
    "august aug août agosto augustus августа sierpnia ağustos",
    "september sept sep septembre septiembre setembro settembre сентября września eylül",
    "october oct oktober octobre octubre outubro ottobre октября października ekim",
    "november nov novembre noviembre novembro ноября listopada kasım",
    "december dec dezember décembre diciembre dezembro dicembre декабря grudnia aralık",
)
_NUMBER_OF: Final = {
    name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()
}
_MONTH: Final = rf"(?:{'|'.join(sorted(_NUMBER_OF, key=len, reverse=True))})\b\.?"
_DAY: Final = r"[0-3]?[0-9](?![0-9])(?:st|nd|rd|th|er|º|\.)?"
_YEAR: Final = r"[12][0-9]{3}(?![0-9])"

NUMERIC_DATE: Final = (
    rf"{_YEAR}-[01][0-9]-[0-3][0-9](?![0-9])"
    rf"|{_YEAR}[ ]?[年년][ ]?[0-9]{{1,2}}[ ]?[月월](?:[ ]?[0-9]{{1,2}}[ ]?[日일])?"
    rf"|[0-3]?[0-9]/[0-3]?[0-9]/{_YEAR}|[0-3]?[0-9]\.[0-3]?[0-9]\.{_YEAR}"
)
"""A date in numbers; to be matched without regard to case."""

DATE: Final = (
    rf"{_DAY}[ ](?:of[ ]|de[ ])?{_MONTH}(?:,?[ ](?:de[ ]|del[ ])?{_YEAR})?"
    rf"|{_MONTH}[ ]{_DAY}(?:,?[ ]{_YEAR})?|{_MONTH},?[ ](?:de[ ])?{_YEAR}|{NUMERIC_DATE}"
)
"""A date; to be matched without regard to case."""

TIME: Final = (
    r"[0-2]?[0-9](?::[0-5][0-9]){1,2}(?![0-9:])(?:[ ]?[ap]\.?[ ]?m\b\.?|[ ]?(?:uhr|hrs|hours)\b)?"
    r"|[01]?[0-9][ ]?(?:[ap]\.m\.?|[ap]m\b)"
)
"""A time of day; to be matched without regard to case."""

_WRITTEN: Final = re.compile(
    rf"(?:(?P<day>{_DAY}) (?:of |de )?(?P<month>{_MONTH})(?:,? (?:de |del )?(?P<year>{_YEAR}))?"
    rf"|(?P<month2>{_MONTH}) (?P<day2>{_DAY})(?:,? (?P<year2>{_YEAR}))?"
    rf"|(?P<month3>{_MONTH}),? (?:de )?(?P<year3>{_YEAR})"
    rf"|(?P<year4>{_YEAR}) ?[年년] ?(?P<month4>[0-9]{{1,2}}) ?[月월]"
    r"(?: ?(?P<day4>[0-9]{1,2}) ?[日일])?)",
    re.IGNORECASE,
)
_CLOCK: Final = re.compile(
    r"([0-2]?[0-9])(?::([0-5][0-9]))?(?::([0-5][0-9]))? ?(?:([ap])\.? ?m\.?|(uhr|hrs|hours))",
    re.IGNORECASE,
)
_EARLY: Final = re.compile(r"0[0-9](?::[0-5][0-9]){1,2}")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")


def names_month(text: str) -> bool:
    """Whether a text has the name of a month in it; without one, `NUMERIC_DATE` says enough."""
    return any(word in _NUMBER_OF for word in _WORD.findall(text.lower()))


def canonical_moment(text: str) -> str | None:
    """The one form of a date with a month's name, or of a time of day; None for anything else."""
    if written := _WRITTEN.fullmatch(text):
        parts = {name.rstrip("234"): part for name, part in written.groupdict().items() if part}
        month = parts["month"].lower().rstrip(".")
        number = int(month) if month.isdigit() else _NUMBER_OF[month]
        date = f"{parts.get('year', '-')}-{number:02}"
        return f"{date}-{int(re.sub('[^0-9]', '', parts['day'])):02}" if "day" in parts else date
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return text[1:] if _EARLY.fullmatch(text) else None
    if clock[2] is None and clock[4] is None:
        return None
    hour = int(clock[1])
    if clock[4] is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (clock[4].lower() == "p")
    return ":".join([str(hour), clock[2] or "00", *([clock[3]] if clock[3] else [])])
