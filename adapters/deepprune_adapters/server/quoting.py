"""What a server says, quoted: one short line without secrets, and without what it was sent."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, cast
from urllib.parse import quote, unquote

import httpx2

__all__ = [
    "LONGEST",
    "Quoting",
    "keep_out_of_log",
    "secrets_of_address",
    "secrets_of_headers",
    "texts_sent",
]

LONGEST = 200
"""Characters of a provider's text in an error of ours."""

READ = 16 * LONGEST
"""Characters of it that are looked at."""

SHORTEST = 8
"""Characters of a prompt that is hidden where it is quoted; shorter ones are words like others."""

WINDOW, STRIDE = 12, 4
"""Characters by which a quoted piece of a prompt is known, and how far apart they are looked for:
any piece of their sum is found."""

SECRET = re.compile(r"auth|key|token|secret|cookie|sig|pass|code|credential", re.IGNORECASE)
"""Names of headers, of fields and of a query's parts whose values are not to be shown."""

LONG = 16
"""Characters from which a value in a query is taken for a secret, whatever its name."""

LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|gsk|hf)[-_][\w*.\-]{6,}|(?<=Bearer )\S+|(?<=Basic )\S+|(?<=://)[^\s/@]+@"
)


_unlogged: set[bytes] = set()


def keep_out_of_log(query: bytes) -> None:
    """Keep the query of an address out of the log of the HTTP client, which has every address."""
    _unlogged.add(query)
    logging.getLogger("httpx2").addFilter(_without_query)  # once, however often it is added


def _without_query(record: logging.LogRecord) -> bool:
    """Take the query out of the addresses in a record, where it is one that holds a key."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            arg.copy_with(query=None)
            if isinstance(arg, httpx2.URL) and any(query in arg.query for query in _unlogged)
            else arg
            for arg in record.args
        )
    return True


class Quoting:
    """Makes a foreign text safe to show.

    Error pages echo what they were sent, headers and all, so neither a secret nor a piece of the
    prompt is quoted from them, however it is written there.
    """

    def __init__(self, secrets: Sequence[str], sent: Sequence[str] = ()) -> None:
        """Name the secrets, and the texts that were sent."""
        spelled = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
        self._secrets = sorted(spelled, key=len, reverse=True)
        self._sent = [form for text in sent if text.strip() for form in _forms(text)]

    def line(self, text: str | bytes) -> str:
        """Return one short line of a foreign text."""
        if isinstance(text, bytes):
            text = text[: 4 * READ].decode("utf-8", "replace")
        text = self._without_sent(self._without_secrets(text)[:READ])
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."

    def is_safe(self, text: str) -> bool:
        """Whether a text can be shown as it is, as a traceback does."""
        shown = all(c.isprintable() or c == "\n" for c in text)
        clean = self._without_sent(self._without_secrets(text)[:READ])
        return shown and clean == text[:READ]

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[key]")
        return LOOKS_LIKE_A_KEY.sub("[key]", text)

    def _without_sent(self, text: str) -> str:
        hidden = [False] * len(text)
        for sent in self._sent:
            for begin, end in _quoted(text, sent):
                hidden[begin:end] = [True] * (end - begin)
        runs = groupby(zip(text, hidden, strict=True), key=lambda one: one[1])
        return "".join(
            "[prompt]" if hides else "".join(character for character, _ in run)
            for hides, run in runs
        )


def _forms(text: str) -> set[str]:
    """A text as it is, and as JSON writes it, once and twice."""
    once = json.dumps(text)[1:-1]
    return {text, once, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(once)[1:-1]}


def _quoted(text: str, sent: str) -> Iterator[tuple[int, int]]:
    """Where a text has pieces of what was sent: from where to where."""
    if len(sent) < WINDOW + STRIDE:
        found = re.finditer(re.escape(sent), text) if len(sent) >= SHORTEST else ()
        yield from (one.span() for one in found)
        return
    at = 0
    while at + WINDOW <= len(text):
        if text[at : at + WINDOW] not in sent:
            at += STRIDE
            continue
        begin, end = at, at + WINDOW
        while begin and text[begin - 1 : end] in sent:
            begin -= 1
        while end < len(text) and text[begin : end + 1] in sent:
            end += 1
        yield begin, end
        at = end


def texts_sent(body: Mapping[str, Any]) -> list[str]:
    """Return the texts of a request body that are the user's: messages, texts to embed."""
    return list(_texts([body.get("messages"), body.get("input"), body.get("prompt")]))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in cast("Sequence[object]", value):
            yield from _texts(one)
    elif isinstance(value, Mapping):
        for name, one in cast("Mapping[str, object]", value).items():
            if name not in ("role", "type"):
                yield from _texts(one)


def secrets_of_headers(headers: Mapping[str, object]) -> set[str]:
    """Return the values of headers, or of fields, whose names say that they are secret.

    Of "Basic dXNlcg==" the credentials as well: servers echo them without the word.
    """
    values = [value for name, value in headers.items() if SECRET.search(name)]
    texts = [value for value in values if isinstance(value, str)]
    return {part for text in texts for part in (text, *text.split())}


def secrets_of_address(url: httpx2.URL) -> set[str]:
    """Return what an address has of credentials, as headers and error pages write them too."""
    found = {url.password, unquote(url.password)}
    if url.userinfo:
        for user, password in {
            (url.username, url.password),
            (unquote(url.username), unquote(url.password)),
        }:
            found.add(base64.b64encode(f"{user}:{password}".encode()).decode())
    found |= {
        value
        for name, value in url.params.multi_items()
        if SECRET.search(name) or len(value) >= LONG
    }
    return found
