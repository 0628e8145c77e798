"""The bench server as its clients see it: started, told what to send, and ended."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

__all__ = ["BenchServer", "bench_server"]


class BenchServer:
    """Address of a running server, and the line over which it is told what to do."""

    def __init__(self, port: int, control_port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self._control_port = control_port
        self._line: ByteStream | None = None

    async def tell(self, do: str, **fields: Any) -> Any:
        """Tell it something; return its answer once it has done it."""
        if self._line is None:
            self._line = await anyio.connect_tcp("127.0.0.1", self._control_port)
        await self._line.send(json.dumps({"do": do, **fields}).encode() + b"\n")
        answer = await BufferedByteReceiveStream(self._line).receive_until(b"\n", 1 << 26)
        return json.loads(answer)

    async def hang_up(self) -> None:
        """Let go of the line, which belongs to the event loop that it was made in."""
        if self._line is not None:
            await self._line.aclose()
            self._line = None


@contextmanager
def bench_server() -> Generator[BenchServer]:
    """Run the server in a process of its own until the block is left."""
    script = Path(__file__).with_name("server.py")
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ports = [int(port) for port in process.stdout.readline().split()]
        try:
            yield BenchServer(*ports)
        finally:
            process.terminate()
