"""What a training says while it runs: a line for each figure, on a terminal and in a log."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

__all__ = ["progress_callback"]


def progress_callback(
    library: Any, tell: Callable[[str], None], begin: Callable[[], object]
) -> Any:
    """Return a callback for transformers' `Trainer`.

    Args:
        library: The transformers package.
        tell: Takes each line; called in the main process alone.
        begin: Called before the first step. What is to be predicted with the untrained model is
            predicted here: before training has begun, it would leave several processes each with
            a model of its own.
    """

    class Progress(library.TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            del args, control, rest
            begin()
            self._begun, self._from = monotonic(), state.global_step

        def on_log(
            self, args: Any, state: Any, control: Any, logs: dict[str, Any], **rest: Any
        ) -> None:
            del args, control, rest
            if not state.is_world_process_zero:
                return
            at = f"step {state.global_step} of {state.max_steps}"
            if "eval_auroc_within" in logs:
                best = state.best_metric
                beaten = "" if best is None else f" (best before: {best:.3f})"
                value = logs["eval_auroc_within"]
                tell(f"{at}: validation AUROC within a problem {value:.3f}{beaten}")
            elif "loss" in logs:
                done = state.global_step - self._from
                left = (monotonic() - self._begun) / done * (state.max_steps - state.global_step)
                tell(f"{at}: loss {float(logs['loss']):.4f}, about {left / 60:.0f} min left")

    return Progress()
