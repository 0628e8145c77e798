"""Event loops and threads: what may be waited for in any loop, and calls from code without one."""

from deepprune_sdk.loops.calling import wait_for
from deepprune_sdk.loops.foreign import is_foreign
from deepprune_sdk.loops.gate import Gate
from deepprune_sdk.loops.waiting import Flag, Loop, Turn

__all__ = ["Flag", "Gate", "Loop", "Turn", "is_foreign", "wait_for"]
