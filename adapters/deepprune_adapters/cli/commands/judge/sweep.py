"""`deepprune judge sweep`: what a judge's errors and the thresholds do to answers and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from deepprune_adapters.cli.choose import DEFAULT_JUDGE, choose_judge
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import (
    DrawSizeOption,
    DropSmallOption,
    JudgeOption,
    Outputs,
    RepeatsOption,
    SeedOption,
)
from deepprune_adapters.cli.recordings import Recordings

if TYPE_CHECKING:
    from deepprune_sdk.policies import Policy

__all__ = ["register", "sweep"]

ERROR_RATES: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
TAUS: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
JUDGE_THRESHOLDS: Final = (None, 0.3, 0.4, 0.5, 0.6, 0.7)


def register(app: typer.Typer) -> None:
    """Add the command to the group of `judge`."""
    add_command(app, sweep)


def sweep(
    *,
    judge: JudgeOption = DEFAULT_JUDGE,
    n: DrawSizeOption = 16,
    repeats: RepeatsOption = 10,
    seed: SeedOption = 0,
    drop_small: DropSmallOption = False,
    target: Annotated[
        float,
        typer.Option(min=0, max=1, help="Agreement with the full vote that a threshold must keep."),
    ] = 0.95,
    outputs: Outputs,
    recordings: Recordings,
) -> int:
    """Show what the judge's errors, tau and judge_threshold do to accuracy and tokens.

    A threshold is chosen on all problems but one and reported on that one, in turn.
    """
    from deepprune_adapters.cli.views.judge_lines import print_sweep
    from deepprune_sdk import DeepPrune
    from deepprune_sdk.evaluation.sweep import Draws
    from deepprune_sdk.evaluation.sweep import sweep as run_sweep

    answers = recordings.extractor()
    outputs.require()
    draws = Draws(
        problems=recordings.by_problem(n if drop_small else 0), n=n, repeats=repeats, seed=seed
    )
    make = choose_judge(judge)

    def with_tau(value: float | None) -> Policy:
        return DeepPrune() if value is None else DeepPrune(tau=value)

    def with_threshold(value: float | None) -> Policy:
        return DeepPrune(judge_threshold=value)

    def unchanged(value: float | None) -> Policy:
        del value
        return DeepPrune()

    sweeps = [
        run_sweep("error_rate", ERROR_RATES, unchanged, make, draws, answers=answers),
        run_sweep("tau", TAUS, with_tau, make, draws, target_agreement=target, answers=answers),
        run_sweep(
            "judge_threshold", JUDGE_THRESHOLDS, with_threshold, make, draws, answers=answers
        ),
    ]
    for swept in sweeps:
        print_sweep(swept)

    def page() -> str:
        from deepprune_adapters.report import judge_report

        return judge_report([], sweeps, title=f"{judge}: sensitivity")

    figures = ",\n".join(swept.model_dump_json(indent=1) for swept in sweeps)
    outputs.write(f"[{figures}]", page)
    return 0
