"""A chat completion server that only copies pre-rendered bytes, so that the client is measured.

It runs in a process of its own (`python server.py`), prints its two ports, and is told over the
second one, in JSON lines, what to send and when to begin.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from rendering import HEAD, TAIL, render, tokens

BURST = 16
"""Events a write, where the sockets are kept full."""


class Stream(asyncio.Protocol):
    """One connection: takes requests one after another, and answers when it is told to begin."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.received = b""
        self.events: Sequence[bytes] = ()
        self.sent = 0
        self.writable = True
        self.reached = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, seam, body = self.received.partition(b"\r\n\r\n")
        if not seam:
            return
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
        if len(body) >= int(fields[b"content-length"]):
            self.received = b""
            self.transport.write(HEAD)
            self.server.opened(self)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        self.server.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.closed(self, time.perf_counter())

    def write(self, events: int) -> None:
        """Send the next events; behind the last one the end of the response."""
        upto = min(self.sent + events, len(self.events))
        self.server.sent += upto - self.sent
        self.transport.write(b"".join(self.events[self.sent : upto]))
        self.sent = upto
        if upto == len(self.events):
            self.transport.write(TAIL)
            self.server.done(self)


class Server:
    """The streams, and the script that they follow."""

    def __init__(self) -> None:
        self.scripts: list[list[bytes]] = []
        self.pace: float = 0.0
        self.stagger: int = 0
        self.checkpoints: frozenset[int] = frozenset()
        self.waiting: list[Stream] = []
        self.live: dict[Stream, None] = {}
        self.writable = asyncio.Event()
        self.latencies: list[float] = []
        self.sent = 0
        self.changed = asyncio.Event()

    def opened(self, stream: Stream) -> None:
        stream.events = self.scripts[len(self.waiting) % len(self.scripts)]
        stream.sent = 0
        stream.reached = 0.0
        self.waiting.append(stream)
        self.changed.set()

    def done(self, stream: Stream) -> None:
        self.live.pop(stream, None)

    def closed(self, stream: Stream, now: float) -> None:
        if stream in self.live:
            self.done(stream)
            if stream.reached:
                self.latencies.append(now - stream.reached)

    async def begin(self) -> None:
        streams, self.waiting = self.waiting, []
        self.live = dict.fromkeys(streams)
        if self.pace:
            await self._in_step(streams)
        else:
            await self._flood()

    async def _flood(self) -> None:
        """Keep every socket full."""
        while self.live:
            self.writable.clear()
            ready = [stream for stream in self.live if stream.writable]
            for stream in ready:
                stream.write(BURST)
            if ready:
                await asyncio.sleep(0)
            else:
                await self.writable.wait()

    async def _in_step(self, streams: Sequence[Stream]) -> None:
        """Send one event to every stream each `pace` seconds, as continuous batching does.

        Stream i begins `stagger` steps after the one before it.
        """
        step, due = 0, time.perf_counter()
        while self.live:
            for index, stream in enumerate(streams):
                if stream in self.live and step >= index * self.stagger:
                    stream.write(1)
                    if stream.sent in self.checkpoints:
                        stream.reached = time.perf_counter()
            step += 1
            due = max(due + self.pace, time.perf_counter())
            await asyncio.sleep(due - time.perf_counter())

    # --- what it is told ----------------------------------------------------------------------

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each line when what it asks for is done."""
        while line := await reader.readline():
            told: dict[str, Any] = json.loads(line)
            answer = await getattr(self, f"do_{told.pop('do')}")(**told)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def do_script(
        self,
        *,
        streams: int,
        events: int,
        style: Any,
        pace: float = 0.0,
        stagger: int = 0,
        checkpoints: Sequence[int] = (),
        texts: Sequence[Sequence[str]] | None = None,
    ) -> None:
        """Render what streams are to send; they follow the scripts in turn."""
        texts = texts or [tokens(seed, events) for seed in range(streams)]
        self.scripts = [render(text, style) for text in texts]
        self.pace, self.stagger = pace, stagger
        self.checkpoints = frozenset(checkpoints)
        self.latencies = []

    async def do_wait(self, *, requests: int) -> None:
        """Wait until so many requests are there."""
        while len(self.waiting) < requests:
            self.changed.clear()
            await self.changed.wait()

    async def do_begin(self) -> None:
        """Begin to send, without waiting for the end."""
        self._sending = asyncio.create_task(self.begin())

    async def do_sent(self) -> int:
        """Tokens that went out since the last call."""
        sent, self.sent = self.sent, 0
        return sent

    async def do_report(self) -> list[float]:
        """Seconds from the event of a checkpoint to the connection's end, where it was closed."""
        return self.latencies


async def main() -> None:
    server = Server()
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(
        lambda: Stream(server), "127.0.0.1", 0, backlog=2048, start_serving=True
    )
    control = await asyncio.start_server(server.control, "127.0.0.1", 0, limit=1 << 26)
    ports = [sock.getsockname()[1] for own in (listener, control) for sock in own.sockets]
    print(*ports, flush=True)
    # The bench holds the other end of the standard input: the server ends with it.
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
