"""How a model ends a trace, and what becomes of a trace."""

from typing import Literal

__all__ = ["Finish", "Outcome"]

Finish = Literal["stop", "length", "cut"]
"""How a trace came to its end.

stop: the model ended it itself; length: a limit of tokens or of the context cut it off; cut: the
server ended it for a reason of its own, such as a text that repeats itself.
"""

Outcome = Literal["finished", "answered", "pruned", "stopped", "failed"]
"""What ended a trace.

finished: the model ended it, or its token limit; answered: closed because its answer was complete;
pruned: closed because a policy called it redundant or not worth its tokens; stopped: closed because
the run ended; failed: the provider broke off.
"""
