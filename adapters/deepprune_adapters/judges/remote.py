"""A judge model behind an OpenAI-compatible server."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import anyio
import openai

from deepprune_adapters.judges.fitting import Fitting
from deepprune_adapters.judges.lessons import Lessons
from deepprune_adapters.judges.prompts import JudgePrompt, default_prompt
from deepprune_adapters.judges.replies import Reply
from deepprune_adapters.judges.served import ServedChat
from deepprune_adapters.judges.worker import Limit
from deepprune_adapters.server.clients import Clients
from deepprune_adapters.server.refusals import Refusal
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
from deepprune_sdk.live.retry import retrying
from deepprune_sdk.protocols import TokenCounter

__all__ = ["RemoteJudge"]

logger = logging.getLogger(__name__)

ATTEMPTS = 8
"""Most times that one pair is sent anew with less in it."""

LABELLED = 0.9
"""Probability of a label that came without log-probabilities: sure, but not without doubt."""


class RemoteJudge:
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
        client: openai.AsyncOpenAI | None = None,
        prompt: JudgePrompt | None = None,
        concurrency: int = 8,
        both_orders: bool = False,
        context: int | None = None,
        counter: TokenCounter | None = None,
        top_logprobs: int = 20,
        max_tokens: int = 4,
        thinking_off: bool = True,
        retries: Retries | None = None,
        idle_timeout: float = 30.0,
        connect_timeout: float = 10.0,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        """Describe the server; nothing is sent yet.

        Args:
            model: Name of the model, as the server knows it.
            base_url: Address up to and including `/v1`; OPENAI_BASE_URL, else OpenAI's own.
            api_key: Key; OPENAI_API_KEY where None. A server at `base_url` may need none.
            client: A client of your own instead of address and key. It stays yours to close, and
                its retries are switched off here.
            prompt: What the model is asked; None takes the layout of DeepPrune's judge for a model
                whose name says deepprune, else a template for untuned models.
            concurrency: Most requests at once, over all batches.
            both_orders: Ask for both orders of a pair and average them: twice the price.
            context: Tokens that the model reads; longer pairs are cut to their first tokens. None
                learns it from the server's refusals; give it for servers that cut in silence.
            counter: Counts tokens for that; None estimates them.
            top_logprobs: Candidates a position; 0 asks for none.
            max_tokens: Generated tokens a request.
            thinking_off: Tell the chat template to leave thinking out (vLLM, SGLang, llama.cpp).
            retries: How a request that failed is repeated.
            idle_timeout: Seconds without an answer that a request lives.
            connect_timeout: Seconds to connect in.
            extra_body: Further fields of every request.

        Raises:
            ConfigurationError: The address, the key or a number cannot work.
        """
        for option, number in (
            ("concurrency", concurrency),
            ("context", 1 if context is None else context),
            ("max_tokens", max_tokens),
            ("top_logprobs", top_logprobs + 1),
        ):
            if number < 1:
                raise ConfigurationError(f"RemoteJudge({option}={number}): the number is too small")
        self.name = model
        self.cut = 0
        self.labelled = 0
        self.prompt = prompt or default_prompt(model)
        clients = Clients(
            "RemoteJudge",
            model,
            base_url=base_url,
            api_key=api_key,
            client=client,
            idle_timeout=idle_timeout,
            connect_timeout=connect_timeout,
        )
        self._server = ServedChat(clients, extra_body or {})
        self._both_orders = both_orders
        self._fitting = Fitting(
            self.prompt,
            counter or HeuristicCounter(),
            None if context is None else context - max_tokens,
        )
        self._retries = retries or Retries()
        self._lessons = Lessons(
            top_logprobs=top_logprobs, max_tokens=max_tokens, thinking_off=thinking_off
        )
        self._limit = Limit(concurrency)
        self._said: set[str] = set()

    def __repr__(self) -> str:
        return f"RemoteJudge({self.name!r}, base_url={self._server.clients.endpoint.url!r})"

    async def __aenter__(self) -> Self:
        """Keep connections from now on."""
        await self.aclose()
        self._server.clients.keep_alive = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._server.clients.keep_alive = False
        await self.aclose()

    async def aclose(self) -> None:
        """Close the client that this judge has made."""
        await self._server.clients.aclose()

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
            logger.warning(
                "judge %s: %d of %d pairs failed: %s", self.name, len(errors), len(pairs), errors[0]
            )
        return [verdict or Verdict(probability=None) for verdict in verdicts]

    async def _judge(self, pair: Pair) -> Verdict:
        one = await self._ask(pair)
        if not self._both_orders:
            return one
        other = await self._ask(Pair(question=pair.question, left=pair.right, right=pair.left))
        scored = [p for p in (one.probability, other.probability) if p is not None]
        return Verdict(
            probability=sum(scored) / len(scored) if scored else None,
            usage=one.usage + other.usage,
        )

    async def _ask(self, pair: Pair) -> Verdict:
        async with self._limit.current():
            return await retrying(self._retries, lambda: True)(self._request, pair)

    async def _request(self, pair: Pair) -> Verdict:
        """Send a pair, again with less in it as long as the server's refusals teach something."""
        for _ in range(ATTEMPTS):
            messages, cut = self._fitting.messages(pair)
            if messages is None:
                self._say("no room", "the question alone fills the judge's context")
                break
            settings = self._lessons.settings()
            try:
                reply = await self._server.ask(messages, settings)
            except openai.APIStatusError as error:
                self._learn(error, messages, settings)
                continue
            if cut:
                self.cut += cut
                self._say("cut", "prefixes longer than its context are cut to their first tokens")
            return self._verdict(reply, messages)
        return Verdict(probability=None)

    def _learn(
        self, error: openai.APIStatusError, messages: Sequence[Message], sent: Mapping[str, Any]
    ) -> None:
        if error.status_code in (400, 413, 422):
            refusal = Refusal.of(error.status_code, error.body or error.message)
            if self._fitting.learn(refusal, messages) or self._lessons.learn(refusal, sent):
                return
        self._server.fail(error, sent)

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
