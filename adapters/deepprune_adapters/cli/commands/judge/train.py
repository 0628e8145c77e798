"""`deepprune judge train`: a judge fine-tuned on pairs of one's own traces."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deepprune_adapters.cli.choose import named
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.views.text import clean

if TYPE_CHECKING:
    from deepprune_adapters.training.settings import TrainSettings

__all__ = ["Changes", "register", "train"]

EXAMPLES: Final = """\b
Examples:
  deepprune judge train pairs --base Qwen/Qwen3-0.6B -o my-judge
  deepprune judge train pairs --base Qwen/Qwen3-4B-Instruct-2507 -o my-judge --preset deepprune
  torchrun --nproc-per-node 4 -m deepprune_adapters.cli judge train pairs --base ... -o ...
"""


def register(app: typer.Typer) -> None:
    """Add the command to the group of `judge`."""
    add_command(app, train, epilog=EXAMPLES)


def _setting(help_text: str) -> Any:
    return typer.Option(help=help_text, show_default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Fields of `TrainSettings` by their own names; None leaves one as the preset has it."""

    head: Annotated[str | None, _setting("generative or classifier.")] = None
    lora_rank: Annotated[int | None, _setting("0 trains all weights.")] = None
    lora_alpha: Annotated[float | None, _setting("Updates are scaled by it over the rank.")] = None
    lora_modules: Annotated[
        str | None, _setting("Layers to update, as q_proj,v_proj; all linear ones by default.")
    ] = None
    learning_rate: Annotated[float | None, _setting("The highest, after the warm-up.")] = None
    batch: Annotated[int | None, _setting("Pairs per update, over all devices.")] = None
    micro_batch: Annotated[int | None, _setting("Pairs that a device computes at once.")] = None
    epochs: Annotated[float | None, _setting("How often all pairs are seen.")] = None
    max_steps: Annotated[int | None, _setting("Updates, whatever the epochs.")] = None
    gamma: Annotated[float | None, _setting("Of the focal loss; 0 is cross-entropy.")] = None
    alpha: Annotated[float | None, _setting("Weight of the rarer class in the loss.")] = None
    oversample: Annotated[
        float | None, _setting("How often a pair of the rarer class comes per epoch.")
    ] = None
    context: Annotated[int | None, _setting("Most tokens of a prompt; longer ones are cut.")] = None
    evaluations: Annotated[int | None, _setting("How often to validate and checkpoint.")] = None
    patience: Annotated[
        int | None, _setting("Validations without a gain after which it stops.")
    ] = None
    bf16: Annotated[bool | None, _setting("Compute in bfloat16.")] = None
    seed: Annotated[int | None, _setting("Seed of everything that is drawn.")] = None

    def of(self, preset: TrainSettings) -> TrainSettings:
        """Return a preset with what was given.

        Raises:
            ConfigurationError: A value is out of its range.
        """
        from deepprune_adapters.training.settings import TrainSettings

        given = {name: value for name, value in asdict(self).items() if value is not None}
        if self.lora_modules is not None:
            given["lora_modules"] = tuple(self.lora_modules.split(","))
        return TrainSettings.model_validate(preset.model_dump() | given)


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
    changes: Changes,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a training that was killed.")
    ] = False,
    allow_download: Annotated[
        bool, typer.Option("--allow-download", help="Fetch MODEL from the hub.")
    ] = False,
) -> int:
    """Fine-tune MODEL on PAIRS; `transformers:DIR` is the judge, DIR/README.md its card."""
    from deepprune_adapters.training.card import summary
    from deepprune_adapters.training.settings import PRESETS
    from deepprune_adapters.training.train import train_judge
    from deepprune_adapters.training.trainer import is_first

    settings = changes.of(named("--preset", preset, PRESETS))
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
