"""What `deepprune judge eval` and `deepprune judge sweep` print."""

from __future__ import annotations

import typer

from deepprune_adapters.cli.views.text import clean
from deepprune_adapters.report.judge import held_out
from deepprune_sdk.evaluation.judge_quality import CheckpointReport, JudgeEvaluation
from deepprune_sdk.evaluation.statistics import Interval
from deepprune_sdk.evaluation.sweep import Sweep

__all__ = ["print_evaluation", "print_sweep"]


def print_evaluation(evaluation: JudgeEvaluation) -> None:
    """Print one line per checkpoint and, where there are several, per model."""
    typer.echo(f"judge {clean(evaluation.judge)}; intervals: 95%, resampling problems")
    for checkpoint, row in evaluation.checkpoints.items():
        typer.echo(f"{checkpoint:>6}  {_line(row)}")
        for model, part in row.by_model.items():
            typer.echo(f"        {clean(model, 40)}: {_line(part)}")


def _line(row: CheckpointReport) -> str:
    return (
        f"AUROC within {_figure(row.auroc_within, row.auroc_within_ci)}, pooled "
        f"{_figure(row.auroc, row.auroc_ci)} (constant per problem "
        f"{_figure(row.auroc_constant_per_problem)}), TNR at FNR 0.2 {_figure(row.tnr_at_fnr_02)}, "
        f"Brier {_figure(row.brier)}, ECE {_figure(row.ece)}, {row.ms_per_pair:.2f} ms and "
        f"{row.tokens_per_pair:.0f} tokens per pair; {row.pairs} pairs of {row.problems} problems, "
        f"{row.positive_rate:.0%} equal, {row.unscored} unscored"
    )


def _figure(value: float | None, interval: Interval | None = None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" + (f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else "")


def print_sweep(sweep: Sweep) -> None:
    """Print one line per value of a setting, and what choosing one on other problems brings."""
    typer.echo(f"{sweep.setting} (judge {clean(sweep.judge)})")
    for point in sweep.points:
        accuracy = "-" if point.accuracy is None else f"{point.accuracy:.1%}"
        typer.echo(
            f"  {'none' if point.value is None else f'{point.value:g}':>5}  agrees "
            f"{point.agreement_with_full:6.1%}  accuracy {accuracy}  tokens {point.tokens:,.0f}  "
            f"saved {point.token_reduction:.1%}"
        )
    if sweep.held_out is not None:
        typer.echo(f"  {held_out(sweep.held_out)}")
