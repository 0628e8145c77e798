"""The `deepprune` command with a scripted backend and judges beside its own.

Run as a program, with the command line's own arguments: `--backend scripted --model SCENE`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Self

import anyio

from deepprune_adapters.cli import main
from deepprune_adapters.cli.choose import BACKENDS, JUDGES, Wanted
from deepprune_sdk import AuthenticationError, UnavailableError
from deepprune_sdk.data import Chunk, Pair, TraceRequest, Verdict
from deepprune_sdk.data.named import Named
from deepprune_sdk.protocols import Backend, Judge

HOSTILE = "\x1b]0;owned\x07\x1b[31m[bold red]7[/]\x1b[2J\u202e\r\nnext"
"""An answer that tries to set the title, to colour, to clear, to reorder and to break the line."""


class ScriptedBackend:
    """Plays one scene, named by the model: see `_scene`."""

    def __init__(self, wanted: Wanted) -> None:
        self.model = wanted.model or "agree"
        self.concurrency = 16
        self.n = wanted.n

    async def __aenter__(self) -> Self:
        if self.model == "loading":
            self._say("loading")
            await anyio.to_thread.run_sync(time.sleep, 60, abandon_on_cancel=True)
        return self

    async def __aexit__(self, *exit_info: object) -> None:
        return None

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        try:
            yield self._scene(request.trace)
        finally:
            if self.model == "endless":
                self._say(f"closed {request.trace}")
            if self.model == "stuck":
                self._say(f"stuck {request.trace}")
                with anyio.CancelScope(shield=True):
                    await anyio.sleep_forever()

    def _say(self, what: str) -> None:
        """Tell the test, over the pipe that it gave."""
        if "SCRIPTED_CLI_SAYS" in os.environ:
            os.write(int(os.environ["SCRIPTED_CLI_SAYS"]), f"{what}\n".encode())

    async def _scene(self, trace: int) -> AsyncIterator[Chunk]:
        match self.model:
            case "refused":
                raise AuthenticationError("the key is wrong")
            case "broken" if trace == 0:
                for piece in words(20, trace):
                    yield Chunk(pieces=(piece,))
                raise UnavailableError("\x1b[31mthe server [red]went away[/red]\x1b[0m")
            case "down":
                raise UnavailableError("the server is down")
            case "bug":
                raise ZeroDivisionError("a fault in the backend")
            case _:
                pass
        delay = float(os.environ.get("SCRIPTED_CLI_DELAY", "0"))
        length = 100 + 7 * trace
        for position, piece in enumerate(words(length, trace)):
            await anyio.sleep(delay * (1 + trace % 3))
            yield Chunk(pieces=(piece,))
            if self.model in {"endless", "stuck"} and position == 70:
                if trace % 4 == 0:  # some have said their answer by then
                    yield Chunk(pieces=(r" \boxed{12}",))
                self._say(f"waiting {trace}")
                await anyio.sleep_forever()
        yield Chunk(pieces=(self._ending(trace),), finish="stop")

    def _ending(self, trace: int) -> str:
        match self.model:
            case "silent":
                return " I do not know."
            case "hostile":
                return rf" \boxed{{{HOSTILE}}}"
            case "markup":
                return r" \boxed{<script>alert(1)</script>}"
            case "half":
                return " \\boxed{\u00e9\ud83d}"
            case "split":
                return rf" \boxed{{{12 if trace % 3 else 21}}}"
            case _:
                return r" \boxed{12}"


def words(length: int, trace: int) -> list[str]:
    """A text of `length` tokens that differs from trace to trace."""
    return [f" step{position}of{trace % 5}" for position in range(length)]


class FixedJudge:
    """Traces of the same remainder modulo `groups` are redundant."""

    costs_tokens = False
    name = "fixed"

    def __init__(self, groups: int) -> None:
        self._groups = groups

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return [
            Verdict(
                probability=0.9 if (pair.left.trace - pair.right.trace) % self._groups == 0 else 0.1
            )
            for pair in pairs
        ]


def scripted(wanted: Wanted) -> tuple[AbstractAsyncContextManager[Backend], str]:
    return ScriptedBackend(wanted), ""


def fixed(given: Named) -> Callable[[], Judge]:
    return partial(FixedJudge, int(given.argument or 3))


def announced() -> Judge:
    """Say that the work has begun, in whichever process."""
    sys.stderr.write("judging\n")
    sys.stderr.flush()
    return FixedJudge(3)


BACKENDS["scripted"] = scripted
JUDGES["fixed"] = fixed
JUDGES["announced"] = lambda given: announced

if __name__ == "__main__":
    main()
