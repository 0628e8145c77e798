"""The requests of one run: sent in their turn, read, repeated, given up; what happens is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import anyio
from anyio.abc import TaskGroup

from deepprune_sdk.data.figures import believed, believed_chunk, seconds
from deepprune_sdk.data.signals import Arrived, Ended, Failed, Probe, Probed, Signal, Start, Stop
from deepprune_sdk.data.types import NO_USAGE, Chunk, TraceRequest, Usage
from deepprune_sdk.engine.engine import Engine
from deepprune_sdk.errors import (
    BackendError,
    BackendTimeoutError,
    ConfigurationError,
    DeepPruneError,
    RateLimitError,
    UnavailableError,
)
from deepprune_sdk.live.requests import RequestPlan
from deepprune_sdk.live.retry import retrying
from deepprune_sdk.loops.foreign import is_foreign
from deepprune_sdk.loops.waiting import Flag
from deepprune_sdk.recording.resume import recorded_chunks

__all__ = ["DOWN", "Stream", "Streams", "Tell"]

logger: logging.Logger = logging.getLogger(__name__)

PROBE_TOKENS = 12
"""Most tokens of a probed answer."""

PATIENCE = 30.0
"""Seconds that the first stream may keep the others waiting for a warm server."""

DOWN = "server down"
"""Why a run ends whose server has stopped serving."""


@dataclass(slots=True, eq=False)
class Stream:
    """One trace's request. A trace that is continued gets a new one, and the old one is ignored.

    Attributes:
        trace: Number of the trace within the run.
        scope: Cancelling it closes the stream.
        brought_text: Whether anything was generated.
        characters: Length of the trace's text.
        over: Whether nothing more will come of it.
        served_before: Streams of the run that had brought text when this one began.
        asked: Whether its request has been sent.
        refused: Whether one of its requests has not been served.
    """

    trace: int
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    brought_text: bool = False
    characters: int = 0
    over: bool = False
    served_before: int = 0
    asked: bool = False
    refused: bool = False

    @property
    def may_be_served(self) -> bool:
        """Whether text streams, or is waited for by a request that has not failed yet."""
        return not self.over and (self.brought_text or (self.asked and not self.refused))


Tell = Callable[[Sequence[Signal], Stream | None], None]
"""Posts signals to the run's receive loop, those of a stream with the stream."""


class Streams:
    """Opens the streams of one run and reads them; changes no state but its own.

    Attributes:
        fatal: The first error that every other trace must meet too, or None.
    """

    def __init__(self, engine: Engine, plan: RequestPlan, *, tell: Tell, run_id: str) -> None:
        """Prepare; nothing is sent yet. `tell` posts to the run's receive loop.

        In a warm start one stream goes first, and the others once it has brought text: by then the
        server has the prompt in its prefix cache, where it has one.
        """
        self._engine = engine
        self._plan = plan
        self._tell = tell
        self._run_id = run_id
        self._of: dict[int, Stream] = {}
        self._served = 0
        self._warm = Flag()
        self._is_first_to_come = True
        if not plan.warm_start:
            self._warm.set()
        self.fatal: DeepPruneError | None = None

    def speaks(self, stream: Stream, trace: int) -> bool:
        """Whether the stream still speaks for the trace."""
        return stream is self._of.get(trace)

    def close(self, trace: int) -> None:
        """Close the stream of a trace."""
        self._of[trace].scope.cancel()

    def close_all(self) -> None:
        """Close every stream."""
        for stream in self._of.values():
            stream.scope.cancel()

    def open(self, start: Start, tasks: TaskGroup) -> None:
        """Open the stream of a trace: of the recording where that has it, else of the backend.

        What is recorded is said at once, before any request can fail and end the run with it.
        """
        stream = self._of[start.trace] = Stream(start.trace, served_before=self._served)
        stream.characters = len(start.prefix)
        recorded = self._plan.recorded.get(start.trace)
        if recorded is not None and recorded.text.startswith(start.prefix):
            for chunk in recorded_chunks(recorded, start.prefix):
                self._arrive(chunk, stream)
            if not stream.over:
                self._tell([Ended(trace=stream.trace, answer=recorded.answer)], stream)
            stream.over = True
        else:
            tasks.start_soon(self._follow, start, stream)

    async def _follow(self, start: Start, stream: Stream) -> None:
        """Stream one trace until it ends, fails or is closed."""
        with stream.scope:
            await self._wait_for_warmth(stream)
            await self._request_until_served(self._request(start), stream)
        stream.over = True

    async def _request_until_served(self, request: TraceRequest, stream: Stream) -> None:
        try:
            again = retrying(
                self._plan.retries,
                lambda: not stream.brought_text,
                waits_its_turn=lambda: self._plan.throttle.serving > 0,
            )
            await again(self._read, request, stream)
        except (BackendError, ConfigurationError) as error:
            self._give_up(stream, error)
        except BaseException as error:  # a fault of the backend's code costs only its trace
            if not isinstance(error, Exception) and not is_foreign(error):
                raise
            self._log_failure(stream.trace, error, level=logging.ERROR)
            logger.debug("run %s trace %d", self._run_id, stream.trace, exc_info=error)
            said = str(error) or "raised by the backend, without a word"
            message = f"{type(error).__name__}: {said}"
            self._tell([Failed(trace=stream.trace, error=message)], stream)

    async def _wait_for_warmth(self, stream: Stream) -> None:
        if self._is_first_to_come:
            self._is_first_to_come = False
        elif not self._warm.is_set():
            with anyio.move_on_after(PATIENCE):
                await self._warm.wait()
            stream.served_before = self._served

    async def _read(self, request: TraceRequest, stream: Stream) -> None:
        try:
            await self._read_once(request, stream)
        except (UnavailableError, BackendTimeoutError):
            stream.refused = True
            raise
        finally:
            self._warm.set()  # also where it failed: the others are not to wait for a second try

    async def _read_once(self, request: TraceRequest, stream: Stream) -> None:
        complete = False
        async with self._plan.throttle.place() as place:
            stream.asked = True
            try:
                async with self._plan.backend.stream(request) as chunks:
                    async for chunk in chunks:
                        if chunk.pieces and not stream.brought_text:
                            stream.brought_text = True
                            self._served += 1
                            self._warm.set()
                            place.serve()
                        self._arrive(chunk, stream)
                    complete = True
            except Exception as error:
                if not complete:
                    if isinstance(error, RateLimitError) and error.retryable:
                        wish = seconds(error.retry_after)
                        most = self._plan.retries.maximum
                        place.refuse(wish if wish is None else min(wish, most))
                    raise
                # All of it is here: a connection that closes badly costs nothing.
                self._log_failure(stream.trace, error, "closing its stream failed")
        self._tell([Ended(trace=stream.trace)], stream)

    def _arrive(self, chunk: Chunk, stream: Stream) -> None:
        """Tell of a chunk; a trace is cut within the one in which it reaches its limit."""
        limit = self._plan.characters
        chunk = believed_chunk(chunk)
        stream.characters += sum(map(len, chunk.pieces))
        if limit is None or stream.characters <= limit:
            self._tell([Arrived(trace=stream.trace, chunk=chunk)], stream)
        elif not stream.over:
            cut = _cut(chunk, stream.characters - limit)
            self._log(logging.WARNING, stream.trace, "is too long, and was cut")
            self._tell([Arrived(trace=stream.trace, chunk=cut), Ended(trace=stream.trace)], stream)
            stream.over = True
            stream.scope.cancel()

    def _give_up(self, stream: Stream, error: BackendError | ConfigurationError) -> None:
        known = self.fatal is not None  # said already: what one request met, all of them meet
        self._log_failure(stream.trace, error, level=logging.DEBUG if known else logging.WARNING)
        signals: list[Signal] = [Failed(trace=stream.trace, error=str(error))]
        nothing_yet = not any(trace.tokens for trace in self._engine.roster.traces)
        fatal = isinstance(error, ConfigurationError) or error.fatal
        # A run that takes up recorded traces has an answer without the server, and may not have
        # started all of them yet: there each request fails by itself.
        may_stop = not self._plan.recorded
        if may_stop and fatal and nothing_yet and self.fatal is None:
            self.fatal = error
            signals.append(Stop(reason="failed"))
        elif may_stop and self._is_down(stream, error):
            signals.append(Stop(reason=DOWN))
        self._tell(signals, stream)

    def _log(self, level: int, trace: int, what: str) -> None:
        extra = {"run_id": self._run_id, "trace": trace}
        logger.log(level, "run %s trace %d %s", self._run_id, trace, what, extra=extra)

    def _log_failure(
        self, trace: int, error: BaseException, what: str = "failed", level: int = logging.WARNING
    ) -> None:
        """Log what kind of error it was; its text, which may quote the prompt, only at DEBUG."""
        self._log(level, trace, f"{what}: {type(error).__name__}")
        self._log(logging.DEBUG, trace, f"{what}: {error}")

    def _is_down(self, stream: Stream, error: DeepPruneError) -> bool:
        """Whether nothing has been served since a request was first sent, and nothing streams.

        Nor may another request be waiting for its first token that nothing has been wrong with:
        one connection that is reset among many says nothing of a server that is only slow.
        """
        return (
            isinstance(error, UnavailableError | BackendTimeoutError)
            and not stream.brought_text
            and stream.served_before == self._served
            and not any(other.may_be_served for other in self._of.values())
        )

    def _request(self, start: Start) -> TraceRequest:
        sampling = self._plan.sampling
        setup = self._engine.setup
        seed = setup.seed_of(start.trace) if sampling.send_seed else None
        if start.prefix and sampling.max_tokens is not None:
            left = sampling.max_tokens - self._engine.roster.traces[start.trace].tokens
            sampling = sampling.model_copy(update={"max_tokens": max(1, left)})
        return TraceRequest(
            trace=setup.number_of(start.trace),
            messages=self._plan.messages,
            sampling=sampling,
            seed=seed,
            prefix=start.prefix,
            response_format=self._plan.response_format,
        )

    async def probe(self, probe: Probe) -> None:
        """Ask for the answer so far by a short forced continuation."""
        text = self._engine.roster.traces[probe.trace].pieces.text(0, probe.tokens)
        asked = self._engine.setup.extractor.require_probe("this policy")
        sampling = self._plan.sampling.model_copy(
            update={"temperature": 0.0, "max_tokens": PROBE_TOKENS, "top_logprobs": 0}
        )
        request = TraceRequest(
            trace=self._engine.setup.number_of(probe.trace),
            messages=self._plan.messages,
            sampling=sampling,
            prefix=text + asked,
        )
        said: list[str] | None = []
        usage = NO_USAGE
        complete = False
        try:
            async with self._plan.throttle.place(), self._plan.backend.stream(request) as chunks:
                async for chunk in chunks:
                    said += chunk.pieces
                    usage = believed(chunk.usage) or usage
                complete = True
        except BaseException as error:  # a probe that fails says nothing, and costs what it cost
            if not isinstance(error, Exception) and not is_foreign(error):
                raise
            self._log_failure(probe.trace, error, "probe failed")
            said = said if complete else None
        if not usage.generated:
            usage = Usage(prompt=probe.tokens, generated=len(said or ()), estimated=True)
        answer = None if said is None else "".join(said)
        self._tell([Probed(trace=probe.trace, tokens=probe.tokens, text=answer, usage=usage)], None)


def _cut(chunk: Chunk, over: int) -> Chunk:
    """Return a chunk without its last `over` characters; the trace ends there."""
    pieces = list(chunk.pieces)
    while pieces and over >= len(pieces[-1]):
        over -= len(pieces.pop())
    if over:
        pieces[-1] = pieces[-1][:-over]
    end = len(pieces)
    return replace(
        chunk,
        pieces=tuple(pieces),
        confidences=None if chunk.confidences is None else chunk.confidences[:end],
        logprobs=None if chunk.logprobs is None else chunk.logprobs[:end],
        finish="length",
    )
