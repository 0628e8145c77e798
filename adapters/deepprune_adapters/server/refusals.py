"""What a provider says when it refuses, in whichever of the usual forms."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

__all__ = ["CONTEXT", "UNSUPPORTED", "Refusal", "context_of"]

CODES = {
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "invalid_request_error": 400,
    "badrequesterror": 400,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "too_many_requests": 429,
    "insufficient_quota": 429,
    "resource_exhausted": 429,
    "overloaded_error": 529,
    "internal_server_error": 500,
    "server_error": 500,
    "internal": 500,
    "unavailable": 503,
    "deadline_exceeded": 504,
    "invalid_argument": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
}
"""Statuses of errors that come inside a stream, under HTTP 200, by their code or type."""

CONTEXT = re.compile(r"context (length|size|window)|exceed_context|context_length_exceeded")
"""Words by which a prompt is said to be too long."""

CONTEXT_TOKENS = re.compile(r"context (?:length|size|window)\D{0,40}?(\d+)|\"?n_ctx\"?\D{1,4}(\d+)")

UNSUPPORTED = re.compile(
    r"unsupported[ _](parameter|value)|not supported|(does|do) not support|isn't supported"
    r"|unknown[ _](parameter|field|argument|name)|unrecognized"
    r"|(extra|additional) (inputs|fields|properties) (are )?not (permitted|allowed)"
)
"""Words by which a parameter is said not to be taken at all, whatever its value."""

_DELAY = (
    r"(?:(?P<hours>\d{1,6})h)?(?:(?P<minutes>\d{1,6})m(?!s))?"
    r"(?:(?P<seconds>\d{1,9}(?:\.\d{1,12})?) ?s(?:econds?)?\b)?"
    r"(?:(?P<milliseconds>\d{1,9}(?:\.\d{1,12})?) ?ms\b)?"
)
DELAY = re.compile(_DELAY)
TRY_AGAIN_IN = re.compile(rf"(?:retry|try again) (?:in|after) (?=\d){_DELAY}", re.IGNORECASE)
"""How waits are written in the body of a refusal, and the words before them."""

ENOUGH = 2000
"""Characters in which a refusal says what it refuses; some quote the whole request after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a provider says went wrong, however it says it.

    Attributes:
        status: HTTP status, or what an error inside the stream would have had; 0 if unknown.
        text: Its message.
        code: Its machine-readable code and type.
        param: The parameter it names, or "".
        retry_after: Seconds it asks to wait, or None.
        says_when: Whether its words say so too: then it is only for now.
    """

    status: int
    text: str
    code: str = ""
    param: str = ""
    retry_after: float | None = None
    says_when: bool = False

    @classmethod
    def of(cls, status: int, body: object, headers: Mapping[str, str] | None = None) -> Refusal:
        """Read an error body: OpenAI's object, FastAPI's details, Gemini's list, any text."""
        if isinstance(body, list) and body:
            body = cast("list[object]", body)[0]
        fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
        error = fields.get("error")
        if isinstance(error, dict):
            fields = cast("dict[str, Any]", error)
        message: object = fields.get("message") or fields.get("detail") or fields.get("error")
        message = cast("object", message or body or "")
        code, kind = fields.get("code"), fields.get("type") or fields.get("error_type")
        if not status:
            status = _status(code) or _status(kind) or _status(fields.get("status"))
        text = message if isinstance(message, str) else _written(message)
        wait = _wait_in_words(fields, text[:ENOUGH])
        asked = None if headers is None else _retry_after(headers)
        return cls(
            status=status,
            text=text[:ENOUGH],
            code=" ".join(filter(None, map(_word, (code, kind, fields.get("status"))))),
            param=_word(fields.get("param")),
            retry_after=wait if asked is None else asked,
            says_when=wait is not None,
        )

    @property
    def words(self) -> str:
        """Everything it says, in lower case, to look for words in."""
        return f"{self.text} {self.code} {self.param}".lower()


def context_of(refusal: Refusal) -> tuple[int | None, int | None]:
    """Read a refusal of a long prompt.

    Returns:
        The server's context and the tokens of the request, each None where it does not say.
    """
    said = refusal.words
    found = CONTEXT_TOKENS.search(said)
    limit = int(found[1] or found[2]) if found else None
    larger = [int(number) for number in re.findall(r"\d+", said) if limit and int(number) > limit]
    return limit, max(larger, default=None)


def _status(code: object) -> int:
    text = str(code) if isinstance(code, str) or (type(code) is int and 0 <= code < 600) else ""
    if re.fullmatch("[1-5][0-9]{2}", text):
        return int(text)
    return CODES.get(text.lower(), 0)


def _word(value: object) -> str:
    if isinstance(value, str):
        return value[:ENOUGH]
    return str(value) if type(value) is int and 0 <= value < 1_000_000 else ""


def _written(message: object) -> str:
    """What is not text, as JSON; without the request that FastAPI quotes in its details."""
    if isinstance(message, list):
        message = [
            {k: v for k, v in cast("dict[str, object]", one).items() if k not in ("input", "ctx")}
            if isinstance(one, dict)
            else one
            for one in cast("list[object]", message)
        ]
    try:
        return json.dumps(message, default=str)
    except (RecursionError, ValueError):
        return ""


def _wait_in_words(fields: Mapping[str, Any], text: str) -> float | None:
    """Seconds to wait by the body: Gemini's `retryDelay`, or "try again in 1m2.5s"."""
    details: Any = fields.get("details")
    for detail in cast("list[Any]", details) if isinstance(details, list) else []:
        delay: Any = (
            cast("dict[str, Any]", detail).get("retryDelay") if isinstance(detail, dict) else 0
        )
        if isinstance(delay, str) and (found := DELAY.fullmatch(delay)):
            return _delay(found)
    found = TRY_AGAIN_IN.search(text)
    return None if found is None or not any(found.groups()) else _delay(found)


def _delay(found: re.Match[str]) -> float:
    units = {"hours": 3600.0, "minutes": 60.0, "seconds": 1.0, "milliseconds": 0.001}
    return sum(scale * float(found[unit] or 0) for unit, scale in units.items())


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    seconds = _number(headers.get("retry-after-ms"))
    if seconds is not None:
        return seconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is None and value:
        try:
            seconds = max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except (ValueError, OverflowError):
            return None
    return seconds


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
