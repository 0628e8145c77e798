"""Threads that must end: where one does not, its stack and those of all tasks are told."""

from __future__ import annotations

import gc
import inspect
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any

import pytest

WITHIN = 120.0
"""Seconds: long compared with what any test here does, on a busy machine too."""


def all_together(*uses: Callable[[], object], within: float = WITHIN) -> None:
    """Call each in a thread of its own, at the same time; raise the first error of any.

    A use that does not end fails the test with the stack of whatever is stuck. The threads are
    daemons, so that the test run itself comes to an end then.
    """
    errors: list[BaseException] = []

    def called(use: Callable[[], object]) -> None:
        try:
            use()
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=called, args=(use,), daemon=True, name=f"use {number}")
        for number, use in enumerate(uses)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(within)
    if stuck := [thread for thread in threads if thread.is_alive()]:
        names = ", ".join(thread.name for thread in stuck)
        pytest.fail(f"stuck after {within:g} s: {names}\n\n" + "\n".join(stacks()), pytrace=False)
    if errors:
        raise errors[0]


def stacks() -> Iterator[str]:
    """Yield where every thread is, and every task of any event loop that is not done."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():  # pyright: ignore[reportPrivateUsage]  there is no other way
        yield f"thread {names.get(ident, ident)}\n{_trace(frame)}"
    for found in gc.get_objects():
        if inspect.iscoroutine(found) and found.cr_frame is not None and not found.cr_running:
            yield f"coroutine {found.__qualname__}\n" + "".join(_awaited(found))


def _trace(frame: FrameType) -> str:
    return "".join(traceback.format_stack(frame))


def _awaited(coroutine: Coroutine[Any, Any, Any]) -> Iterator[str]:
    """Yield the lines at which a coroutine, and what it awaits, and so on, has stopped."""
    waiting: Any = coroutine
    while (frame := getattr(waiting, "cr_frame", None)) is not None:
        code = frame.f_code
        yield f'  File "{code.co_filename}", line {frame.f_lineno}, in {code.co_name}\n'
        waiting = waiting.cr_await
