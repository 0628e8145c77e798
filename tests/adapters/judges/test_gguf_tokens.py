"""What transformers leaves out when it reads a tokenizer from a GGUF file."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from deepprune_adapters.judges.gguf_tokens import pre_tokenizer
from deepprune_adapters.llama.gguf import embedded_model


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def written(path: Path, *entries: bytes) -> Path:
    path.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, len(entries)) + b"".join(entries))
    return path


PRE = text("tokenizer.ggml.pre") + struct.pack("<I", 8) + text("smollm")


def test_the_pre_tokenizer_is_found_behind_every_kind_of_entry(tmp_path: Path) -> None:
    path = written(
        tmp_path / "model.gguf",
        text("a number") + struct.pack("<If", 6, 1.5),
        text("a text") + struct.pack("<I", 8) + text("long " * 99),
        text("numbers") + struct.pack("<IIQ3q", 9, 11, 3, 1, 2, 3),
        text("texts") + struct.pack("<IIQ", 9, 8, 2) + text("one") + text("two"),
        text("nested") + struct.pack("<IIQIQ2h", 9, 9, 1, 3, 2, 1, 2),
        PRE,
    )

    assert pre_tokenizer(path) == "smollm"


@pytest.mark.parametrize("cut", [0, 10, 30, 60])
def test_a_broken_file_has_none(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path / "model.gguf", text("x") + struct.pack("<If", 6, 0.0), PRE)
    path.write_bytes(path.read_bytes()[:cut])

    assert pre_tokenizer(path) is None
    assert pre_tokenizer(tmp_path) is None
    assert pre_tokenizer(written(tmp_path / "odd.gguf", text("x") + struct.pack("<I", 99))) is None


@pytest.mark.llama
def test_the_embedded_model_sets_digits_apart() -> None:
    assert pre_tokenizer(embedded_model()) == "smollm"
