"""Models of two tiny layers with a tokenizer of words, made in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

VOCABULARY = ("[UNK]", "[PAD]", "identical", "not", "no", "yes", "Label", ":", "pencils", "12")


def words(folder: Path, vocabulary: Sequence[str]) -> Path:
    """Write a tokenizer of words."""
    library: Any = import_module("tokenizers")
    model = library.models.WordLevel({w: i for i, w in enumerate(vocabulary)}, unk_token="[UNK]")
    tokenizer = library.Tokenizer(model)
    tokenizer.pre_tokenizer = library.pre_tokenizers.Whitespace()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


def tiny(folder: Path, kind: str, vocabulary: Sequence[str] = VOCABULARY, **config: Any) -> Path:
    """Write a random model and its tokenizer."""
    library: Any = import_module("transformers")
    words(folder, vocabulary)
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "pad_token": "[PAD]",
                "unk_token": "[UNK]",
            }
        )
    )
    import_module("torch").manual_seed(0)
    sizes: dict[str, Any] = {
        "vocab_size": len(vocabulary),
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 96,
        "pad_token_id": 1,
    }
    name = kind.partition("For")[0]
    settings = getattr(library, f"{name}Config")(**{**sizes, **config})
    getattr(library, kind)(settings).save_pretrained(folder)
    return folder
