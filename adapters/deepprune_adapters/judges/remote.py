"""A judge model behind an OpenAI-compatible server."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, cast

import anyio

from deepprune_adapters.judges.asking import Asking
from deepprune_adapters.judges.fitting import Fitting, NoRoomError
from deepprune_adapters.judges.prompts import JudgePrompt, default_prompt
from deepprune_adapters.judges.replies import Reply, read_reply
from deepprune_adapters.server import Server
from deepprune_adapters.server.clients import Clients, KeepsConnections
from deepprune_adapters.server.terms import Terms
from deepprune_adapters.server.whole import IDLE_TIMEOUT, WholeRequests
from deepprune_adapters.tokens import HeuristicCounter
from deepprune_sdk import (
    BackendError,
    BadRequestError,
    ConfigurationError,
    JudgeError,
    Message,
    Retries,
)
from deepprune_sdk.data import Pair, Usage, Verdict
from deepprune_sdk.data.arguments import as_settings, as_whole, shown
from deepprune_sdk.live.retry import retrying
from deepprune_sdk.loops import Gate
from deepprune_sdk.protocols import TokenCounter

__all__ = ["RemoteJudge"]

logger = logging.getLogger(__name__)

FEWER = 5
"""Candidates that servers with a low limit allow."""

LABELLED = 0.9
"""Probability of a label that came without log-probabilities: sure, but not without doubt."""


class RemoteJudge(KeepsConnections):
    """Asks a model on a server for a label and takes the label's probability.

    The probability is that of the first token of `identical` against that of `not identical`, over
    all candidates that begin either, renormalised. Where the labels together have less than 0.01
    the pair stays unscored. A server without log-probabilities has its label read instead: 0.9 or
    0.1, and the log says so once.

    A pair that fails stays unscored, with a line in the log; where every pair of a batch fails, or
    the server refuses what all of them need, `JudgeError` says why.

    Attributes:
        name: Name for reports: the model's.
        cut: Prefixes that were cut to the judge's context so far.
        labelled: Verdicts read from a label alone so far.
    """

    costs_tokens = True

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        server: Server | None = None,
        prompt: JudgePrompt | None = None,
        asking: Asking | None = None,
        concurrency: int = 8,
        context: int | None = None,
        counter: TokenCounter | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Describe the server; nothing is sent yet.

        Args:
            model: Name of the model, as the server knows it.
            base_url: Address up to and including `/v1`; OPENAI_BASE_URL, else OpenAI's own.
            api_key: Key; OPENAI_API_KEY where None. A server at `base_url` may need none.
            server: All about the server in one value, instead of address and key.
            prompt: What the model is asked; None takes the layout of DeepPrune's judge for a model
                whose name says deepprune, else a template for untuned models.
            asking: What its requests ask for: log-probabilities, tokens, both orders of a pair.
            concurrency: Most requests at once, over all batches.
            context: Tokens that the model reads; longer pairs are cut to their first tokens. None
                learns it from the server's refusals; give it for servers that cut in silence.
            counter: Counts tokens for that; None estimates them.
            retries: How a request that failed is repeated.

        Raises:
            ConfigurationError: The address, the key or a number cannot work.
        """
        concurrency = as_whole("RemoteJudge.concurrency", concurrency)
        context = None if context is None else as_whole("RemoteJudge.context", context)
        if prompt is not None and not isinstance(cast("object", prompt), JudgePrompt):
            raise ConfigurationError(f"RemoteJudge(prompt={shown(prompt)}): give a JudgePrompt")
        clients = Clients(
            "RemoteJudge",
            model,
            server=server,
            base_url=base_url,
            api_key=api_key,
            idle_timeout=IDLE_TIMEOUT,
        )
        super().__init__(clients)
        self.name = model
        self.cut = 0
        self.labelled = 0
        self.prompt = prompt or default_prompt(model)
        self._url = clients.endpoint.url
        self._asking = as_settings("asking", asking, Asking)
        self._fitting = Fitting(
            self.prompt,
            counter or HeuristicCounter(),
            None if context is None else context - self._asking.max_tokens,
        )
        # A judge can do without log-probabilities: it reads the label then.
        terms = Terms(clients.endpoint.name, shorten=self._fitting.learn, guess=FEWER)
        self._requests = WholeRequests(clients, terms)
        self._retries = as_settings("retries", retries, Retries)
        self._limit = Gate(concurrency)
        self._said: set[str] = set()

    def __repr__(self) -> str:
        return f"RemoteJudge({self.name!r}, base_url={self._url!r})"

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch, its pairs at the same time.

        Raises:
            JudgeError: No pair could be judged, or the server refuses what every pair needs.
        """
        verdicts: list[Verdict | None] = [None] * len(pairs)
        errors: list[BackendError] = []

        async def one(position: int, pair: Pair) -> None:
            try:
                verdicts[position] = await self._judge(pair)
            except BackendError as error:
                errors.append(error)
                if _hopeless(error):
                    group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for position, pair in enumerate(pairs):
                group.start_soon(one, position, pair)
        if errors and (_hopeless(errors[-1]) or not any(verdicts)):
            raise JudgeError(f"judge {self.name}: {errors[-1]}") from errors[-1]
        if errors:
            kind = type(errors[0]).__name__  # its text may quote the prompt
            logger.warning(
                "judge %s: %d of %d pairs failed: %s", self.name, len(errors), len(pairs), kind
            )
        return [verdict or Verdict(probability=None) for verdict in verdicts]

    async def _judge(self, pair: Pair) -> Verdict:
        one = await self._ask(pair)
        if not self._asking.both_orders:
            return one
        other = await self._ask(Pair(question=pair.question, left=pair.right, right=pair.left))
        scored = [p for p in (one.probability, other.probability) if p is not None]
        return Verdict(
            probability=sum(scored) / len(scored) if scored else None,
            usage=one.usage + other.usage,
        )

    async def _ask(self, pair: Pair) -> Verdict:
        async with self._limit.hold():
            return await retrying(self._retries, lambda: True)(self._request, pair)

    async def _request(self, pair: Pair) -> Verdict:
        messages, cut = (), 0

        def write() -> dict[str, Any]:
            nonlocal messages, cut
            messages, cut = self._fitting.messages(pair)
            sent = [message.body for message in messages]
            return {"messages": sent, **self._asking.fields()}

        try:
            reply = await self._requests.ask("/chat/completions", write, read_reply)
        except NoRoomError:
            self._say("no room", "the question alone fills the judge's context")
            return Verdict(probability=None)
        if cut:
            self.cut += cut
            self._say("cut", "prefixes longer than its context are cut to their first tokens")
        return self._verdict(reply, messages)

    # --- reading the reply ------------------------------------------------------------------------

    def _verdict(self, reply: Reply, messages: Sequence[Message]) -> Verdict:
        usage = reply.usage or Usage(
            prompt=self._fitting.tokens(messages), generated=1, estimated=True
        )
        if reply.thought:
            self._say("thinks", "the model thinks instead of giving a label: nothing is scored")
            return Verdict(probability=None, usage=usage)
        if reply.positions:
            return Verdict(probability=self.prompt.score(reply.positions), usage=usage)
        same = self.prompt.means(reply.text)
        if same is None:
            return Verdict(probability=None, usage=usage)
        self.labelled += 1
        self._say("labels", "the server gives no log-probabilities: its label counts 0.9 or 0.1")
        return Verdict(probability=LABELLED if same else 1.0 - LABELLED, usage=usage)

    def _say(self, key: str, what: str) -> None:
        if key not in self._said:
            self._said.add(key)
            logger.warning("judge %s: %s", self.name, what)


def _hopeless(error: BackendError) -> bool:
    """Whether every other pair must fail in the same way; one that is refused is just one."""
    return error.fatal and not isinstance(error, BadRequestError)
