"""What transformers leaves out when it reads a tokenizer from a GGUF file."""

from __future__ import annotations

import struct
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["mend_tokenizer", "pre_tokenizer"]

DIGITS_APART = {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"}
"""Pre-tokenizers that set each digit apart before GPT-2's pattern, as llama.cpp has it."""

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9


def mend_tokenizer(tokenizer: Any, path: Path) -> None:
    """Set digits apart where the file says so: transformers 5 reads all as plain byte-level BPE.

    Without it a blank line before a number is two tokens instead of one, and every probability
    after it another one than the server's.
    """
    if pre_tokenizer(path) in DIGITS_APART:
        pieces: Any = import_module("tokenizers.pre_tokenizers")
        tokenizer.backend_tokenizer.pre_tokenizer = pieces.Sequence(
            [pieces.Digits(individual_digits=True), pieces.ByteLevel(add_prefix_space=False)]
        )


def pre_tokenizer(path: Path) -> str | None:
    """Read `tokenizer.ggml.pre`; None where a file does not have it, or cannot be read."""
    try:
        with path.open("rb") as file:
            magic, _, _, entries = struct.unpack("<4sIQQ", file.read(24))
            for _ in range(entries if magic == b"GGUF" else 0):
                key = _string(file)
                (kind,) = struct.unpack("<I", file.read(4))
                if key == b"tokenizer.ggml.pre" and kind == _STRING:
                    return _string(file).decode()
                _skip(file, kind)
    except (OSError, struct.error, KeyError, UnicodeDecodeError):
        pass
    return None


def _string(file: BinaryIO) -> bytes:
    (length,) = struct.unpack("<Q", file.read(8))
    return file.read(length)


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == _STRING:
        _string(file)
    elif kind == _ARRAY:
        inner, length = struct.unpack("<IQ", file.read(12))
        if inner in (_STRING, _ARRAY):
            for _ in range(length):
                _skip(file, inner)
        else:
            file.seek(_SIZES[inner] * length, 1)
    else:
        file.seek(_SIZES[kind], 1)
