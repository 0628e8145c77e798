"""How a model ends a trace, and what becomes of a trace."""

from typing import Literal

__all__ = ["Finish", "Outcome"]

Finish = Literal["stop", "length"]
"""How a model ended a trace: by itself, or cut off by a token limit."""

Outcome = Literal["finished", "answered", "pruned", "stopped", "failed"]
"""What ended a trace.

finished: the model ended it, or its token limit; answered: closed because its answer was complete;
pruned: closed because a policy called it redundant or not worth its tokens; stopped: closed because
the run ended; failed: the provider broke off.
"""
