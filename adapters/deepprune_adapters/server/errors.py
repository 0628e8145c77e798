"""Every foreign error, mapped once to the SDK's tree."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import NoReturn

import httpx2
import openai

from deepprune_adapters.server.connection import Endpoint
from deepprune_adapters.server.refusals import CONTEXT, Refusal
from deepprune_sdk.errors import (
    AuthenticationError,
    BackendError,
    BackendTimeoutError,
    BadRequestError,
    ModelNotFoundError,
    ProtocolError,
    RateLimitError,
    UnavailableError,
)

__all__ = ["ServerErrors"]

LONGEST = 200
"""Characters of a provider's text in an error of ours."""

LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|gsk|hf)[-_][\w*.\-]{6,}|(?<=Bearer )\S+|(?<=://)[^\s/@]+@"
)
QUOTA_SPENT = re.compile(
    r"insufficient_quota|exceeded your current quota|insufficient (credits|balance)"
)
UNKNOWN_MODEL = re.compile(
    r"model_not_found|model\b.*\b(not exist|not found|not supported|unknown)"
)
NOT_A_MODEL = re.compile(r"not a valid model|model_not_found|invalid model")

CONNECTION_LOST = {"TransportError", "EndOfStream", "BrokenResourceError", "ClientError"}
"""Names of errors of httpx, anyio and aiohttp that say that a connection has failed."""

NOT_A_SETTING = {"model", "messages", "input"}
"""Fields of a request that no setting changes; texts among them are quoted in no error."""

SAMPLING_FIELDS = {"max_tokens", "seed", "stop", "temperature", "top_logprobs", "top_p"}
"""Fields of a request that are settings of `Sampling` by the same name."""


class ServerErrors:
    """Makes every error of one server: what it refused, how it failed, what it is not.

    Whatever a provider or a client library says is quoted in one short line, without secrets.

    Attributes:
        url: Address of the server, without credentials.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Name what the errors have to name, and what they must not."""
        self.url = endpoint.url
        self._endpoint = endpoint

    def excerpt(self, text: str | bytes) -> str:
        """Return one short line of a foreign text that is safe to show."""
        if isinstance(text, bytes):
            text = text[: 16 * LONGEST].decode("utf-8", "replace")
        for secret in self._endpoint.secrets:
            text = text.replace(secret, "[key]")
        text = LOOKS_LIKE_A_KEY.sub("[key]", text[: 16 * LONGEST])
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."

    def unlike_openai(self, text: str | bytes, content_type: str = "") -> ProtocolError:
        """Say that this is no OpenAI-compatible server."""
        kind = f" ({self.excerpt(content_type)})" if content_type else ""
        return ProtocolError(
            f"not an OpenAI-compatible server at {self.url}: check base_url (it usually ends in "
            f"/v1); it sent{kind}: {self.excerpt(text) or 'nothing'}"
        )

    def broken_off(self, tokens: int, why: str = "") -> UnavailableError:
        """Say that a stream has ended before the model had."""
        return UnavailableError(
            f"the server broke the stream off after {tokens} tokens{why and f' ({why})'}"
        )

    def too_long(self) -> BackendTimeoutError:
        """Say that the total timeout is over."""
        return BackendTimeoutError(
            f"the response from {self.url} took more than {self._endpoint.total_timeout:g} s in "
            "total: raise total_timeout"
        )

    def of_refusal(self, refusal: Refusal, sent: Mapping[str, object]) -> BackendError:
        """Map what a provider says to an error.

        Args:
            refusal: The provider's words.
            sent: The fields of the request body, to name the value that was refused.
        """
        status, wait, said = refusal.status, refusal.retry_after, refusal.words
        text = self.excerpt("an HTML page" if "<html" in said else refusal.text)
        said_so = f": {text}" if text else ""
        if status == 402 or (status == 429 and QUOTA_SPENT.search(said)):
            spent = RateLimitError(f"the quota at {self.url} is used up{said_so}")
            spent.retryable, spent.fatal = False, True
            return spent
        if status == 429:
            return RateLimitError(f"{self.url} limits the rate{said_so}", retry_after=wait)
        if status in (401, 403):
            fix = "check the API key (OPENAI_API_KEY or api_key=)"
            if not self._endpoint.keyed:
                fix += ": no key was sent"
            return AuthenticationError(f"{self.url} refuses access ({status}){said_so}; {fix}")
        if status in (400, 422) and NOT_A_MODEL.search(said):
            status = 404
        if status in (404, 405):
            return self._not_found(said, said_so)
        if status == 501:  # a plain file server's answer to a POST; no load passes over
            return self.unlike_openai(text)
        if status in (408, 409, 425, 529) or status >= 500:
            return UnavailableError(f"{self.url} answers {status}{said_so}", retry_after=wait)
        if not status:
            return UnavailableError(f"{self.url} reports an error{said_so}", retry_after=wait)
        if status >= 400:
            return BadRequestError(self._bad_request(refusal, said_so, sent))
        return ProtocolError(f"{self.url} answers {status}{said_so}")

    def _not_found(self, said: str, said_so: str) -> ModelNotFoundError:
        model = re.escape(self._endpoint.model.lower())
        named = re.search(rf"(?<!\w){model}(?!\w)", said)
        if named or UNKNOWN_MODEL.search(said) or NOT_A_MODEL.search(said):
            return ModelNotFoundError(
                f"{self.url} does not serve the model {self._endpoint.model!r}{said_so}; check "
                f"model= against {self.url}/models"
            )
        return ModelNotFoundError(
            f"no chat completions at {self.url} (asked for model {self._endpoint.model!r})"
            f"{said_so}; check base_url (it usually ends in /v1)"
        )

    def _bad_request(self, refusal: Refusal, said_so: str, sent: Mapping[str, object]) -> str:
        said = refusal.words
        if CONTEXT.search(said):
            return (
                f"the prompt does not fit the model's context at {self.url}{said_so}; shorten the "
                "prompt or max_tokens, or serve the model with a longer context"
            )
        named = [field for field in sent if field == refusal.param]
        named += [field for field in sent if re.search(rf"\b{re.escape(field.lower())}\b", said)]
        for field in named:
            if field not in NOT_A_SETTING:
                known = "max_tokens" if field == "max_completion_tokens" else field
                where = (
                    f"Sampling({known}=...)" if known in SAMPLING_FIELDS else "Sampling(extra=...)"
                )
                value = self.excerpt(repr(sent[field]))
                return f"{self.url} refuses {field}={value}{said_so}; change {where}"
        return f"{self.url} refuses the request ({refusal.status}){said_so}"

    def _uncertified(self, untrusted: ssl.SSLCertVerificationError) -> UnavailableError:
        why = getattr(untrusted, "verify_message", "") or str(untrusted)  # aiohttp's has no message
        refused = UnavailableError(
            f"the certificate of {self.url} is not trusted ({self.excerpt(why)}); name its "
            "authority in SSL_CERT_FILE, or give a client= that trusts it"
        )
        refused.retryable, refused.fatal = False, True
        return refused

    def fail(
        self, error: Exception, *, sent: Mapping[str, object], tokens: int | None = None
    ) -> NoReturn:
        """Raise what an exception of a client means, or the exception where it is none of theirs.

        Args:
            error: The exception.
            sent: The fields of the request body.
            tokens: Tokens that had arrived, or None while nothing was read yet.

        Raises:
            BackendError: The server refused or failed.
        """
        mapped = self.of_exception(error, sent=sent, tokens=tokens)
        if mapped is None:
            raise error
        # A traceback shows the whole chain, and so what a foreign error quotes.
        shows_secret = any(secret in str(error) for secret in self._endpoint.secrets)
        raise mapped from (None if shows_secret else error)

    def of_exception(
        self, error: Exception, *, sent: Mapping[str, object], tokens: int | None = None
    ) -> BackendError | None:
        """Map an exception of the `openai` or `httpx2` client; None for what is none of theirs.

        Args:
            error: The exception.
            sent: The fields of the request body.
            tokens: Tokens that had arrived, or None while nothing was read yet.
        """
        if isinstance(error, openai.APIStatusError):
            body = error.body if error.body is not None else error.message
            refusal = Refusal.of(error.status_code, body, error.response.headers)
            return self.of_refusal(refusal, sent)
        while isinstance(error, openai.APIConnectionError) and isinstance(
            error.__cause__, Exception
        ):
            error = error.__cause__
        error = _as_aiohttp_said(error)
        # By name: a client that the user brings may run on httpx, whose errors have the same names.
        names = {kind.__name__ for kind in type(error).__mro__}
        timeouts = openai.APITimeoutError | TimeoutError
        if isinstance(error, timeouts) or "TimeoutException" in names:
            return self._timeout(names)
        if "TooManyRedirects" in names:
            return self.unlike_openai(str(error))
        if names & {"ConnectError", "ClientConnectorError"}:
            if (untrusted := _untrusted(error)) is not None:
                return self._uncertified(untrusted)
            return UnavailableError(
                f"cannot reach {self.url}: is the server running? "
                f"({self.excerpt(str(error)) or 'connection failed'})"
            )
        transport = isinstance(error, httpx2.TransportError | openai.APIConnectionError | OSError)
        if transport or names & CONNECTION_LOST:
            if tokens is None:
                # An idle connection that the server had closed: a fresh one is worth a try at once.
                return UnavailableError(
                    f"{self.url} closed the connection without an answer", retry_after=0.0
                )
            return self.broken_off(tokens, self.excerpt(str(error)))
        return None

    def _timeout(self, names: set[str]) -> BackendError:
        if "ConnectTimeout" in names:
            return UnavailableError(
                f"cannot reach {self.url} within {self._endpoint.connect_timeout:g} s: is the "
                "server running? (connect_timeout)"
            )
        return BackendTimeoutError(
            f"{self.url} sent nothing for {self._endpoint.idle_timeout:g} s: raise idle_timeout if "
            "it is only busy"
        )


def _as_aiohttp_said(error: Exception) -> Exception:
    """What aiohttp has raised, where its transport calls a lost connection a timeout."""
    said = error.__cause__
    if not isinstance(said, Exception) or isinstance(said, TimeoutError):
        return error
    lost = "ClientConnectionError" in {kind.__name__ for kind in type(said).__mro__}
    return said if lost else error


def _untrusted(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The fault of a certificate among what led to an error; clients wrap it, on trio twice."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error
