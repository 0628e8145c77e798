"""How a judge is trained: every number in one place, and the paper's under a name."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from deepprune_sdk.data.config import Config

__all__ = ["PRESETS", "TrainSettings"]


class TrainSettings(Config):
    """Settings of `train_judge`. What is not said is as in DeepPrune (arXiv 2510.08483)."""

    head: Literal["generative", "classifier"] = "generative"
    """A label that is generated, as in the paper, or a classification head."""
    lora_rank: int = Field(default=16, ge=0)
    """Rank of the trained updates (LoRA); 0 trains all weights, as the paper does."""
    lora_alpha: float = Field(default=32, gt=0)
    """The updates are scaled by lora_alpha / lora_rank."""
    lora_modules: tuple[str, ...] = ()
    """Names of the layers that are updated; none names every linear layer but the output."""
    learning_rate: float = Field(default=2e-4, gt=0)
    """Highest learning rate, after the warm-up."""
    batch: int = Field(default=8, ge=1)
    """Pairs per update, over all devices."""
    micro_batch: int = Field(default=1, ge=1)
    """Pairs that a device computes at once; the rest of a batch is accumulated."""
    epochs: float = Field(default=3, gt=0)
    """How often all training pairs are gone through."""
    max_steps: int | None = Field(default=None, ge=1)
    """Updates, whatever the epochs; None goes by these."""
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of the updates over which the learning rate rises; it then falls as a cosine."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Of AdamW."""
    epsilon: float = Field(default=1e-8, gt=0)
    """Of AdamW."""
    gamma: float = Field(default=2.0, ge=0)
    """Of the focal loss; 0 makes it the cross-entropy. 2 is its authors' (arXiv 1708.02002); what
    DeepPrune has is not known (unverified)."""
    alpha: float | None = Field(default=None, gt=0, lt=1)
    """Weight of the rarer class in the focal loss, against 1 - alpha; None weighs both alike."""
    oversample: float = Field(default=2.0, ge=1)
    """How often a pair of the rarer class comes per epoch."""
    context: int | None = Field(default=None, ge=1)
    """Most tokens of a prompt with its label; None takes the model's limit."""
    evaluations: int = Field(default=10, ge=1)
    """How often the validation pairs are judged; a checkpoint is kept each time."""
    patience: int | None = Field(default=3, ge=1)
    """Evaluations without a better AUROC after which training stops; None never stops."""
    bf16: bool | None = None
    """Compute in bfloat16; None does on a GPU that can. A CPU with AMX gains much, too."""
    seed: int = 42
    """Of the order of the pairs, the new layers and everything else that is drawn."""

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        if self.batch % self.micro_batch:
            raise ValueError(
                f"batch={self.batch} is not a multiple of micro_batch={self.micro_batch}"
            )
        return self


PRESETS: Final[dict[str, TrainSettings]] = {
    "lora": TrainSettings(),
    "deepprune": TrainSettings(lora_rank=0, learning_rate=1e-5, patience=None),
}
"""`deepprune` has the numbers of the model card of DeepPrune-Judge-4B: learning rate 1e-5, 1 pair a
device x 4 devices x 2 accumulated = 8, AdamW (0.9, 0.999) with 1e-8, cosine, warm-up 0.1, 3 epochs,
seed 42, all weights trained, focal loss and twofold oversampling of the rarer class. `lora` fits
one device."""
