"""Every foreign error, mapped once to the SDK's tree."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import openai

from deepprune_adapters.server.connection import Endpoint
from deepprune_adapters.server.failures import failure_of, led_to, said_by, untrusted
from deepprune_adapters.server.quoting import Quoting, texts_sent
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

QUOTA_SPENT = re.compile(
    r"insufficient_quota|exceeded your current quota|insufficient (credits|balance)"
)
UNKNOWN_MODEL = re.compile(
    r"model_not_found|model\b.*\b(not exist|not found|not supported|unknown)"
)
NOT_A_MODEL = re.compile(r"not a valid model|model_not_found|invalid model")

TRY_AGAIN = {408, 409, 425, 498, 529}
"""Statuses below 500, or of a provider's own, by which a server says that it has no room now."""

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

    def __init__(self, endpoint: Endpoint, sent: Sequence[str] = ()) -> None:
        """Name what the errors have to name, and not: `sent` are the user's texts."""
        self.url = endpoint.url
        self._endpoint = endpoint
        self._quoting = Quoting(endpoint.secrets, sent)

    def about(self, body: Mapping[str, Any]) -> ServerErrors:
        """Return the errors of one request, which quote nothing of its texts."""
        return ServerErrors(self._endpoint, texts_sent(body))

    def excerpt(self, text: str | bytes) -> str:
        """Return one short line of a foreign text that is safe to show."""
        return self._quoting.line(text)

    def unlike_openai(self, text: str | bytes, content_type: str = "") -> ProtocolError:
        """Say that this is no OpenAI-compatible server."""
        kind = f" ({self.excerpt(content_type)})" if content_type else ""
        return ProtocolError(
            f"not an OpenAI-compatible server at {self.url}: check base_url (it usually ends in "
            f"/v1); it sent{kind}: {self.excerpt(text) or 'nothing'}"
        )

    def of_body(self, body: bytes, content_type: str = "") -> BackendError:
        """Map a body that came where events were to come: an error as JSON, or another thing."""
        try:
            refusal = Refusal.of(0, json.loads(body))
        except (ValueError, RecursionError):
            refusal = Refusal(status=0, text="")
        if refusal.status >= 400:
            return self.of_refusal(refusal, {})
        return self.unlike_openai(body, content_type)

    def redirected(self, where: str) -> ProtocolError:
        """Say that the server sends requests elsewhere, which is not followed."""
        return ProtocolError(
            f"{self.url} redirects to {self.excerpt(where)}: nothing was sent there; give that "
            "address as base_url= if it is yours"
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
        spent_for_good = QUOTA_SPENT.search(said) and not refusal.says_when
        if status == 402 or (status == 429 and spent_for_good):
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
        if status in TRY_AGAIN or status >= 500:
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

    def _uncertified(self, fault: ssl.SSLCertVerificationError) -> UnavailableError:
        why = getattr(fault, "verify_message", "") or str(fault)  # aiohttp's has no message
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
        safe = all(self._quoting.is_safe(str(one)) for one in led_to(error))
        raise mapped from (error if safe else None)

    def of_exception(
        self, error: Exception, *, sent: Mapping[str, object], tokens: int | None = None
    ) -> BackendError | None:
        """Map an exception of the `openai` or `httpx2` client; None for what is none of theirs.

        Args:
            error: The exception.
            sent: The fields of the request body.
            tokens: Tokens that had arrived, or None while nothing was read yet.
        """
        if isinstance(error, BackendError):
            return error
        if isinstance(error, openai.APIStatusError):
            body = error.body if error.body is not None else error.message
            refusal = Refusal.of(error.status_code, body, error.response.headers)
            where = error.response.headers.get("location")
            if 300 <= refusal.status < 400 and where:
                return self.redirected(where.partition("?")[0])
            return self.of_refusal(refusal, sent)
        said = self.excerpt(str(said_by(error)))
        match failure_of(error):
            case "connects too slowly":
                return UnavailableError(
                    f"cannot reach {self.url} within {self._endpoint.connect_timeout:g} s: is the "
                    "server running? (connect_timeout)"
                )
            case "silent":
                return BackendTimeoutError(
                    f"{self.url} sent nothing for {self._endpoint.idle_timeout:g} s: raise "
                    "idle_timeout if it is only busy"
                )
            case "redirects" | "cannot be read":
                return self.unlike_openai(said)
            case "cannot be reached":
                if (fault := untrusted(error)) is not None:
                    return self._uncertified(fault)
                return UnavailableError(
                    f"cannot reach {self.url}: is the server running? "
                    f"({said or 'connection failed'})"
                )
            case "lost" if tokens is None:
                # A kept connection that the server had closed: a fresh one is worth a try at once.
                return UnavailableError(
                    f"{self.url} closed the connection without an answer", retry_after=0.0
                )
            case "lost":
                return self.broken_off(tokens or 0, said)
            case None:
                return None
