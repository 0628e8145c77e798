"""A client, and the requests that share it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio
import openai

__all__ = ["SharedClient"]

HEARD = 0.875
"""Share of its time that a request which waits for a connection has at least, once others are
answered."""


@dataclass(slots=True, eq=False)
class SharedClient:
    """A client, and the requests that use it.

    Attributes:
        client: The client.
        foreign: Whether the user has made it. Its pool may be smaller than the number of requests,
            so that some of them wait for a connection, of which the client tells nobody.
        users: Requests that use it.
        keeps: Whether it keeps its connections.
    """

    client: openai.AsyncOpenAI
    foreign: bool = False
    users: int = 0
    keeps: bool = False
    _unanswered: dict[anyio.CancelScope, float] = field(
        default_factory=dict[anyio.CancelScope, float]
    )

    @contextmanager
    def answered_within(self, seconds: float) -> Generator[None]:
        """Wait for an answer inside the block, as long as the server is not silent.

        Raises:
            TimeoutError: Nothing came in so many seconds, nor to any request before this one.
        """
        with anyio.fail_after(seconds) as scope:
            self._unanswered[scope] = seconds
            try:
                yield
            finally:
                del self._unanswered[scope]

    def hear(self) -> None:
        """Take note that the server has sent something.

        Who waits for a connection of a foreign client waits for the requests that have one: as long
        as those are answered, that is not the server's silence.
        """
        if not self.foreign or not self._unanswered:
            return
        now = anyio.current_time()
        for scope, seconds in self._unanswered.items():
            if scope.deadline < now + HEARD * seconds:  # moving a deadline is expensive
                scope.deadline = now + seconds
