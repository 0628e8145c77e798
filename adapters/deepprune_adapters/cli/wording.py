"""Errors of the SDK in the words of the command line: its options for Python's parameters."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

__all__ = ["did_you_mean", "in_options"]

SAID: Final = (
    ("--base-url", r"(?<=check )base_url\b|api_key= or base_url=|^base_url\b(?= is)", "--base-url"),
    ("--base-url", r"^base_url=", "--base-url "),
    ("--idle-timeout", r"(?<=raise )idle_timeout\b", "--idle-timeout"),
    ("--model", r"(?<=check )model=(?= against)", "--model"),
    ("--answers", r"(?<=by )answers=(?: \(--answers\))?", "--answers"),
    ("--max-tokens", r"Sampling\(max_tokens=\.\.\.\)", "--max-tokens"),
    ("--max-tokens", r"(?<=raise )max_tokens\b|\bmax_tokens\b(?=, or serve)", "--max-tokens"),
    ("--temperature", r"Sampling\(temperature=\.\.\.\)", "--temperature"),
    ("--top-p", r"Sampling\(top_p=\.\.\.\)", "--top-p"),
    ("--seed", r"Sampling\(seed=\.\.\.\)", "--seed"),
    ("--abstain-below", r"\babstain_below=", "--abstain-below "),
    ("--drop-small", r"\bdrop_small=True\b", "--drop-small"),
    ("--skip-bad", r"\bskip bad ones\b", "give --skip-bad"),
    ("--map", r"\bothers with a mapping\b", "others by --map"),
    ("", r" or api_key=(?=\))|, or give api_key=$", ""),
    ("", r", or give a client= that trusts it| \(connect_timeout\)", ""),
)
"""Options, the words of the SDK that mean what they set, and what is said instead. An option that a
command does not have is not named; without one, the words are about what no command can give."""


def in_options(message: str, options: Collection[str] | None = None) -> str:
    """Return an error or a warning as a command would put it.

    Args:
        message: In the words of Python.
        options: Those that the command has; None for one that has them all.
    """
    for option, words, instead in SAID:
        if not option or options is None or option in options:
            message = re.sub(words, instead, message)
    return message


def did_you_mean(near: Sequence[str]) -> str:
    """Return the question after an unknown name, or "" where nothing comes near it."""
    *others, last = near or [""]
    listed = f"{', '.join(others)} or {last}" if others else last
    return f"; did you mean {listed}?" if near else ""
