"""`deepprune judge pairs`: training pairs for a judge from one's own traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import CapOption, SeedOption
from deepprune_adapters.cli.recordings import Recordings, read_checkpoints
from deepprune_adapters.cli.views.text import clean, count

if TYPE_CHECKING:
    from deepprune_adapters.training.pairs import PairRecord
    from deepprune_adapters.training.split import Split

__all__ = ["pairs", "register"]

ShareOption = Annotated[
    float, typer.Option(min=0, max=1, metavar="SHARE", help="Share of the problems.")
]

EXAMPLES: Final = """\b
Examples:
  deepprune judge pairs traces.jsonl.gz -o pairs --checkpoints 500
  deepprune judge pairs *.jsonl.gz -o pairs --steps 10,25 --words wait,so,but
"""


def register(app: typer.Typer) -> None:
    """Add the command to the group of `judge`."""
    add_command(app, pairs, epilog=EXAMPLES)


def pairs(
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="PAIRS", help="A new directory.", show_default=False
        ),
    ],
    checkpoints: Annotated[
        str | None,
        typer.Option(
            metavar="K,...",
            help="Cut at the first K tokens; below 1, a fraction of the problem's median length. "
            "0.5 where neither this nor --steps is given.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(metavar="K,...", help="Cut at the first K steps.", show_default=False),
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(metavar="WORD,...", help="Words that open a step.", show_default=False),
    ] = None,
    cap: CapOption = 200,
    held_out_cap: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="The same for validation and test, which training judges again and again.",
            show_default=False,
        ),
    ] = None,
    validation: ShareOption = 0.1,
    test: ShareOption = 0.1,
    prompt: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A template of your own (JSON).", show_default=False),
    ] = None,
    seed: SeedOption = 42,
    recordings: Recordings,
) -> int:
    """Write every pair of a problem's TRACES, cut where a judge would see them, with its label.

    The split is by problem. PAIRS loads with `datasets`, and with `deepprune judge train`.
    """
    from deepprune_adapters.judges.prompts import DEEPPRUNE, read_prompt
    from deepprune_adapters.training.pairs import Truncation, capped, make_pairs
    from deepprune_adapters.training.pairset import empty_directory, write_pairs
    from deepprune_adapters.training.split import split_by_problem
    from deepprune_sdk import ConfigurationError
    from deepprune_sdk.policies.checkpoints import REASONING_WORDS

    if checkpoints is None and steps is None:
        checkpoints = "0.5"
    truncation = Truncation(
        tokens=[] if checkpoints is None else read_checkpoints(checkpoints),
        steps=[] if steps is None else _steps(steps),
        words=tuple(words.split(",")) if words else REASONING_WORDS,
    )
    template = read_prompt(prompt) if prompt else DEEPPRUNE
    problems = recordings.by_problem()
    empty_directory("--output", output)
    made = make_pairs(
        problems,
        truncation,
        prompt=template,
        answers=recordings.extractor(),
        cap=cap,
        seed=seed,
    )
    if not made:
        raise ConfigurationError(
            "no pair: no problem has two traces with answers that continue beyond a checkpoint; "
            "cut earlier, or record longer traces"
        )
    splits = split_by_problem(made, validation=validation, test=test, seed=seed)
    if held_out_cap is not None:
        for held_out in (splits["validation"], splits["test"]):
            held_out[:] = capped(held_out, held_out_cap, seed)
    write_pairs(output, splits, template)
    _print(splits)
    kept = sum(map(len, splits.values()))
    typer.echo(f"{output}: {count(kept, 'pair')} of {count(len(problems), 'recording')}")
    return 0


def _steps(text: str) -> list[int]:
    from deepprune_sdk import ConfigurationError

    try:
        steps = [int(part) for part in text.split(",")]
    except ValueError:
        steps = []
    if not steps or min(steps) < 1:
        raise ConfigurationError(f"--steps {text!r}: give whole numbers from 1, as 10,25")
    return steps


def _print(splits: Mapping[Split, Sequence[PairRecord]]) -> None:
    """Say how many pairs there are and how imbalanced, by split and by problem."""
    from deepprune_adapters.training.pairset import tally

    for name, held in splits.items():
        row = tally(held)
        typer.echo(
            f"{name:<10} {row.problems:>5} problems {row.pairs:>8,} pairs  {row.share:>5.1%} same"
        )
        groups: dict[tuple[str, str, str], list[PairRecord]] = {}
        for pair in held:
            groups.setdefault((pair.model, pair.problem, pair.checkpoint), []).append(pair)
        for (model, problem, checkpoint), own in groups.items():
            row = tally(own)
            typer.echo(
                f"  {clean(model, 40)} {clean(problem, 40)} at {checkpoint}: {row.pairs:,} pairs, "
                f"{row.share:.0%} same"
            )
