r"""Public fakes: a backend and a judge that follow a script, for tests of what is built on the SDK.

No test needs a server or a model for what the SDK decides.

```python
backend = ScriptedBackend([Script("2 + 3 = 5, so \\boxed{5}"), Script("\\boxed{6}")])
judge = ScriptedJudge(lambda pair: 0.9)
result = await ParallelReasoner(backend, judge=judge).solve("2 + 3?", n=2)
```
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import anyio

from deepprune_sdk.data.trace import Pair
from deepprune_sdk.data.types import NO_USAGE, Chunk, TraceRequest, Usage, Verdict
from deepprune_sdk.errors import BackendError
from deepprune_sdk.results.ending import Finish

__all__ = ["Script", "ScriptedBackend", "ScriptedJudge"]


@dataclass(frozen=True, slots=True)
class Script:
    """What one trace says.

    Attributes:
        text: Its text, cut into tokens before every blank; a sequence is taken piece by piece.
        finish: How the model ends it.
        error: Raised after `error_at` tokens, where the trace ends.
        error_at: Tokens before the error.
        refusals: How often the request is refused with `error` before it is served; then the
            trace runs to its end.
        reasoning: How many of the first tokens are reasoning.
        usage: Whether the server reports its usage at the end.
    """

    text: str | Sequence[str]
    finish: Finish = "stop"
    error: BackendError | None = None
    error_at: int = 0
    refusals: int = 0
    reasoning: int = 0
    usage: bool = True

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text as tokens."""
        if isinstance(self.text, str):
            return tuple(re.findall(r"\s*\S+|\s+$", self.text))
        return tuple(self.text)


class ScriptedBackend:
    """Streams scripted traces: trace i says script i, counted round.

    Attributes:
        requests: Every request, in order.
        open: Streams open at the moment.
        most_open: Most streams that were open at once.
        delivered: Tokens handed out, by trace.
    """

    def __init__(
        self,
        scripts: Sequence[Script | str],
        *,
        pace: float = 0.0,
        chunk: int = 1,
        concurrency: int | None = None,
        continues_prefix: bool = False,
    ) -> None:
        """Prepare the scripts.

        Args:
            scripts: One per trace.
            pace: Seconds between chunks.
            chunk: Tokens per chunk.
            concurrency: Most streams at once.
            continues_prefix: Whether a closed trace can be continued; its script continues then.
        """
        self._scripts = [s if isinstance(s, Script) else Script(s) for s in scripts]
        self._pace = pace
        self._chunk = chunk
        self.model = "scripted"
        self.concurrency = concurrency
        self.continues_prefix = continues_prefix
        self.requests: list[TraceRequest] = []
        self.open: int = 0
        self.most_open: int = 0
        self.delivered: dict[int, int] = {}

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        """Open a stream.

        Raises:
            BackendError: As scripted.
        """
        self.requests.append(request)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            script = self._scripts[request.trace % len(self._scripts)]
            async with aclosing(self._chunks(request, script)) as chunks:
                yield chunks
        finally:
            self.open -= 1

    async def _chunks(self, request: TraceRequest, script: Script) -> AsyncGenerator[Chunk]:
        attempt = sum(earlier.trace == request.trace for earlier in self.requests)
        refused = script.error is not None and attempt <= script.refusals
        pieces = script.pieces
        begin, read = 0, ""
        while read != request.prefix and begin < len(pieces):
            read += pieces[begin]
            begin += 1
        first = begin
        limit = request.sampling.max_tokens
        cut = limit is not None and len(pieces) - begin > limit
        end = begin + limit if cut and limit is not None else len(pieces)
        while begin < end:
            await anyio.sleep(self._pace)
            self._fail(script, begin, refused)
            upto = min(begin + self._chunk, end)
            reasoning = begin < script.reasoning
            if reasoning:
                upto = min(upto, script.reasoning)
            if script.error is not None and not script.refusals:
                upto = min(upto, max(script.error_at, begin + 1))
            self.delivered[request.trace] = self.delivered.get(request.trace, 0) + upto - begin
            yield Chunk(pieces=pieces[begin:upto], reasoning=reasoning)
            begin = upto
        self._fail(script, begin, refused)
        usage = Usage(prompt=10, generated=end - first) if script.usage else None
        yield Chunk(finish="length" if cut else script.finish, usage=usage)

    @staticmethod
    def _fail(script: Script, begin: int, refused: bool) -> None:
        if script.error is not None and (
            refused or (not script.refusals and begin >= script.error_at)
        ):
            raise script.error


class ScriptedJudge:
    """Gives the probabilities of a function.

    Attributes:
        batches: Every batch it was asked, in order.
    """

    name = "scripted"

    def __init__(
        self,
        probability: Callable[[Pair], float | None],
        *,
        costs_tokens: bool = False,
        delay: float = 0.0,
        usage: Usage = NO_USAGE,
        error: Exception | None = None,
    ) -> None:
        """Prepare the verdicts.

        Args:
            probability: Of a pair; None leaves it unscored.
            costs_tokens: Whether verdicts are to be asked sparingly.
            delay: Seconds per batch.
            usage: Tokens per pair.
            error: Raised instead of an answer.
        """
        self._probability = probability
        self.costs_tokens = costs_tokens
        self._delay = delay
        self._usage = usage
        self._error = error
        self.batches: list[list[Pair]] = []

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Judge a batch as scripted."""
        self.batches.append(list(pairs))
        await anyio.sleep(self._delay)
        if self._error is not None:
            raise self._error
        return [Verdict(probability=self._probability(pair), usage=self._usage) for pair in pairs]
