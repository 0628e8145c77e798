"""What an examination finds: one line each, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "State"]

State = Literal["ok", "note", "broken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: The part that it belongs to: `installed`, `environment`, or who answers.
        state: ok: it is there; note: it is not, and a run works without it; broken: no run works.
        said: What is the case.
        fix: What to do about it, or "".
    """

    about: str
    state: State
    said: str
    fix: str = ""
