"""How a server is reached: one value, taken alike by backends and judges."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from typing import Any, Literal, Self, cast, get_args

import httpx2
import openai

from deepprune_adapters.server.quoting import secrets_of_address, secrets_of_headers
from deepprune_sdk.data.arguments import as_seconds, check_texts
from deepprune_sdk.errors import ConfigurationError, MissingExtraError

__all__ = ["Endpoint", "Server", "Transport", "without_credentials"]

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"
"""What servers are sent that ask for no key: the client insists on one."""

SECRET_FIELD = re.compile(r"auth|key|secret|password", re.IGNORECASE)
"""Names of a request's fields whose values are not to be shown."""

Transport = Literal["httpx2", "aiohttp"]
"""What carries the requests of the `openai` client. aiohttp reads in compiled code, on asyncio."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Server:
    """How an OpenAI-compatible server is reached.

    `OpenAIBackend`, `RemoteJudge` and `EmbeddingJudge.openai` take `base_url=` and `api_key=`,
    which is all that most servers need, or `server=` with everything. One value serves them alike:

        server = Server(base_url="http://localhost:8000/v1", idle_timeout=300)
        backend = OpenAIBackend("Qwen/Qwen3-32B", server=server)
        judge = RemoteJudge("THU-KEG/DeepPrune-Judge-4B", server=server)

    Attributes:
        base_url: Address up to and including `/v1`; OPENAI_BASE_URL where None, else OpenAI's own.
            A query in it goes with every request; it, and credentials, are shown nowhere. A
            redirect to another host is not followed.
        api_key: Key; OPENAI_API_KEY where None. A server at `base_url` may need none. It is shown
            nowhere.
        client: A client of your own (`AsyncAzureOpenAI`, own authentication, proxies) instead of
            address, key and transport. It stays yours to close; its retries are switched off here.
            Its connections belong to the event loop that uses it first, and others are refused.
        headers: Further headers of every request.
        extra_body: Further fields of every request. They are the user's: none is left out when the
            server refuses it.
        idle_timeout: Seconds without a byte, keep-alive comments included, after which a response
            is given up; None takes 60 for a trace and 30 for a judge's request.
        connect_timeout: Seconds to connect in.
        total_timeout: Seconds of a request in all, its response included, or None for no limit.
        transport: What carries the requests. "aiohttp" reads tokens at half the price or less, on
            asyncio; it needs the extra `aiohttp`.
        trust_env: Whether proxies are taken from the environment (HTTPS_PROXY and the like).

    Raises:
        ConfigurationError: A limit or the transport cannot work, or two values exclude each other.
        MissingExtraError: aiohttp is to be used, and is not installed.
    """

    base_url: str | None = None
    api_key: str | None = None
    client: openai.AsyncOpenAI | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    extra_body: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    idle_timeout: float | None = None
    connect_timeout: float = 10.0
    total_timeout: float | None = None
    transport: Transport = "httpx2"
    trust_env: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot work before anything is sent."""
        for name in ("idle_timeout", "total_timeout", "connect_timeout"):
            seconds = as_seconds(f"Server.{name}", getattr(self, name))
            if seconds is None and name == "connect_timeout":
                raise ConfigurationError("Server: connect_timeout: give seconds above 0")
            object.__setattr__(self, name, seconds)
        for name in ("base_url", "api_key"):
            text: object = getattr(self, name)
            if not isinstance(text, str | None):  # a key is shown nowhere
                raise ConfigurationError(
                    f"Server: {name} is an object of {type(text).__name__}: give a str"
                )
        check_texts("Server: headers", self.headers)
        if not isinstance(cast("object", self.extra_body), Mapping):
            raise ConfigurationError("Server: extra_body: give a dict of the fields")
        client = cast("object", self.client)
        if not isinstance(client, openai.AsyncOpenAI | None):
            raise ConfigurationError(
                f"Server: client is an object of {type(client).__name__}: give an AsyncOpenAI"
            )
        if self.transport not in get_args(Transport):
            known = " or ".join(repr(name) for name in get_args(Transport))
            raise ConfigurationError(f"Server(transport={self.transport!r}): give {known}")
        if self.client is not None:
            if self.base_url is not None or self.api_key is not None:
                raise ConfigurationError("Server: give client=, or base_url= and api_key=")
            if self.transport != "httpx2":
                raise ConfigurationError(
                    "Server: give client=, or transport=; a client has its own: "
                    "AsyncOpenAI(http_client=openai.DefaultAioHttpClient())"
                )
        if self.transport == "aiohttp" and find_spec("aiohttp") is None:
            raise MissingExtraError(extra="aiohttp", package="aiohttp")

    def __repr__(self) -> str:
        """Show what was set: no key, no credentials, and of headers and fields only the names."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        values |= {name: sorted(values[name]) or None for name in ("headers", "extra_body")}
        if self.base_url is not None:
            values["base_url"] = without_credentials(self.base_url)
        if self.api_key is not None:
            values["api_key"] = "..."
        usual = {one.name: one.default for one in fields(self)}
        shown = [
            f"{name}={value!r}"
            for name, value in values.items()
            if value is not None and value != usual[name]
        ]
        return f"Server({', '.join(shown)})"

    @classmethod
    def given(
        cls, owner: str, server: Self | None, *, base_url: str | None, api_key: str | None
    ) -> Self:
        """Return what the parameters of `owner` mean: a server, or its address and key.

        Raises:
            ConfigurationError: Both are given.
        """
        if server is None:
            return cls(base_url=base_url, api_key=api_key)
        if not isinstance(cast("object", server), Server):
            raise ConfigurationError(
                f"{owner}: server is an object of {type(server).__name__}: give Server(...)"
            )
        if base_url is not None or api_key is not None:
            raise ConfigurationError(
                f"{owner}: give server=, or base_url= and api_key=; Server(...) takes both, too"
            )
        return server

    def address(self) -> tuple[str, str]:
        """Return address and key, completed from the environment.

        Raises:
            ConfigurationError: The address cannot be read, the key holds characters that no key
                has, or OpenAI's own address lacks one.
        """
        if self.client is not None:
            return str(self.client.base_url), self.client.api_key
        given = self.base_url or os.environ.get("OPENAI_BASE_URL")
        url = given or OPENAI
        try:
            parsed = httpx2.URL(url)
        except httpx2.InvalidURL as error:
            raise ConfigurationError(
                f"base_url is no address ({error}): give {OPENAI!r} or so"
            ) from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ConfigurationError(
                f"base_url={without_credentials(url)!r} is no address: begin with http:// or "
                "https://"
            )
        key = self.api_key
        key = (os.environ.get("OPENAI_API_KEY", "") if key is None else key).strip()
        if not key and not given:
            raise ConfigurationError(
                "no API key: set OPENAI_API_KEY, or give api_key= or base_url="
            )
        if not key.isascii() or not key.isprintable():
            raise ConfigurationError("the API key holds characters that no key has: copy it anew")
        return url, key or NO_KEY

    def keyed(self) -> bool:
        """Whether requests carry a key, or credentials in the address or in a header.

        Raises:
            ConfigurationError: As `address`.
        """
        url, key = self.address()
        named = bool(secrets_of_headers(self.headers))
        return self.client is not None or key != NO_KEY or bool(httpx2.URL(url).userinfo) or named

    def secrets(self) -> tuple[str, ...]:
        """Return what no error may show; very short keys are placeholders and words.

        Raises:
            ConfigurationError: As `address`.
        """
        url, key = self.address()
        found = {key} | secrets_of_address(httpx2.URL(url)) | secrets_of_headers(self.headers)
        found |= secrets_of_headers(
            {name: value for name, value in self.extra_body.items() if SECRET_FIELD.search(name)}
        )
        if self.client is not None:
            found |= secrets_of_headers(self.client.default_headers)
        return tuple(secret for secret in found if len(secret) >= 4 and secret != NO_KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A model on a server, as its requests and their errors need to know it.

    Attributes:
        url: Base URL, without credentials.
        model: Name of the model.
        idle_timeout: Seconds.
        total_timeout: Seconds, or None.
        connect_timeout: Seconds.
        secrets: Texts that appear in no error.
        keyed: Whether requests carry a key, or credentials of another kind.
    """

    url: str
    model: str
    idle_timeout: float
    total_timeout: float | None
    connect_timeout: float
    secrets: tuple[str, ...] = ()
    keyed: bool = True

    def __repr__(self) -> str:
        return f"Endpoint(url={self.url!r}, model={self.model!r})"

    @property
    def name(self) -> str:
        """What the log calls it."""
        return f"{self.model} at {self.url}"


def without_credentials(url: str) -> str:
    """Return an address without credentials and query."""
    try:
        parsed = httpx2.URL(url)
        bare = parsed.copy_with(username="", password="", query=None, fragment=None)
    except (httpx2.InvalidURL, TypeError):
        return "an address that cannot be read"
    return str(bare).rstrip("/")
