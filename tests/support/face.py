"""Write what type checkers read of the SDK's face: `python tests/support/face.py`."""

from importlib import import_module
from pathlib import Path

import deepprune_sdk

HEAD = "# Made by `make face` of the table in __init__.py: do not edit.\n"


def homes() -> dict[str, str]:
    """The module of each name of the face."""
    table: dict[str, str] = vars(deepprune_sdk)["HOMES"]
    return {
        name: f"{deepprune_sdk.__name__}.{home}"
        for home, names in table.items()
        for name in names.split()
    }


def stub() -> str:
    """The text of `__init__.pyi`; each name must be public where it comes from."""
    lines: list[str] = []
    for name, home in sorted(homes().items(), key=lambda item: (item[1], item[0])):
        if name not in import_module(home).__all__:
            raise AssertionError(f"{home} does not name {name} in its __all__")
        lines.append(f"from {home} import {name} as {name}\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    Path(deepprune_sdk.__file__).with_suffix(".pyi").write_text(stub(), encoding="utf-8")
