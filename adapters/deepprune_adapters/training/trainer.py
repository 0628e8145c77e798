"""transformers' Trainer, told how a judge is trained."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from deepprune_adapters.judges.checkpoint import Checkpoint
from deepprune_adapters.training.encoded import Labels, Row, collator
from deepprune_adapters.training.losses import IGNORED, judge_loss
from deepprune_adapters.training.settings import TrainSettings
from deepprune_sdk import ConfigurationError

__all__ = ["METRIC", "Devices", "devices", "is_first", "make_trainer"]

METRIC: Final = "auroc_within"
EVALUATION_BATCH: Final = 8


@dataclass(frozen=True, slots=True)
class Devices:
    """What the Trainer computes on.

    Attributes:
        count: Devices, over all processes.
        accelerated: Whether they are more than a CPU.
    """

    count: int
    accelerated: bool


def devices() -> Devices:
    """Find the processes of a launcher, else every GPU, else the CPU."""
    torch: Any = import_module("torch")
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    accelerated = gpus > 0 or torch.backends.mps.is_available()
    return Devices(launched if launched > 1 else max(1, gpus), accelerated)


def is_first() -> bool:
    """Whether this is the one of a launcher's processes that writes and speaks."""
    return int(os.environ.get("RANK", "0")) == 0


def make_trainer(
    loaded: Checkpoint,
    settings: TrainSettings,
    labels: Labels,
    train: Sequence[Row],
    validation: Sequence[Row],
    *,
    rare: int,
    checkpoints: Path,
    metrics: Callable[[Any], Mapping[str, float]],
    callback: Any,
) -> Any:
    """Return the Trainer.

    Args:
        loaded: The model, without updates.
        settings: How it is trained.
        labels: Of the prompt.
        train: Rows in the order in which they are taken.
        validation: Rows that are judged now and then.
        rare: The rarer class: its number, or the first token of its label.
        checkpoints: Where it keeps them.
        metrics: Takes what it predicts of the validation rows: a score each.
        callback: Is told of the progress.

    Raises:
        ConfigurationError: The batch cannot be divided over the devices, or there is no such layer.
    """
    library: Any = import_module("transformers")
    callbacks = [callback]
    if settings.patience is not None:
        callbacks.append(library.EarlyStoppingCallback(settings.patience))
    forward = inspect.signature(loaded.model.forward).parameters
    trainer = library.Trainer(
        args=_arguments(settings, -(-len(train) // settings.batch), checkpoints),
        model=_updated(loaded, settings),
        train_dataset=train,
        eval_dataset=validation,
        data_collator=collator(
            labels,
            loaded.tokenizer.pad_token_id,
            keeps_logits="logits_to_keep" in forward,
            positions="position_ids" in forward,
        ),
        compute_loss_func=judge_loss(
            gamma=settings.gamma, alpha=settings.alpha, rare=rare, generates=labels.generates
        ),
        compute_metrics=metrics,
        preprocess_logits_for_metrics=_margin(labels),
        callbacks=callbacks,
    )
    trainer.remove_callback(import_module("transformers.trainer_callback").PrinterCallback)
    return trainer


def _arguments(settings: TrainSettings, steps: int, checkpoints: Path) -> Any:
    found = devices()
    at_once = settings.micro_batch * found.count
    if settings.batch % at_once:
        raise ConfigurationError(
            f"batch={settings.batch} is not a multiple of micro_batch={settings.micro_batch} x "
            f"{found.count} devices"
        )
    every = max(1, steps // settings.evaluations)
    bf16 = settings.bf16
    if bf16 is None:
        cuda: Any = import_module("torch").cuda
        bf16 = cuda.is_available() and cuda.is_bf16_supported()
    library: Any = import_module("transformers")
    return library.TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=steps,
        per_device_train_batch_size=settings.micro_batch,
        per_device_eval_batch_size=max(EVALUATION_BATCH, settings.micro_batch),
        gradient_accumulation_steps=settings.batch // at_once,
        train_sampling_strategy="sequential",  # the order is drawn before
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup,  # below 1 a share
        adam_beta1=settings.betas[0],
        adam_beta2=settings.betas[1],
        adam_epsilon=settings.epsilon,
        weight_decay=0.0,
        bf16=bf16,
        use_cpu=not found.accelerated,
        dataloader_pin_memory=found.accelerated,
        seed=settings.seed,
        eval_strategy="steps",
        save_strategy="steps",
        logging_strategy="steps",
        eval_steps=every,
        save_steps=every,
        logging_steps=max(1, every // 2),
        save_total_limit=1,  # and the best
        load_best_model_at_end=True,
        metric_for_best_model=METRIC,
        greater_is_better=True,
        restore_callback_states_from_checkpoint=True,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        disable_tqdm=True,
    )


def _updated(loaded: Checkpoint, settings: TrainSettings) -> Any:
    """Return the model with the layers that are trained."""
    if settings.lora_rank == 0:
        return loaded.model
    peft: Any = import_module("peft")
    try:
        return peft.get_peft_model(
            loaded.model,
            peft.LoraConfig(
                r=settings.lora_rank,
                lora_alpha=settings.lora_alpha,
                target_modules=list(settings.lora_modules) or "all-linear",
                task_type="SEQ_CLS" if loaded.classifies else "CAUSAL_LM",
            ),
        )
    except ValueError as error:
        named = ",".join(settings.lora_modules)
        raise ConfigurationError(f"lora_modules={named}: {error}") from error


def _margin(labels: Labels) -> Callable[[Any, Any], Any]:
    """Return what scores pairs: the logit of the same answer above that of another."""
    torch: Any = import_module("torch")

    def margin(logits: Any, targets: Any) -> Any:
        if not labels.generates:
            return logits[:, 1] - logits[:, 0]
        # The token before the label predicts its first token.
        at = (targets[:, 1:] != IGNORED).int().argmax(dim=1)
        logits = logits[:, -targets.shape[1] :][torch.arange(len(at)), at]
        return logits[:, labels.same[0]] - logits[:, labels.different[0]]

    return margin
