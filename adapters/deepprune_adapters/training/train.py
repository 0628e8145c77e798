"""Fine-tuning a judge: transformers' Trainer with a judge's loss, order and figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

from deepprune_adapters.judges.checkpoint import Checkpoint, load_checkpoint, quiet
from deepprune_adapters.judges.prompts import PROMPT_FILE
from deepprune_adapters.training.card import write_card
from deepprune_adapters.training.encoded import Encoded, encode_pairs
from deepprune_adapters.training.figures import Figures, Measured, auroc_by_problem, measure
from deepprune_adapters.training.output import Asked, Output
from deepprune_adapters.training.pairs import PairRecord
from deepprune_adapters.training.pairset import PairSet, read_pairs
from deepprune_adapters.training.progress import progress_callback
from deepprune_adapters.training.sampler import training_order
from deepprune_adapters.training.settings import TrainSettings
from deepprune_adapters.training.split import Split, rankable
from deepprune_adapters.training.trainer import METRIC, devices, is_first, make_trainer
from deepprune_sdk import ConfigurationError, MissingExtraError
from deepprune_sdk.evaluation.statistics import mean

__all__ = ["train_judge"]


def train_judge(
    pairs: Path,
    base: str | Path,
    output: Path,
    settings: TrainSettings,
    *,
    resume: bool = False,
    allow_download: bool = False,
    tell: Callable[[str], None] = print,
) -> Figures:
    """Train a judge on a directory of pairs, and write it where `TransformersJudge` loads it.

    Under `torchrun` or `accelerate launch` every process calls this with the same arguments.

    Args:
        pairs: What `deepprune judge pairs` wrote.
        base: The model to begin from: a directory, a GGUF file, or a name in the local cache.
        output: A new directory.
        settings: How.
        resume: Whether to go on with the training in `output`, which was cut off.
        allow_download: Whether a name may be fetched from the hub.
        tell: Takes lines about the progress.

    Returns:
        What was measured, before and after.

    Raises:
        MissingExtraError: A package of the extra `train` is not installed.
        ConfigurationError: The pairs, the model or the directory cannot be used, or `resume` does
            not fit; the message says how to mend it.
    """
    for package in ("torch", "transformers", "accelerate", "peft"):
        try:
            import_module(package)
        except ImportError as error:
            raise MissingExtraError(extra="train", package=package) from error
    held = read_pairs(pairs)
    _check(held)
    asked = Asked(base=Path(base).name, pairs=held.digest, settings=settings)
    first = is_first()
    place = Output(output, asked, resume=resume, first=first)
    frozen = settings.lora_rank > 0 and devices().accelerated
    import_module("transformers").set_seed(settings.seed)  # before a new head is drawn
    loaded = load_checkpoint(
        base,
        device="cpu",  # the Trainer moves it
        dtype="auto" if frozen else "float32",
        allow_download=allow_download,
        labels=_classes(held) if settings.head == "classifier" else None,
    )
    if loaded.classifies != (settings.head == "classifier"):
        raise ConfigurationError(f"{base} is a classifier: train it with --head classifier")
    with quiet(import_module("transformers")):
        training = _Training(held, loaded, settings, place, tell if first else _silent)
        figures = training.run(resume=resume)
        if first:
            training.save(base, figures)
            place.finish()
    return figures


def _check(held: PairSet) -> None:
    """See that there is something to learn, and to tell whether it was.

    Raises:
        ConfigurationError: There is not.
    """
    train = held.splits["train"]
    if not _both_kinds(train):
        label = train[0].output if train else "no pairs"
        raise ConfigurationError(
            f"all {len(train)} training pairs are {label!r}: nothing tells them apart; record "
            "problems on which traces differ"
        )
    if not auroc_by_problem(held.splits["validation"], [0.0] * len(held.splits["validation"])):
        raise ConfigurationError(
            "no validation problem has both kinds of pairs, so no AUROC can be watched: give "
            "`deepprune judge pairs` a larger --validation, or more problems"
        )


def _both_kinds(pairs: Sequence[PairRecord]) -> bool:
    return len({pair.same for pair in pairs}) == 2


def _classes(held: PairSet) -> tuple[str, str]:
    return held.prompt.different[0], held.prompt.same[0]


def _silent(line: str) -> None:
    del line


class _Training:
    """A model, its rows and the Trainer over them."""

    def __init__(
        self,
        held: PairSet,
        loaded: Checkpoint,
        settings: TrainSettings,
        place: Output,
        tell: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._place = place
        self._tell = tell
        self._held = held
        self._loaded = loaded
        self._rows: dict[Split, Encoded] = {}
        limits = [n for n in (settings.context, loaded.context) if n is not None]
        for name, pairs in held.splits.items():
            self._rows[name], self._labels = encode_pairs(
                pairs if name == "train" else rankable(pairs),
                loaded.tokenizer,
                held.prompt,
                context=min(limits, default=None),
                generates=not loaded.classifies,
            )
        train = self._rows["train"]
        if not _both_kinds(train.pairs) or not rankable(self._rows["validation"].pairs):
            raise ConfigurationError(
                f"context={min(limits)}: too small for the pairs, {train.dropped} of "
                f"{train.dropped + len(train.pairs)} to train on have no room; give more"
            )
        self._cut = sum(rows.cut for rows in self._rows.values())
        self._dropped = sum(rows.dropped for rows in self._rows.values())
        if self._cut or self._dropped:
            tell(
                f"context of {min(limits)} tokens: {self._cut:,} prefixes are cut to their first "
                f"tokens, {self._dropped:,} pairs left out"
            )
        order = training_order(
            [pair.same for pair in train.pairs],
            [len(row["prompt"]) for row in train.rows],
            oversample=settings.oversample,
            epochs=settings.epochs,
            max_steps=settings.max_steps,
            batch=settings.batch,
            seed=settings.seed,
        )
        self._scored = self._rows["validation"]
        rare = sum(pair.same for pair in train.pairs) * 2 < len(train.pairs)
        self._trainer = make_trainer(
            loaded,
            settings,
            self._labels,
            [train.rows[index] for index in order],
            self._scored.rows,
            rare=self._labels.tokens(rare)[0],
            checkpoints=place.checkpoints,
            metrics=self._metrics,
            callback=progress_callback(import_module("transformers"), tell, self._before),
        )

    def run(self, *, resume: bool) -> Figures:
        """Train, and measure before and after."""
        begun = monotonic()
        last = self._place.last() if resume else None
        self._trainer.train(resume_from_checkpoint=None if last is None else str(last))
        state = self._trainer.state
        best = state.best_model_checkpoint
        return Figures(
            before=self._before(),
            after=self._measured(),
            steps=state.global_step,
            best_step=int(str(best).rpartition("-")[2]) if best else state.global_step,
            losses=_logged(state, "loss"),
            validations=_logged(state, f"eval_{METRIC}"),
            seconds=monotonic() - begun,
            cut=self._cut,
            dropped=self._dropped,
        )

    def _before(self) -> dict[str, Measured]:
        """Measure the untrained model, once: a training that is resumed has done so."""
        started = self._place.started
        if started is None:
            started = self._place.begin(self._measured())
            for name, row in started.before.items():
                self._tell(f"untrained: {name} AUROC within a problem {row.auroc_within:.3f}")
            self._scored = self._rows["validation"]
        return started.before

    def save(self, base: str | Path, figures: Figures) -> None:
        """Write the judge: whole weights, which any server loads, and what goes with them."""
        model = self._trainer.accelerator.unwrap_model(self._trainer.model)
        if self._settings.lora_rank:
            model = model.merge_and_unload()
        path = self._place.path
        model.save_pretrained(path)
        self._loaded.tokenizer.save_pretrained(path)
        prompt = self._held.prompt.model_dump_json(indent=1) + "\n"
        (path / PROMPT_FILE).write_text(prompt, encoding="utf-8")
        (path / "figures.json").write_text(figures.model_dump_json(indent=1) + "\n", "utf-8")
        write_card(path, base=base, held=self._held, settings=self._settings, figures=figures)

    # --- figures ----------------------------------------------------------------------------------

    def _measured(self) -> dict[str, Measured]:
        found: dict[str, Measured] = {}
        for name in ("validation", "test"):
            self._scored = self._rows[name]
            if not self._scored.pairs:
                continue
            scores = self._trainer.predict(self._scored.rows).predictions.tolist()
            measured = measure(self._scored.pairs, scores, self._settings.seed)
            if measured is not None:
                found[name] = measured
        return found

    def _metrics(self, prediction: Any) -> dict[str, float]:
        scores = prediction.predictions.tolist()
        by_problem = auroc_by_problem(self._scored.pairs, scores)
        return {METRIC: mean(list(by_problem.values())) or 0.0}


def _logged(state: Any, name: str) -> list[tuple[int, float]]:
    return [(row["step"], float(row[name])) for row in state.log_history if name in row]
