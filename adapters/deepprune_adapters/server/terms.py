"""What one server takes of a request's parameters, learned from what it refuses."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import openai

from deepprune_adapters.server.parameters import PARAMETERS, Parameter
from deepprune_adapters.server.refusals import UNSUPPORTED, Refusal

__all__ = ["Request", "Terms"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

REFUSES = (400, 413, 422)
"""Statuses by which something in the request is refused."""

LESSONS = 7
"""Most times that one request is sent again with less in it."""

NUMBER = re.compile(r"\b\d{1,3}\b")


@dataclass(frozen=True, slots=True)
class Request:
    """The fields of one request.

    Attributes:
        ours: What is sent because it helps. It changes by what the server refuses.
        users: What the user asks for by name. It is never changed: a refusal of it is an error.
    """

    ours: Mapping[str, Any]
    users: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def body(self) -> dict[str, Any]:
        """All fields; the user's stand above ours."""
        return {**self.ours, **self.users}

    def sends(self, parameter: Parameter) -> bool:
        """Whether a parameter is among what we send."""
        outer, _, inner = parameter.name.partition(".")
        value = None if outer in self.users else self.ours.get(outer)
        if inner and isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(inner)
        return value is not None


class Terms:
    """What one server takes of the parameters in the table, learned from its refusals.

    What is changed is named once in the log: by then it holds for every request.

    Attributes:
        dropped: Names of parameters that are not sent any more.
        renamed: New names of parameters, by their old ones.
        most: Bounds of numbers, by the names of the parameters.
    """

    def __init__(
        self,
        server: str,
        *,
        shorten: Callable[[Refusal, Any], bool] | None = None,
        guess: int | None = None,
    ) -> None:
        """Begin with everything an OpenAI-compatible server may understand.

        Args:
            server: What the log calls the server.
            shorten: Shortens a text that is too long, told the refusal and what was sent; returns
                whether it can. None where texts cannot be shortened.
            guess: Log-probabilities to try where a refusal of them names no bound, for those who
                can do without any; None takes such a refusal for an error.
        """
        self._server = server
        self._shorten = shorten
        self._guess = guess
        self.dropped: set[str] = set()
        self.renamed: dict[str, str] = {}
        self.most: dict[str, int] = {}

    def request(self, fields: Mapping[str, Any], users: Mapping[str, Any]) -> Request:
        """Write a request of our fields as far as the server takes them, and the user's."""
        ours: dict[str, Any] = {}
        for name, value in fields.items():
            if name not in self.dropped:
                ours[self.renamed.get(name, name)] = self._fitted(name, value)
        if not ours.get("top_logprobs", 1):
            del ours["logprobs"], ours["top_logprobs"]
        return Request(ours, users)

    def _fitted(self, name: str, value: Any) -> Any:
        if name in self.most:
            return min(value, self.most[name])
        if isinstance(value, dict):
            inner = cast("dict[str, Any]", value)
            return {key: one for key, one in inner.items() if f"{name}.{key}" not in self.dropped}
        return value

    async def agree(
        self, write: Callable[[], Request], send: Callable[[Request], Awaitable[T]]
    ) -> T:
        """Send a request, and again with less in it as long as refusals teach something new.

        Args:
            write: Writes the request by what is known.
            send: Sends it.

        Raises:
            openai.APIStatusError: The server refused for good; else whatever `write` and `send`
                raise.
        """
        request = write()
        for _ in range(LESSONS):
            try:
                return await send(request)
            except openai.APIStatusError as error:
                refusal = Refusal.of(error.status_code, error.body or error.message)
                if refusal.status not in REFUSES or not self.learn(refusal, request):
                    raise
                sent, request = request, write()
                if request == sent:
                    raise
        return await send(request)

    def learn(self, refusal: Refusal, sent: Request) -> bool:
        """Take a refusal; return whether a request with what is known by now may pass."""
        for parameter in PARAMETERS:
            if sent.sends(parameter) and parameter.refused_by(refusal):
                return self._change(parameter, refusal, sent.ours)
        return False

    def _change(self, parameter: Parameter, refusal: Refusal, sent: Mapping[str, Any]) -> bool:
        name = parameter.name
        if parameter.change == "shorten":
            return self._shorten is not None and self._shorten(refusal, sent[name])
        if parameter.change == "lower":
            return self._lower(name, refusal.words, sent[name])
        # Requests that were under way together are refused together: the first one has said it.
        if parameter.change == "drop" and name not in self.dropped:
            self.dropped.add(name)
            self._say(parameter.level, parameter.says)
        elif parameter.change == "rename" and name not in self.renamed:
            self.renamed[name] = parameter.to
            self._say(parameter.level, parameter.says)
        return True

    def _lower(self, name: str, said: str, sent: int) -> bool:
        """Take the bound that a refusal names, or send none where it refuses them altogether."""
        bounds = [int(number) for number in NUMBER.findall(said) if 0 < int(number) < sent]
        unsupported = UNSUPPORTED.search(said)
        if bounds and not unsupported:
            most = max(bounds)
        elif self._guess is not None and name in said and sent > self._guess:
            most = self._guess
        elif unsupported or self._guess is not None:
            most = 0
        else:
            return False
        if most < self.most.get(name, sent):
            self.most[name] = most
            some = f"at most {most}" if most else "no"
            self._say(
                logging.WARNING,
                f"the server gives {some} log-probabilities a token, not the {sent} that were "
                "asked for",
            )
        return True

    def _say(self, level: int, what: str) -> None:
        logger.log(level, "%s: %s", self._server, what)
