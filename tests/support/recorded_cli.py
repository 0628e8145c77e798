"""The `deepprune` command with a backend whose traces take their time.

Run as a program, with the command line's own arguments: `--backend paced --model SCENE`.
RECORDED_CLI_PACE is how long a token takes, in seconds. RECORDED_CLI_TRACES is how many traces end:
those after them begin and never end, so that a test that cuts the run short cannot be too late.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Self

import anyio

from deepprune_adapters.cli import main
from deepprune_adapters.cli.choose import BACKENDS, Wanted
from deepprune_sdk import AuthenticationError, BadRequestError, UnavailableError
from deepprune_sdk.data import Chunk, TraceRequest
from deepprune_sdk.protocols import Backend


class PacedBackend:
    """Writes what the question and the seed say."""

    def __init__(self, wanted: Wanted) -> None:
        self.model = wanted.model or "steady"
        self.concurrency = 4
        self.pace = float(os.environ.get("RECORDED_CLI_PACE", "0"))
        self.left = float(os.environ.get("RECORDED_CLI_TRACES", "inf"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exit_info: object) -> None:
        return None

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        yield self._chunks(request)

    async def _chunks(self, request: TraceRequest) -> AsyncIterator[Chunk]:
        asked, seed = request.messages[-1].content, request.seed or 0
        match self.model:
            case "refused":
                raise AuthenticationError("the key is wrong")
            case "down":
                raise BadRequestError("the server is \x1b[31mdown")
            case "picky" if "12" in asked:
                raise BadRequestError("the prompt is too long")
            case "endless":
                yield Chunk(pieces=("and",))
                await anyio.sleep_forever()
            case _:
                pass
        self.left -= 1
        for position in range(3 + seed % 4):
            if position == 2 and self.left < 0:
                await anyio.sleep_forever()
            await anyio.sleep(self.pace)
            yield Chunk(pieces=(f" {asked[:4]}/{seed}/{position}",), confidences=(float(position),))
        if self.model == "broken" and seed == 1:
            raise UnavailableError("the server [red]went away")
        yield Chunk(pieces=(f" \\boxed{{{seed % 3}}}",), confidences=(1.0,), finish="stop")


def paced(wanted: Wanted) -> tuple[AbstractAsyncContextManager[Backend], str]:
    return PacedBackend(wanted), ""


BACKENDS["paced"] = paced

if __name__ == "__main__":
    main()
