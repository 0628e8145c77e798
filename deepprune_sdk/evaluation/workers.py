"""The processes of a bench: how many, and what they hear and say."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from threading import current_thread, main_thread


def process_count() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def unheard() -> Generator[None]:
    """Start processes that do not hear Ctrl-C before `quiet` says how: each would complain."""
    if current_thread() is not main_thread():  # only that one may set signals, and hears them
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def quiet() -> None:
    """Keep a worker off the terminal: its log repeats what outcomes tell, and Ctrl-C just ends it.

    A pool gives a worker that was interrupted its next problem, and would wait for that.
    """
    logging.getLogger().addHandler(logging.NullHandler())
    signal.signal(signal.SIGINT, signal.SIG_DFL)
