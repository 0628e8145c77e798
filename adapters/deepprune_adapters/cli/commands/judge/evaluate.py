"""`deepprune judge`: a judge against recorded traces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deepprune_adapters.cli.choose import DEFAULT_JUDGE, JUDGES
from deepprune_adapters.cli.commands.judge import fit_light, pairs, train
from deepprune_adapters.cli.commands.judge.pairs import HeldOutOption, only_held_out
from deepprune_adapters.cli.commands.redundancy import MapOption, SkipBadOption
from deepprune_adapters.cli.files import require_outputs, write_file
from deepprune_adapters.cli.recordings import read_checkpoints, read_problems
from deepprune_adapters.cli.views.text import clean

if TYPE_CHECKING:
    from deepprune_adapters.report import JudgeCurves
    from deepprune_adapters.report import Sweep as DrawnSweep
    from deepprune_sdk.evaluation.judge_quality import CheckpointReport, JudgeEvaluation
    from deepprune_sdk.evaluation.sweep import Sweep
    from deepprune_sdk.policies import Policy

__all__ = ["judge_app", "register"]

judge_app = typer.Typer(help="Evaluate, train and fit judges.", no_args_is_help=True)

Traces = Annotated[
    list[Path], typer.Argument(metavar="TRACES...", help="Recordings.", show_default=False)
]
JudgeOption = Annotated[str, typer.Option("--judge", metavar="|".join(JUDGES), help="The judge.")]
JsonOption = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write figures.", show_default=False)
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.html", help="Draw.", show_default=False)
]

ERROR_RATES: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
TAUS: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
JUDGE_THRESHOLDS: Final = (None, 0.3, 0.4, 0.5, 0.6, 0.7)


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    for command in (pairs, train, fit_light):
        command.register(judge_app)
    app.add_typer(judge_app, name="judge")


@judge_app.command("eval")
def evaluate(
    traces: Traces,
    *,
    judge: JudgeOption = DEFAULT_JUDGE,
    checkpoints: Annotated[
        str,
        typer.Option(
            metavar="K,...",
            help="Tokens; below 1, a fraction of the problem's median length.",
        ),
    ] = "64,128,0.5",
    cap: Annotated[int, typer.Option(min=1, metavar="N", help="Most pairs a problem.")] = 500,
    held_out: HeldOutOption = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of pairs and resamples.")] = 0,
    mapping: MapOption = None,
    skip_bad: SkipBadOption = False,
    json: JsonOption = None,
    report: ReportOption = None,
) -> int:
    """Compare a judge's verdicts on unfinished traces with the answers they came to."""
    import anyio

    from deepprune_adapters.cli.choose import choose_judge
    from deepprune_sdk.evaluation.judge_quality import evaluate_judge

    points = read_checkpoints(checkpoints)
    require_outputs(json, report)
    problems = read_problems(traces, mapping, skip_bad)
    if held_out is not None:
        problems = only_held_out(problems, held_out)
    made = choose_judge(judge)()

    async def run() -> JudgeEvaluation:
        return await evaluate_judge(problems, made, points, cap=cap, seed=seed)

    evaluation = anyio.run(run)
    _print(evaluation)
    if json is not None:
        text = evaluation.model_dump_json(indent=1, by_alias=True)
        write_file("--json", json, text + "\n")
    if report is not None:
        from deepprune_adapters.report import judge_report

        write_file("--report", report, judge_report(list(_curves(evaluation)), title=judge))
    return 0


@judge_app.command()
def sweep(
    traces: Traces,
    *,
    judge: JudgeOption = DEFAULT_JUDGE,
    n: Annotated[int, typer.Option("-n", "--n", min=1, metavar="N", help="Traces a draw.")] = 16,
    repeats: Annotated[int, typer.Option(min=1, metavar="N", help="Draws a problem.")] = 10,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the draws.")] = 0,
    target: Annotated[
        float,
        typer.Option(min=0, max=1, help="Agreement with the full vote that a threshold must keep."),
    ] = 0.95,
    mapping: MapOption = None,
    skip_bad: SkipBadOption = False,
    json: JsonOption = None,
    report: ReportOption = None,
) -> int:
    """Show what the judge's errors, tau and judge_threshold do to accuracy and tokens.

    A threshold is chosen on all problems but one and reported on that one, in turn.
    """
    from deepprune_adapters.cli.choose import choose_judge
    from deepprune_sdk import DeepPrune
    from deepprune_sdk.evaluation.sweep import Draws
    from deepprune_sdk.evaluation.sweep import sweep as run_sweep

    require_outputs(json, report)
    draws = Draws(
        problems=read_problems(traces, mapping, skip_bad), n=n, repeats=repeats, seed=seed
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
        run_sweep("error_rate", ERROR_RATES, unchanged, make, draws),
        run_sweep("tau", TAUS, with_tau, make, draws, target_agreement=target),
        run_sweep("judge_threshold", JUDGE_THRESHOLDS, with_threshold, make, draws),
    ]
    for part in sweeps:
        _print_sweep(part)
    if json is not None:
        lines = ",\n".join(part.model_dump_json(indent=1) for part in sweeps)
        write_file("--json", json, f"[{lines}]\n")
    if report is not None:
        from deepprune_adapters.report import judge_report

        drawn = [_drawn(part) for part in sweeps]
        write_file("--report", report, judge_report([], drawn, title=f"{judge}: sensitivity"))
    return 0


def _curves(evaluation: JudgeEvaluation) -> Iterator[JudgeCurves]:
    from deepprune_adapters.report import CalibrationBin, JudgeCurves

    for checkpoint, row in evaluation.checkpoints.items():
        yield JudgeCurves(
            name=evaluation.judge,
            checkpoint=checkpoint,
            pairs=row.pairs,
            positive_rate=row.positive_rate,
            roc=row.roc,
            precision_recall=row.precision_recall,
            calibration=[
                CalibrationBin(predicted=predicted, observed=observed, pairs=pairs)
                for predicted, observed, pairs in row.calibration
            ],
            auroc_within=row.auroc_within,
            auroc_within_ci=row.auroc_within_ci,
            auroc=row.auroc,
            auroc_ci=row.auroc_ci,
            auroc_constant_per_problem=row.auroc_constant_per_problem,
            tnr_at_fnr=row.tnr_at_fnr_02,
            brier=row.brier,
            ece=row.ece,
            ms_per_pair=row.ms_per_pair,
            tokens_per_pair=row.tokens_per_pair,
        )


def _drawn(sweep: Sweep) -> DrawnSweep:
    from deepprune_adapters.report import Sweep, SweepPoint

    return Sweep(
        axis=sweep.setting,
        points=[
            SweepPoint(
                value=point.value,
                accuracy=point.accuracy,
                accuracy_ci=point.accuracy_ci,
                agreement=point.agreement_with_full,
                agreement_ci=point.agreement_with_full_ci,
                tokens=point.tokens,
                tokens_ci=point.tokens_ci,
            )
            for point in sweep.points
            if point.value is not None
        ],
        note=_held_out(sweep),
    )


def _held_out(sweep: Sweep) -> str:
    chosen = sweep.held_out
    if chosen is None:
        return ""
    return (
        f"chosen on the other problems to keep {chosen.target_agreement:.0%}: agreement "
        f"{chosen.agreement_with_full:.1%} with {chosen.tokens:,.0f} tokens a problem"
    )


def _print(evaluation: JudgeEvaluation) -> None:
    typer.echo(f"judge {clean(evaluation.judge)}; intervals: 95%, resampling problems")
    for checkpoint, row in evaluation.checkpoints.items():
        typer.echo(f"{checkpoint:>6}  {_line(row)}")
        for model, part in row.by_model.items():
            typer.echo(f"        {clean(model, 40)}: {_line(part)}")


def _line(row: CheckpointReport) -> str:
    def figure(value: float | None, interval: Sequence[float] | None = None) -> str:
        if value is None:
            return "-"
        return f"{value:.3f}" + (f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else "")

    return (
        f"AUROC within {figure(row.auroc_within, row.auroc_within_ci)}, pooled "
        f"{figure(row.auroc, row.auroc_ci)} (constant a problem "
        f"{figure(row.auroc_constant_per_problem)}), TNR at FNR 0.2 {figure(row.tnr_at_fnr_02)}, "
        f"Brier {figure(row.brier)}, ECE {figure(row.ece)}, {row.ms_per_pair:.2f} ms and "
        f"{row.tokens_per_pair:.0f} tokens a pair; {row.pairs} pairs of {row.problems} problems, "
        f"{row.positive_rate:.0%} equal, {row.unscored} unscored"
    )


def _print_sweep(sweep: Sweep) -> None:
    typer.echo(f"{sweep.setting} (judge {clean(sweep.judge)})")
    for point in sweep.points:
        accuracy = "-" if point.accuracy is None else f"{point.accuracy:.1%}"
        typer.echo(
            f"  {'none' if point.value is None else f'{point.value:g}':>5}  agrees "
            f"{point.agreement_with_full:6.1%}  accuracy {accuracy}  tokens {point.tokens:,.0f}  "
            f"saved {point.token_reduction:.1%}"
        )
    if sweep.held_out is not None:
        typer.echo(f"  {_held_out(sweep)}")
