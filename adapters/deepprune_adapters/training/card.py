"""The model card beside a judge's weights: data, settings and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from deepprune_adapters.training.figures import Figures, Measured, difference
from deepprune_adapters.training.pairset import PairSet, tally
from deepprune_adapters.training.settings import TrainSettings
from deepprune_sdk.evaluation.statistics import Interval

__all__ = ["summary", "write_card"]

LIBRARIES: Final = ("torch", "transformers", "peft", "accelerate")


def write_card(
    path: Path, *, base: str | Path, held: PairSet, settings: TrainSettings, figures: Figures
) -> None:
    """Write `README.md` into a judge's directory.

    Args:
        path: The directory.
        base: The model that was begun from; of a path, the card has the last part.
        held: The pairs.
        settings: How it was trained.
        figures: What was measured.
    """
    (path / "README.md").write_text(
        _text(path.name, base, held, settings, figures), encoding="utf-8"
    )


def summary(figures: Figures, seed: int) -> list[str]:
    """Return lines that say what training changed, a split each."""
    lines: list[str] = []
    for name, after in figures.after.items():
        before = figures.before[name]
        grown, interval = difference(before, after, seed)
        lines.append(
            f"{name}: AUROC within a problem {before.auroc_within:.3f} untrained, "
            f"{after.auroc_within:.3f} trained, difference {grown:+.3f}{_between(interval)} "
            f"({after.pairs:,} pairs of {after.problems} problems that have both kinds)"
        )
    return lines


def _between(interval: Interval | None) -> str:
    return "" if interval is None else f" [{interval[0]:+.3f}, {interval[1]:+.3f}]"


def _figure(row: Measured) -> str:
    low, high = row.ci or (None, None)
    between = "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
    return f"{row.auroc_within:.3f}{between}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _measured(figures: Figures, seed: int) -> str:
    rows: list[tuple[str, ...]] = []
    for name, after in figures.after.items():
        before = figures.before[name]
        grown, interval = difference(before, after, seed)
        rows.append(
            (
                name,
                f"{after.problems}",
                f"{after.pairs:,}",
                _figure(before),
                _figure(after),
                f"{grown:+.3f}{_between(interval)}",
            )
        )
    return _table(("split", "problems", "pairs", "untrained", "trained", "difference"), rows)


def _data(held: PairSet) -> str:
    rows: list[tuple[str, ...]] = []
    for name, pairs in held.splits.items():
        row = tally(pairs)
        rows.append((name, f"{row.problems}", f"{row.pairs:,}", f"{row.share:.1%}"))
    return _table(("split", "problems", "pairs", "same answer"), rows)


def _settings(settings: TrainSettings) -> str:
    values: Mapping[str, object] = settings.model_dump()
    return _table(("setting", "value"), [(name, f"{value}") for name, value in values.items()])


def _text(
    name: str, base: str | Path, held: PairSet, settings: TrainSettings, figures: Figures
) -> str:
    pairs = [pair for own in held.splits.values() for pair in own]
    models = ", ".join(sorted({pair.model for pair in pairs}))
    points = ", ".join(dict.fromkeys(pair.checkpoint for pair in pairs))
    losses = ", ".join(f"{loss:.4f} ({step})" for step, loss in figures.losses)
    validations = ", ".join(f"{value:.3f} ({step})" for step, value in figures.validations)
    made_with = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    is_path = Path(base).expanduser().exists()
    return f"""---
base_model: {Path(base).name if is_path else base}
library_name: transformers
pipeline_tag: {"text-generation" if settings.head == "generative" else "text-classification"}
tags:
- deepprune
- judge
---

# {name}

A judge for DeepPrune (arXiv 2510.08483): it reads two unfinished reasoning traces of one problem
and says whether they will end in the same answer. Fine-tuned from {Path(base).name}.

```python
from deepprune_adapters.judges import TransformersJudge

judge = TransformersJudge("{name}")  # the path of this directory
```

## Data

Traces of {models}, cut at: {points}. No problem is in two splits.

{_data(held)}

## Figures

AUROC within a problem, averaged over the problems that have both kinds of pairs. Intervals are 95%,
resampling problems; that of the difference is paired.

{_measured(figures, settings.seed)}

{figures.steps} updates; the weights are those of step {figures.best_step}, the best in validation.
It took {figures.seconds / 60:.1f} minutes since it was begun or last resumed, evaluations included.
{figures.cut:,} prefixes were cut to the context, and {figures.dropped:,} pairs left out.

- Training loss (step): {losses}
- Validation (step): {validations}

## Settings

{_settings(settings)}

Made with {made_with}.
"""
