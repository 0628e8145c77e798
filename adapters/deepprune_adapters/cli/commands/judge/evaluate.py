"""`deepprune judge eval`: a judge's verdicts against how recorded traces ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepprune_adapters.cli.choose import DEFAULT_JUDGE, choose_judge
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import (
    CapOption,
    CheckpointsOption,
    JudgeOption,
    Outputs,
    SeedOption,
)
from deepprune_adapters.cli.recordings import Recordings, read_checkpoints

if TYPE_CHECKING:
    from deepprune_sdk.evaluation.judge_quality import JudgeEvaluation
    from deepprune_sdk.recording import RecordedTrace

__all__ = ["evaluate", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the group of `judge`."""
    add_command(app, evaluate, "eval")


def evaluate(
    *,
    judge: JudgeOption = DEFAULT_JUDGE,
    checkpoints: CheckpointsOption = "64,128,0.5",
    cap: CapOption = 500,
    held_out: Annotated[
        Path | None,
        typer.Option(
            metavar="PAIRS",
            help="Only the problems that these pairs hold out for a test.",
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 0,
    outputs: Outputs,
    recordings: Recordings,
) -> int:
    """Compare a judge's verdicts on unfinished traces with the answers they came to."""
    import anyio

    from deepprune_adapters.cli.views.judge_lines import print_evaluation
    from deepprune_sdk.evaluation.judge_quality import evaluate_judge

    points = read_checkpoints(checkpoints)
    answers = recordings.extractor()
    outputs.require()
    problems = recordings.by_problem()
    if held_out is not None:
        problems = _only_held_out(problems, held_out)
    made = choose_judge(judge)()

    async def run() -> JudgeEvaluation:
        return await evaluate_judge(problems, made, points, answers=answers, cap=cap, seed=seed)

    evaluation = anyio.run(run)
    print_evaluation(evaluation)

    def page() -> str:
        from deepprune_adapters.report import judge_report

        return judge_report([evaluation], title=judge)

    outputs.write(evaluation.model_dump_json(indent=1, by_alias=True), page)
    return 0


def _only_held_out(
    problems: Mapping[str, list[RecordedTrace]], path: Path
) -> dict[str, list[RecordedTrace]]:
    """Return the problems that a directory of pairs holds out for a test.

    Raises:
        ConfigurationError: It is not such a directory, or none of the problems is held out.
    """
    from deepprune_adapters.training.pairs import asked_of
    from deepprune_adapters.training.pairset import read_pairs
    from deepprune_sdk import ConfigurationError

    tested = {pair.asked for pair in read_pairs(path).splits["test"]}
    kept = {
        name: traces
        for name, traces in problems.items()
        if asked_of(traces[0].question, traces[0].problem) in tested
    }
    if not kept:
        raise ConfigurationError(
            f"--held-out {path}: none of the recorded problems is in its test split; give the "
            "recordings that the pairs were made of"
        )
    return kept
