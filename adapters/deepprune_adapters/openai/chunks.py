"""From the events of a chat completion stream to chunks; no I/O here."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from deepprune_adapters.openai.events import (
    Reported,
    decode_event,
    delta_texts,
    event_usage,
    plain_event,
)
from deepprune_adapters.openai.thinking import ThinkTags
from deepprune_adapters.openai.token_pieces import Tokens, scored_tokens
from deepprune_adapters.server.errors import Endpoint
from deepprune_adapters.server.refusals import Refusal
from deepprune_adapters.tokens import fit
from deepprune_sdk.data.types import Chunk
from deepprune_sdk.errors import BackendError
from deepprune_sdk.protocols import TokenCounter
from deepprune_sdk.results.ending import Finish

__all__ = ["ChunkReader"]

logger = logging.getLogger(__name__)

FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_calls": "stop",
    "function_call": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
}
BROKEN_OFF = {"abort", "error", "insufficient_system_resource"}
"""Finish reasons by which a server says that it, and not the model, ended the text."""

INVISIBLE = 64
"""Most tokens without any text that one event is believed to report."""


class ChunkReader:
    """Reads the events of one stream.

    Attributes:
        finish: How the model ended, once it has.
        done: Whether the server has said that nothing follows.
        failure: What the server reported inside the stream; the chunks before it count.
        tokens: Pieces so far.
        reported: Whether usage has come.
        candidates: Most log-probabilities that a token came with.
        running_usage: Whether usage comes with the text, and not at the end alone.
        reasoning: Tokens of reasoning that the server says it wrote.
        thought: Whether any reasoning text has come.
        scores: Whether log-probabilities are wanted, where they come.
    """

    def __init__(
        self, endpoint: Endpoint, counter: TokenCounter, *, prefix: str = "", candidates: int = 0
    ) -> None:
        """Begin a stream that continues `prefix`; so many candidates a token were asked for."""
        self._endpoint = endpoint
        self._asked = candidates
        self._warned = False
        self._counter = counter
        self._think = ThinkTags(prefix)
        self._apart = False
        self._heard = False
        self.running_usage = False
        self._reported = 0
        self._ahead = 0  # pieces that running usage has not accounted for yet
        self._runs: list[tuple[bool, Tokens]] = []
        self._usage: Reported | None = None
        self.finish: Finish | None = None
        self.done = False
        self.failure: BackendError | None = None
        self.tokens = 0
        self.reported = False
        self.candidates = 0
        self.reasoning = 0
        self.thought = False
        self.scores = True

    @property
    def over(self) -> bool:
        """Whether all the text has come, whatever happens to the connection now."""
        return self.done or self.finish is not None

    def read(self, events: Iterable[bytes]) -> list[Chunk]:
        """Take the events of one read; return them as few chunks."""
        finished_before = self.finish is not None
        for data in events:
            if self.done or self.failure is not None:
                break
            if data.strip() == b"[DONE]":
                self.done = True
                break
            try:
                self._event(decode_event(data))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                self.failure = self._endpoint.unlike_openai(data)
                self.failure.__cause__ = error
        return self._chunks(self.finish if not finished_before else None)

    def end(self) -> list[Chunk]:
        """Take the end of the response."""
        if self.failure is None and self.finish is None:
            if self.done:
                self.finish = "stop"
                return [Chunk(finish="stop")]
            if self._heard or self.tokens:
                self.failure = self._endpoint.broken_off(self.tokens)
            else:
                self.failure = self._endpoint.unlike_openai(b"a stream without completion chunks")
        return []

    # --- one event --------------------------------------------------------------------------------

    def _event(self, event: dict[str, Any]) -> None:
        plain = plain_event(event)
        if plain is not None and self._one_more(*plain):
            return
        if error := event.get("error"):
            self._fail(error)
            return
        choices: list[dict[str, Any]] | None = event.get("choices")
        usage = event_usage(event)
        if usage is not None:
            self.reported = True
            self.reasoning = max(self.reasoning, usage.reasoning)
            if self._usage is None or usage > self._usage:
                self._usage = usage
        if choices is None and usage is None and event.keys() & {"message", "detail"}:
            self._fail(event)
        for choice in choices or ():
            self._heard = True
            if not choice.get("index"):  # n is 1; a second choice is not ours
                self._choice(choice, usage)

    def _one_more(self, text: str, usage: Reported | None) -> bool:
        """Take an event that is one more text of the answer; False, and nothing, for another.

        Most are. The long way comes to the same, in twice the time.
        """
        if not text or (usage is not None and not self._is_one_token(usage)):
            return False
        if not self._think.passes(text):
            return False
        self._heard = True
        self._apart = False
        if usage is None:
            tokens = Tokens(self._counter.split(text), self._counter.exact)
        else:
            if self._usage is None or usage > self._usage:
                self._usage = usage
            self._reported += 1
            self._ahead -= 1
            tokens = Tokens([text])
        self._add(tokens, reasoning=False)
        return True

    def _is_one_token(self, usage: Reported) -> bool:
        return self.running_usage and not self._ahead and usage.generated == self._reported + 1

    def _fail(self, error: object) -> None:
        self.failure = self._endpoint.refused(Refusal.of(0, error), {})

    def _choice(self, choice: dict[str, Any], usage: Reported | None) -> None:
        reasoning, content = delta_texts(choice.get("delta") or {})
        if reasoning:
            self._think.set_apart()
            self._apart = True
        elif content:
            self._apart = False
        reason: str | None = choice.get("finish_reason")
        text = reasoning + content if reasoning else content
        tokens = self._tokens(text, choice, usage, ended=bool(reason))
        if not text:
            self._add(tokens, reasoning=self._apart or self._think.thinking)
        elif thought := len(reasoning) or self._think.reasoning_until(content):
            before, after = tokens.part(thought)
            self.thought = self.thought or bool(before.pieces)
            self._add(before, reasoning=True)
            self._add(after, reasoning=False)
        else:
            self._add(tokens, reasoning=False)
        if reason and self.finish is None:
            self._finish(reason)

    def _finish(self, reason: str) -> None:
        if reason in BROKEN_OFF:
            self.failure = self._endpoint.broken_off(self.tokens, f"finish_reason {reason!r}")
        elif reason == "content_filter":
            self.failure = BackendError(
                f"the content filter of {self._endpoint.url} ended the trace after "
                f"{self.tokens} tokens"
            )
        else:
            if reason not in FINISHES:
                logger.info("finish_reason %r is taken for 'stop'", self._endpoint.excerpt(reason))
            self.finish = FINISHES.get(reason, "stop")

    # --- its tokens -------------------------------------------------------------------------------

    def _tokens(
        self, text: str, choice: dict[str, Any], usage: Reported | None, *, ended: bool
    ) -> Tokens:
        """Cut a text into as many pieces as it has tokens, by the best evidence there is."""
        scores: dict[str, Any] | None = choice.get("logprobs")
        count = None if usage is None else self._newly_reported(text, usage, ended=ended)
        if scores and (entries := scores.get("content")):
            top = max(len(entry.get("top_logprobs") or ()) for entry in entries)
            self.candidates = max(self.candidates, top)
            tokens = scored_tokens(entries, text, self._counter, scores=self.scores)
        elif count is None:
            tokens = Tokens(self._counter.split(text) if text else [], self._counter.exact)
        elif count <= 1:
            tokens = Tokens([text] if text or count == 1 else [], exact=count == 1)
        else:
            tokens = Tokens(fit(self._counter.split(text) if text else [], count), exact=not text)
        return tokens

    def _newly_reported(self, text: str, usage: Reported, *, ended: bool) -> int | None:
        """Return how many tokens running usage says are new, or None where it says nothing.

        Usage that comes with the end alone is no running usage. A figure that the text cannot have
        (hidden reasoning, or a wrong one) starts the account anew.
        """
        if ended and not self.running_usage:
            return None
        new = max(0, usage.generated - self._reported)
        self._reported += new
        begun, self.running_usage = self.running_usage, True
        count = new - self._ahead
        possible = count <= INVISIBLE or count <= len(text.encode("utf-8", "replace")) + INVISIBLE
        if not possible or (self.tokens and not begun):
            self._ahead = -len(self._counter.split(text))
            return None
        self._ahead -= new
        return count

    # --- chunks -----------------------------------------------------------------------------------

    def _add(self, tokens: Tokens, *, reasoning: bool) -> None:
        if not tokens.pieces:
            return
        self.tokens += len(tokens.pieces)
        self._ahead += len(tokens.pieces)
        if self._runs:
            same, last = self._runs[-1]
            if same == reasoning and last.like(tokens):
                last.extend(tokens)
                return
        self._runs.append((reasoning, tokens))

    def _chunks(self, finish: Finish | None) -> list[Chunk]:
        if not self._runs and self._usage is None and finish is None:
            return []
        runs = self._runs or [(False, Tokens([]))]
        last = len(runs) - 1
        chunks = [
            Chunk(
                pieces=tuple(tokens.pieces),
                reasoning=reasoning,
                confidences=None if tokens.confidences is None else tuple(tokens.confidences),
                logprobs=None if tokens.logprobs is None else tuple(tokens.logprobs),
                exact=tokens.exact,
                usage=self._usage.usage if self._usage and index == last else None,
                warning=self._warning() if index == last else None,
                finish=finish if index == last else None,
            )
            for index, (reasoning, tokens) in enumerate(runs)
        ]
        self._runs, self._usage = [], None
        return chunks

    def _warning(self) -> str | None:
        """Return what the user should know of this server, once a stream."""
        if self._warned:
            return None
        self._warned = True
        if 0 < self.candidates < self._asked:
            return (
                f"the server sends {self.candidates} candidates a token where {self._asked} were "
                "asked for: confidences are coarser than the method's"
            )
        if self.reasoning and not self.thought and self.over:
            return (
                "the provider hides the reasoning: there is no text for a judge to compare, and "
                "the run can only settle on answers"
            )
        self._warned = False
        return None
