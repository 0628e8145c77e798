"""The embedded model without quantisation, for comparisons that quantisation would drown."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any


def widen(source: Path, target: Path) -> None:
    """Copy a GGUF file with its weights as 32-bit floats.

    A quantised matrix makes llama.cpp quantise what it multiplies it with, too; these do not.
    """
    gguf: Any = import_module("gguf")
    numpy: Any = import_module("numpy")
    reader = gguf.GGUFReader(source)
    architecture = "general.architecture"
    writer = gguf.GGUFWriter(target, reader.fields[architecture].contents())
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key not in (architecture, "general.file_type"):
            inner = field.types[-1] if len(field.types) > 1 else None
            writer.add_key_value(key, field.contents(), field.types[0], inner)
    for tensor in reader.tensors:
        wide = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
        writer.add_tensor(tensor.name, numpy.ascontiguousarray(wide))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
