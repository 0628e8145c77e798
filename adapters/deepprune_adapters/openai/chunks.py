"""From the events of a chat completion stream to chunks; no I/O here."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from deepprune_adapters.openai.events import (
    Halves,
    Reported,
    carries_nothing,
    decode_event,
    delta_of,
    delta_texts,
    event_usage,
    is_ours,
    plain_event,
)
from deepprune_adapters.openai.thinking import ThinkTags
from deepprune_adapters.openai.token_account import TokenAccount
from deepprune_adapters.openai.token_pieces import Tokens, score_entries, scored_tokens
from deepprune_adapters.openai.tool_calls import ToolCalls
from deepprune_adapters.server.errors import ServerErrors
from deepprune_adapters.server.refusals import Refusal
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
    "eos_token": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
}
"""Finish reasons in lower case. Any other one is of the server's own: the text was cut."""
BROKEN_OFF = {"abort", "error", "insufficient_system_resource", "network_error"}
"""Finish reasons by which a server says that it broke down."""
FILTERED = {"content_filter", "safety", "sensitive"}
"""Finish reasons by which a server says that it did not like the text."""


SHORT = 32
"""Bytes below which an event may be the mark of the end; chunks are longer."""


class ChunkReader:
    """Reads the events of one stream.

    Nearly all events of a stream are alike: one more text of the answer, with running usage or
    without. They take a short way (`_one_more`), which ends in the same state as the long way
    (`_choice`) in half the time; a property test holds that. Anything odd about an event sends it
    the long way.

    The texts of one read are handed out in runs: neighbours that are all reasoning or all answer,
    and of whose tokens the same things are known, make one chunk. One chunk per token would cost
    the engine several times as much.

    Attributes:
        account: The tokens of the stream.
        finish: How the model ended, once it has.
        done: Whether the server has said that nothing follows.
        failure: What the server reported inside the stream; the chunks before it count.
        candidates: Most log-probabilities that a token came with.
        thought: Whether any reasoning text has come.
        scores: Whether log-probabilities are wanted, where they come.
    """

    def __init__(
        self, errors: ServerErrors, counter: TokenCounter, *, prefix: str = "", candidates: int = 0
    ) -> None:
        """Begin a stream that continues `prefix`; so many candidates a token were asked for."""
        self._errors = errors
        self._asked = candidates
        self._warned = False
        self._counter = counter
        self._think = ThinkTags(prefix)
        self._tools = ToolCalls()
        self._halves = (Halves(), Halves(), Halves())  # of reasoning, content and calls
        self._halved = False  # the texts of this event may be halves
        self._messages: str | None = ""  # content of whole messages; None where deltas come
        self._odd = b""  # the first event that could not be read, and carried nothing
        self._apart = False  # the latest text was reasoning in a field of its own
        self._heard = False  # a choice has come: this is a completion, however it ends
        self._runs: list[tuple[bool, Tokens]] = []  # whether it is reasoning, and the text
        self.account = TokenAccount(counter)
        self.finish: Finish | None = None
        self.done = False
        self.failure: BackendError | None = None
        self.candidates = 0
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
            if len(data) < SHORT and data.strip() == b"[DONE]":
                self.done = True
                break
            try:
                self._event(*decode_event(data))
            except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
                if carries_nothing(data):
                    self._odd = self._odd or data
                    continue
                self.failure = self._errors.unlike_openai(data)
                self.failure.__cause__ = error
        return self._chunks(self.finish if not finished_before else None)

    def end(self) -> list[Chunk]:
        """Take the end of the response."""
        if self.failure is None and self.finish is None:
            if self.done:
                self.finish = "stop"
                self._add(self.account.cut(self._tools.read({}, ended=True), None), reasoning=False)
                return self._chunks("stop")
            if self._heard:
                said = self._errors.excerpt(self._odd)
                self.failure = self._errors.broken_off(self.account.tokens, said)
            else:
                said = self._odd or b"a stream without completion chunks"
                self.failure = self._errors.unlike_openai(said)
        return []

    # --- one event --------------------------------------------------------------------------------

    def _event(self, event: dict[str, Any], whole: bool) -> None:
        self._halved = not whole or any(halves.waiting for halves in self._halves)
        plain = None if self._halved else plain_event(event)
        if plain is not None and self._one_more(*plain):
            return
        if error := event.get("error"):
            self._fail(error)
            return
        choices: list[dict[str, Any]] | None = event.get("choices")
        usage = event_usage(event)
        if usage is not None:
            self.account.note(usage)
        if choices is None and usage is None and event.keys() & {"message", "detail"}:
            self._fail(event)
        for choice in choices or ():
            self._heard = True
            if is_ours(choice):  # n is 1
                self._choice(choice, usage)

    def _one_more(self, text: str, usage: Reported | None) -> bool:
        """Take an event that is one more text of the answer; False, and nothing, for another."""
        if not text or (usage is not None and not self.account.is_next(usage)):
            return False
        if not self._think.passes(text):  # the last question: a yes has taken the text
            return False
        self._heard = True
        self._apart = False
        self._messages = None
        if usage is None:
            pieces, exact = self.account.add_counted(text), self._counter.exact
        else:
            self.account.add_next(usage)
            pieces, exact = [text], True
        # What `_append` would do, without an object per event.
        if self._runs and not self._runs[-1][0] and self._runs[-1][1].is_plain(exact):
            self._runs[-1][1].pieces += pieces
        else:
            self._runs.append((False, Tokens(pieces, exact)))
        return True

    def _fail(self, error: object) -> None:
        self.failure = self._errors.of_refusal(Refusal.of(0, error), {})

    def _choice(self, choice: dict[str, Any], usage: Reported | None) -> None:
        delta = delta_of(choice, self._messages)
        reason = str(choice.get("finish_reason") or "")
        ends = FINISHES.get(reason.lower() or "length", "stop") == "stop"
        reasoning, content = delta_texts(delta)
        called = self._tools.read(delta, ended=ends)
        if choice.get("delta"):
            self._messages = None
        elif self._messages is not None:
            self._messages += content
        if self._halved:
            if content and not reasoning:  # what is left of the reasoning is not a character
                self._halves[0].waiting = ""
            texts = zip(self._halves, (reasoning, content, called), strict=True)
            reasoning, content, called = (
                halves.join(text, ended=bool(reason)) for halves, text in texts
            )
        # A server with a field for reasoning has taken the tags out: `<think>` in its content is
        # text. Events without any text (held-back tokens) belong to whatever came last.
        if reasoning:
            self._think.set_apart()
            self._apart = True
        elif content or called:
            self._apart = False
        text = reasoning + content + called if reasoning or called else content
        tokens = self._tokens(text, choice, usage, ended=bool(reason))
        if called:  # its marks are ours
            tokens.exact = False
        if not text:
            self._add(tokens, reasoning=self._apart or self._think.thinking)
        elif thought := len(reasoning) or self._think.reasoning_until(content):
            if (
                thought == len(text) and tokens.pieces[-1]
            ):  # nearly always: there is nothing to part
                before, after = tokens, Tokens([])
            else:
                before, after = tokens.part(thought)
            self.thought = self.thought or bool(before.pieces)
            self._add(before, reasoning=True)
            self._add(after, reasoning=False)
        else:
            self._add(tokens, reasoning=False)
        if called:  # a tag that follows is text
            self._think.set_apart()
        if reason and self.finish is None:
            self._finish(reason)

    def _finish(self, reason: str) -> None:
        known = reason.lower()
        if known in BROKEN_OFF:
            self.failure = self._errors.broken_off(self.account.tokens, f"finish_reason {reason!r}")
        elif known in FILTERED:
            self.failure = BackendError(
                f"the content filter of {self._errors.url} ended the trace after "
                f"{self.account.tokens} tokens"
            )
        else:
            if known not in FINISHES:
                logger.info("finish_reason %r is not a model's end", self._errors.excerpt(reason))
            self.finish = FINISHES.get(known, "cut")

    # --- its tokens -------------------------------------------------------------------------------

    def _tokens(
        self, text: str, choice: dict[str, Any], usage: Reported | None, *, ended: bool
    ) -> Tokens:
        """Cut a text into as many pieces as it has tokens, by the best evidence there is."""
        # The account hears of every report, also where the log-probabilities say where to cut.
        count = None if usage is None else self.account.count(text, usage, ended=ended)
        entries = score_entries(choice.get("logprobs"))
        if not entries:
            return self.account.cut(text, count)
        self.candidates = max(self.candidates, *(len(entry.candidates) for entry in entries))
        return scored_tokens(entries, text, self._counter, scores=self.scores)

    # --- chunks -----------------------------------------------------------------------------------

    def _add(self, tokens: Tokens, *, reasoning: bool) -> None:
        if tokens.pieces:
            self.account.add(len(tokens.pieces))
            self._append(tokens, reasoning=reasoning)

    def _append(self, tokens: Tokens, *, reasoning: bool) -> None:
        runs = self._runs
        if not runs or runs[-1][0] != reasoning or not runs[-1][1].take(tokens):
            runs.append((reasoning, tokens))

    def _chunks(self, finish: Finish | None) -> list[Chunk]:
        usage = self.account.take_usage()
        if not self._runs and usage is None and finish is None:
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
                usage=usage if index == last else None,
                warning=self._warning() if index == last else None,
                finish=finish if index == last else None,
            )
            for index, (reasoning, tokens) in enumerate(runs)
        ]
        self._runs = []
        return chunks

    def _warning(self) -> str | None:
        """Return what the user should know of this server, once a stream."""
        if self._warned:
            return None
        warning = None
        if 0 < self.candidates < self._asked:
            warning = (
                f"the server sends {self.candidates} candidates a token where {self._asked} were "
                "asked for: confidences are coarser than the method's"
            )
        elif self.account.reasoning and not self.thought and self.over:
            warning = (
                "the provider hides the reasoning: there is no text for a judge to compare, and "
                "the run can only settle on answers"
            )
        self._warned = warning is not None
        return warning
