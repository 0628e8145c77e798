"""What `deepprune abstain` prints."""

from __future__ import annotations

import typer

from deepprune_adapters.cli.views.text import count
from deepprune_sdk.evaluation.abstention import Abstention

__all__ = ["print_abstention"]


def print_abstention(study: Abstention, target: float) -> None:
    """Print one line per threshold that changes something, and the one to take."""
    typer.echo(f"{'below':>5}  {'answered':>8}  right")
    before: tuple[float, float | None] | None = None
    for point in study.points:
        figures = point.answered, point.right
        if figures == before:
            continue
        before = figures
        right = "-" if point.right is None else f"{point.right:.1%}"
        if point.right_ci is not None:
            right += f" [{100 * point.right_ci[0]:.0f}-{100 * point.right_ci[1]:.0f}]"
        typer.echo(f"{point.abstain_below:5.2f}  {point.answered:8.1%}  {right}")
    typer.echo(
        f"{count(study.problems, 'problem')}, votes of {study.n} traces; right by "
        f"{study.judged_by}; intervals: 95%, resampling problems"
    )
    chosen = study.least(target)
    if chosen is None:
        typer.echo(f"no agreement makes {target:.0%} of the answers right")
    else:
        typer.echo(
            f"--abstain-below {chosen.abstain_below:g} answers {chosen.answered:.1%} of the votes"
        )
