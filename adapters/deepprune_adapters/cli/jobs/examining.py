"""What a server can: who it is, what it serves, and what one short request shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import anyio

from deepprune_adapters.cli.jobs.findings import Finding, State
from deepprune_adapters.cli.views.text import count
from deepprune_adapters.cli.wording import in_options
from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.openai.capabilities import ServerCapabilities
from deepprune_adapters.server import Server
from deepprune_adapters.server.connection import without_credentials
from deepprune_adapters.server.models import served_models
from deepprune_sdk import BackendError, ConfigurationError, DeepPruneError

__all__ = ["PROBING", "Examined", "examine"]

PROBING: Final = 30.0
"""Seconds that a server has for the short request of an examination."""

MOST_MODELS: Final = 12


class Examined:
    """What was found of a server.

    Attributes:
        findings: One per thing that was looked at, in order.
        capabilities: What the server can, or None where it did not come to that.
    """

    def __init__(self, server: Server) -> None:
        """Begin with nothing."""
        self.server = server
        self.findings: list[Finding] = []
        self.capabilities: ServerCapabilities | None = None
        self._about = "server"

    def named(self, url: str) -> None:
        """Name the server in what is found from now on."""
        self._about = f"server {url}"

    def add(self, state: State, said: str, fix: str = "") -> None:
        """Add what was found."""
        self.findings.append(Finding(about=self._about, state=state, said=said, fix=fix))


async def examine(server: Server, model: str | None) -> Examined:
    """Ask a server what it serves and, with one short request, what it can.

    Nothing is raised: what goes wrong is what was found.
    """
    found = Examined(server)
    try:
        found.named(without_credentials(server.address()[0]))
        names = await _models(found)
        if names is None:
            return found
        if not model:
            example = f", such as --model {names[0]}" if names else ""
            found.add("broken", "no model is named", f"give --model or set OPENAI_MODEL{example}")
            return found
        if names and model not in names:
            found.add("note", f"{model} is not among the models that it lists")
        await _probe(found, model)
    except DeepPruneError as error:
        found.add("broken", in_options(str(error)))
    return found


async def _models(found: Examined) -> list[str] | None:
    """Return what the server lists, or None where it cannot be asked anything."""
    try:
        names = await served_models(found.server)
    except ConfigurationError:
        raise
    except BackendError as error:
        if error.fatal or error.retryable:  # no access, or no server: the rest would say the same
            found.add("broken", in_options(str(error)))
            return None
        found.add("note", f"its models cannot be listed: {error}")
        return []
    rest = f" and {len(names) - MOST_MODELS} more" if len(names) > MOST_MODELS else ""
    if names:
        found.add("ok", f"serves {', '.join(names[:MOST_MODELS])}{rest}")
    else:
        found.add("note", "it does not list its models", "check --base-url: it usually ends in /v1")
    return names


async def _probe(found: Examined, model: str) -> None:
    with anyio.move_on_after(PROBING):
        async with OpenAIBackend(model, server=found.server) as backend:
            can = found.capabilities = await backend.probe()
        found.add("ok", f"{model} answers")
        for state, said, fix in _abilities(can):
            found.add(state, said, fix)
        return
    found.add(
        "broken",
        f"{model} did not answer a short request within {PROBING:g} s",
        "try again when the server is less busy, and give --idle-timeout",
    )


def _abilities(can: ServerCapabilities) -> Iterator[tuple[State, str, str]]:
    """Yield what a server can, as far as its one answer has shown."""
    if can.running_usage:
        yield "ok", "reports tokens while it writes, so that closed traces are counted exactly", ""
    elif can.final_usage:
        yield "note", "reports tokens only at the end: those of closed traces are counted here", ""
    else:
        yield "note", "reports no tokens: they are counted here, and marked as estimated", ""
    if can.top_logprobs:
        yield (
            "ok",
            f"sends {count(can.top_logprobs, 'log-probability', 'log-probabilities')} a token",
            "",
        )
    else:
        yield "note", "sends no log-probabilities", "leave out the methods deepconf and deepconf-*"
    if can.continue_prefix is not None:
        yield "ok", f"continues a text, as {can.continue_prefix} does", ""
    else:
        yield (
            "note",
            "is not known to continue a text, as --judge probe and parallel-probe need",
            "if it can, say how in Python: OpenAIBackend(continue_prefix=...)",
        )
    if can.hidden_reasoning:
        yield (
            "note",
            "hides the reasoning: a judge has nothing to compare, only answers are counted",
            "take a method without a judge, such as cons-settled or adaptive-consistency",
        )
    if can.token_limit != "max_tokens":
        yield "ok", f"calls the token limit {can.token_limit}, which is sent", ""
    if can.left_out:
        yield "note", f"refuses {', '.join(can.left_out)}: left out of every request", ""
