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
}
"""Statuses of errors that come inside a stream, under HTTP 200, by their code or type."""

CONTEXT = re.compile(r"context (length|size|window)|exceed_context|context_length_exceeded")
"""Words by which a prompt is said to be too long."""

CONTEXT_TOKENS = re.compile(r"context (?:length|size|window)\D{0,40}?(\d+)|\"?n_ctx\"?\D{1,4}(\d+)")

UNSUPPORTED = re.compile(
    r"unsupported[ _](parameter|value)|not supported|(does|do) not support|isn't supported"
    r"|unknown[ _](parameter|field|argument)|unrecognized"
    r"|(extra|additional) (inputs|fields|properties) (are )?not (permitted|allowed)"
)
"""Words by which a parameter is said not to be taken at all, whatever its value."""

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
    """

    status: int
    text: str
    code: str = ""
    param: str = ""
    retry_after: float | None = None

    @classmethod
    def of(cls, status: int, body: object, headers: Mapping[str, str] | None = None) -> Refusal:
        """Read an error body: an OpenAI error object, FastAPI's details, or any text."""
        fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
        error = fields.get("error")
        if isinstance(error, dict):
            fields = cast("dict[str, Any]", error)
        message: object = fields.get("message") or fields.get("detail") or fields.get("error")
        message = cast("object", message or body or "")
        code, kind = fields.get("code"), fields.get("type") or fields.get("error_type")
        if not status:
            status = _status(code) or _status(kind)
        text = message if isinstance(message, str) else json.dumps(message, default=str)
        return cls(
            status=status,
            text=text[:ENOUGH],
            code=" ".join(str(part) for part in (code, kind) if part)[:ENOUGH],
            param=str(fields.get("param") or "")[:ENOUGH],
            retry_after=None if headers is None else _retry_after(headers),
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
    if isinstance(code, int):
        return code
    text = str(code)
    return int(text) if text.isascii() and text.isdecimal() else CODES.get(text.lower(), 0)


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
