"""`deepprune judge train`: a judge fine-tuned on pairs of one's own traces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from deepprune_adapters.cli.views.text import clean

__all__ = ["EXAMPLES", "register", "train"]

EXAMPLES: Final = """\b
Examples:
  deepprune judge train pairs --base Qwen/Qwen3-0.6B -o my-judge
  deepprune judge train pairs --base Qwen/Qwen3-4B-Instruct-2507 -o my-judge --preset deepprune
  torchrun --nproc-per-node 4 -m deepprune_adapters.cli judge train pairs --base ... -o ...
"""


def register(app: typer.Typer) -> None:
    """Add the command to the group of `judge`."""
    app.command(epilog=EXAMPLES)(train)


def _option(help_text: str, **more: Any) -> Any:
    return typer.Option(help=help_text, show_default=False, **more)


def train(
    pairs: Annotated[
        Path, typer.Argument(metavar="PAIRS", help="What `judge pairs` wrote.", show_default=False)
    ],
    *,
    base: Annotated[
        str, typer.Option(metavar="MODEL", help="A directory, a GGUF file or a hub name.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="A new directory.")],
    preset: Annotated[str, typer.Option(help="lora, or deepprune: the paper's numbers.")] = "lora",
    head: Annotated[str | None, _option("generative or classifier.")] = None,
    lora_rank: Annotated[int | None, _option("0 trains all weights.")] = None,
    lora_alpha: Annotated[float | None, _option("Updates are scaled by it over the rank.")] = None,
    lora_modules: Annotated[
        str | None, _option("Layers to update, as q_proj,v_proj; all linear ones by default.")
    ] = None,
    learning_rate: Annotated[float | None, _option("The highest, after the warm-up.")] = None,
    batch: Annotated[int | None, _option("Pairs an update, over all devices.")] = None,
    micro_batch: Annotated[int | None, _option("Pairs that a device computes at once.")] = None,
    epochs: Annotated[float | None, _option("How often all pairs come.")] = None,
    max_steps: Annotated[int | None, _option("Updates, whatever the epochs.")] = None,
    gamma: Annotated[float | None, _option("Of the focal loss; 0 is cross-entropy.")] = None,
    alpha: Annotated[float | None, _option("Weight of the rarer class in the loss.")] = None,
    oversample: Annotated[float | None, _option("How often the rarer class comes.")] = None,
    context: Annotated[int | None, _option("Most tokens of a prompt; longer ones are cut.")] = None,
    evaluations: Annotated[int | None, _option("How often to validate and checkpoint.")] = None,
    patience: Annotated[int | None, _option("Validations without a gain until it stops.")] = None,
    bf16: Annotated[bool | None, _option("Compute in bfloat16.")] = None,
    seed: Annotated[int | None, _option("Of everything that is drawn.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after a kill.")] = False,
    allow_download: Annotated[
        bool, typer.Option("--allow-download", help="Fetch MODEL from the hub.")
    ] = False,
) -> int:
    """Fine-tune MODEL on PAIRS; `transformers:DIR` is the judge, DIR/README.md its card."""
    from deepprune_adapters.cli.choose import named
    from deepprune_adapters.training.card import summary
    from deepprune_adapters.training.settings import PRESETS, TrainSettings
    from deepprune_adapters.training.train import train_judge
    from deepprune_adapters.training.trainer import is_first

    given: dict[str, object] = {
        "head": head,
        "lora_rank": lora_rank,
        "lora_alpha": lora_alpha,
        "lora_modules": None if lora_modules is None else tuple(lora_modules.split(",")),
        "learning_rate": learning_rate,
        "batch": batch,
        "micro_batch": micro_batch,
        "epochs": epochs,
        "max_steps": max_steps,
        "gamma": gamma,
        "alpha": alpha,
        "oversample": oversample,
        "context": context,
        "evaluations": evaluations,
        "patience": patience,
        "bf16": bf16,
        "seed": seed,
    }
    values = named("--preset", preset, PRESETS).model_dump()
    values |= {name: value for name, value in given.items() if value is not None}
    settings = TrainSettings.model_validate(values)
    figures = train_judge(
        pairs,
        base,
        output,
        settings,
        resume=resume,
        allow_download=allow_download,
        tell=lambda line: typer.echo(clean(line)),
    )
    if is_first():
        for line in summary(figures, settings.seed):
            typer.echo(line)
        typer.echo(
            f"{output}: the judge of step {figures.best_step}; --judge transformers:{output}"
        )
    return 0
