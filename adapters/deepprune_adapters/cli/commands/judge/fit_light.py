"""`deepprune judge fit-light`: the weights of a `LearnedJudge` from one's own traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deepprune_adapters.cli.files import require_writable, write_file
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import CapOption, CheckpointsOption, SeedOption
from deepprune_adapters.cli.recordings import Recordings, read_checkpoints

if TYPE_CHECKING:
    from deepprune_sdk.data import Pair, Verdict
    from deepprune_sdk.judges.fitting import Fitter
    from deepprune_sdk.judges.learned import LearnedJudge
    from deepprune_sdk.recording import RecordedTrace

__all__ = ["fit_light", "register"]

EXAMPLES: Final = """\b
Examples:
  deepprune judge fit-light traces.jsonl.gz -o weights.json
  deepprune judge fit-light *.jsonl.gz -o weights.json --folds 10
"""


def register(app: typer.Typer) -> None:
    """Add the command to the group of `judge`."""
    add_command(app, fit_light, "fit-light", epilog=EXAMPLES)


def fit_light(
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The weights.", show_default=False),
    ],
    checkpoints: CheckpointsOption = "64,128,0.25,0.5,0.75",
    cap: CapOption = 200,
    seed: SeedOption = 0,
    folds: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Also fit N times, each without another Nth of the problems, and judge those.",
        ),
    ] = 0,
    recordings: Recordings,
) -> int:
    """Fit the learned judge on recorded traces; the same traces give the same file."""
    from deepprune_sdk.evaluation.extractor import extractor_of
    from deepprune_sdk.evaluation.pairs import pairs_at
    from deepprune_sdk.judges.fitting import Fitter, Recorded

    points = read_checkpoints(checkpoints)
    require_writable("--output", output)
    answers = recordings.extractor()
    problems = recordings.by_problem()
    read = {name: extractor_of(recorded, answers) for name, recorded in problems.items()}
    fitter = Fitter(
        Recorded(
            problem=recorded[0].question,  # one problem has the same question in every recording
            model=recorded[0].model,
            checkpoint=point,
            pairs=pairs_at(recorded, point, answers=read[name], cap=cap, seed=seed),
        )
        for name, recorded in problems.items()
        for point in points
    )
    weights = fitter.fit()
    write_file("--output", output, weights.dump())
    on = weights.fitted_on
    typer.echo(f"{output}: fitted on {on.pairs:,} pairs of {on.problems} problems")
    if folds:
        _hold_out(fitter, problems, points, folds=folds, seed=seed)
    return 0


def _hold_out(
    fitter: Fitter,
    problems: Mapping[str, Sequence[RecordedTrace]],
    points: Sequence[float],
    *,
    folds: int,
    seed: int,
) -> None:
    """Say how weights do on problems that they were not fitted on."""
    import anyio

    from deepprune_sdk.evaluation.judge_quality import JudgeEvaluation, evaluate_judge
    from deepprune_sdk.judges.learned import LearnedJudge

    questions = list(dict.fromkeys(recorded[0].question for recorded in problems.values()))
    judges: dict[str, LearnedJudge] = {}
    for fold in range(min(folds, len(questions))):
        held = questions[fold::folds]
        judges |= dict.fromkeys(held, LearnedJudge(fitter.fit(without=held)))

    async def run() -> JudgeEvaluation:
        return await evaluate_judge(problems, _HeldOut(judges), points, seed=seed)

    for checkpoint, row in anyio.run(run).checkpoints.items():
        within = "-"
        if row.auroc_within is not None and row.auroc_within_ci is not None:
            low, high = row.auroc_within_ci
            within = f"{row.auroc_within:.3f} ({low:.3f} to {high:.3f})"
        typer.echo(
            f"held out, at {checkpoint}: AUROC within a problem {within}, "
            f"calibration error {row.ece:.3f}, Brier score {row.brier:.3f}"
        )


class _HeldOut:
    """Judges each question with weights that were fitted without it."""

    name = "learned"
    costs_tokens = False

    def __init__(self, judges: Mapping[str, LearnedJudge]) -> None:
        self._judges = judges

    async def compare(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return self.score(pairs)

    def score(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return self._judges[pairs[0].question].score(pairs) if pairs else []
