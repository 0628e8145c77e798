"""A run that is watched in a notebook: its picture, drawn anew as it goes."""

from __future__ import annotations

import sys
from typing import Any, Protocol

import anyio

from deepprune_sdk.data.arguments import as_seconds
from deepprune_sdk.live.run import Run
from deepprune_sdk.results.result import Result

__all__ = ["watch"]


async def watch(run: Run, *, every: float | None = 0.5) -> Result:
    """Run a run to its end, and show in a notebook how it goes.

    ```py
    result = await watch(reasoner.run("How many primes are below 100?", n=16))
    ```

    The cell has one picture, which is drawn anew: a bar per trace, as long as the trace is by now.
    Outside of a notebook nothing is shown. IPython is used where it runs, and never needed.

    Args:
        run: As `ParallelReasoner.run` returns it, not entered yet.
        every: Seconds between two pictures; None draws only the last one.

    Raises:
        ConfigurationError: `every` is not a number above 0, or the run was entered before.
        DeepPruneError: As for `ParallelReasoner.solve`; the picture then shows what was found.
    """
    seconds = as_seconds("every", every)
    async with run:
        picture = _shown(run.snapshot())
        try:
            while True:
                with anyio.move_on_after(None if picture is None else seconds):
                    return await run.wait()
                if picture is not None:
                    picture.update(run.snapshot())
        finally:
            if picture is not None:
                picture.update(run.snapshot())


class _Picture(Protocol):
    """What IPython returns of a display that can change."""

    def update(self, obj: object) -> None:
        """Show another thing in its place."""
        ...


def _shown(result: Result) -> _Picture | None:
    """Show a result in the notebook that this process is the kernel of; None where it is none."""
    shell_of: Any = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = None if shell_of is None else shell_of()
    if not hasattr(shell, "kernel"):  # a terminal cannot draw anew what it has printed
        return None
    display: Any = sys.modules["IPython"].display
    return display.display(result, display_id=True)
