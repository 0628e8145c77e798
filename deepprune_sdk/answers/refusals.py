"""Replies that decline to answer."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["refuses"]

REACH: Final = 300
"""Characters at each end of a reply in which a refusal is looked for."""

_REFUSES: Final = re.compile(
    r"\b(?:i|we)(?:\s+am|'m|\u2019m|\s+are|'re)?\s+(?:(?:really|very|so|truly)\s+)?"
    r"(?:sorry\b|(?:can(?:not|'t|\u2019t|\s+not)|could(?:n't|\u2019t|\s+not)|unable\s+to|not\s+able\s+to"
    r"|(?:do\s+not|don't|don\u2019t)\s+(?:know|have\s+(?:enough|access|information))"
    r"|(?:won't|won\u2019t|will\s+not))\b)"
    r"|^\W*(?:no\s+idea|not\s+sure|unknown|n/a)\b"
    r"|\bas\s+an?\s+ai\b|\bcannot\s+be\s+(?:answered|determined)\b",
    re.IGNORECASE,
)


def refuses(reply: str) -> bool:
    """Whether a reply, taken to state no answer, says that there will be none."""
    return _REFUSES.search(reply[:REACH]) is not None or (
        len(reply) > REACH and _REFUSES.search(reply[-REACH:]) is not None
    )
