"""Cells that are run in a real kernel, in a process of their own.

    python tests/support/notebooks.py NOTEBOOK SECONDS

executes a notebook in its place; a cell that raises or takes longer ends it with an error.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

WITHIN = 120
"""Seconds for a cell, which is stuck then."""


def executed(cells: Sequence[str], folder: Path) -> list[list[dict[str, Any]]]:
    """Return the outputs of each cell, run from top to bottom by a kernel that starts in `folder`.

    Raises:
        AssertionError: A cell raised, or is stuck: says which and why.
    """
    import nbformat

    make = cast("Any", nbformat.v4)
    path = folder / "notebook.ipynb"
    path.write_text(
        cast("Any", nbformat).writes(
            make.new_notebook(cells=[make.new_code_cell(cell) for cell in cells])
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, __file__, str(path), str(WITHIN)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read = cast("Any", nbformat).read(path, as_version=4)
    return [list(cell.outputs) for cell in read.cells]


def main() -> None:
    import nbclient
    import nbformat

    path, seconds = Path(sys.argv[1]), int(sys.argv[2])
    notebook: Any = cast("Any", nbformat).read(path, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": "."}}
    ).execute()
    cast("Any", nbformat).write(notebook, path)


if __name__ == "__main__":
    main()
