"""The fitted numbers of a `LearnedJudge`, and the file that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from math import exp, fsum, log
from pathlib import Path
from typing import ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from deepprune_sdk.data.config import describe
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.judges.likeness import FEATURES, Features

__all__ = ["FittedOn", "LearnedWeights", "Term", "load_weights", "probability", "trust"]

SHIPPED: Final = "learned_weights.json"
REACH: Final = 3.0
"""Deviations from the mean beyond which a value says no more: other models, other lengths."""
HESITATION: Final = 2.0
"""How many prefixes the average of the fitted problems counts for, against those of a run."""
CERTAIN: Final = 12.0
"""Largest log-odds: a judge is never sure."""


def trust(prefixes: int) -> float:
    """Return how much the sameness of so many prefixes says, from 0 of one to 1 of very many."""
    return (prefixes - 1) / (prefixes - 1 + HESITATION)


def probability(log_odds: float) -> float:
    """Return the probability, never 0 or 1."""
    return 1.0 / (1.0 + exp(-max(-CERTAIN, min(CERTAIN, log_odds))))


class _Model(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True
    )


class Term(_Model):
    """What one feature adds to the log-odds: weight x (value - mean) / deviation."""

    mean: float
    deviation: float = Field(gt=0)
    weight: float

    def add(self, value: float | None) -> float:
        """Return the term; nothing known counts as the mean."""
        if value is None:
            return 0.0
        return self.weight * max(-REACH, min(REACH, (value - self.mean) / self.deviation))


class FittedOn(_Model):
    """What the weights were fitted on."""

    models: tuple[str, ...]
    problems: int
    pairs: int
    checkpoints: tuple[float, ...]


class LearnedWeights(_Model):
    """A calibrated logistic model of a pair's features and of its run's sameness."""

    format: Literal["deepprune-learned/1"] = "deepprune-learned/1"
    fitted_on: FittedOn
    prior: float = Field(gt=0, lt=1)
    """Share of the fitted pairs that end alike, every problem of a model counting the same."""
    intercept: float
    sameness: Term
    """Of the wording of all prefixes in the batch: tells an easy problem from a hard one."""
    features: Mapping[str, Term]
    """By name; exactly those of `likeness.FEATURES`."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if set(self.features) != set(FEATURES):
            raise ValueError(f"features should be {', '.join(FEATURES)}")
        return self

    def score(self, features: Features) -> float:
        """Return what the pair itself adds to the log-odds."""
        return fsum(term.add(value) for term, value in zip(self._terms, features, strict=True))

    @cached_property
    def _terms(self) -> Sequence[Term]:
        """The features' terms in their order, for a sum that is made for every pair."""
        return [self.features[name] for name in FEATURES]

    def level(self, sameness: float | None, prefixes: int) -> float:
        """Return the log-odds of a run's average pair, from the prefixes that are known of it."""
        if sameness is None or prefixes < 2:
            return self.intercept
        return self.intercept + trust(prefixes) * self.sameness.add(sameness)

    def shift(self, prior: float | None) -> float:
        """Return what to add to the log-odds where the share `prior` of pairs ends alike (Bayes).

        The posterior odds are the likelihood ratio of a pair times the prior odds, and the weights
        hold the ratio times those of the fitted pairs.
        """
        if prior is None:
            return 0.0
        return log(prior / (1.0 - prior)) - log(self.prior / (1.0 - self.prior))

    def dump(self) -> str:
        """Return the text of the file: the same weights give the same bytes."""
        return self.model_dump_json(indent=2) + "\n"


def load_weights(path: str | Path | None = None) -> LearnedWeights:
    """Read weights from a file, or those that ship with the package.

    Raises:
        ConfigurationError: The file cannot be read, or holds something else; it is named.
    """
    if path is None:
        return _shipped()
    try:
        return LearnedWeights.model_validate_json(Path(path).read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"{path}: {error.strerror or error}; give a file that `judge fit-light` wrote"
        ) from error
    except ValidationError as error:
        fault = describe(error, "it", LearnedWeights.model_fields)
        raise ConfigurationError(
            f"{path}: no weights of a LearnedJudge: {fault}; `judge fit-light` writes such a file"
        ) from error


@lru_cache(maxsize=1)
def _shipped() -> LearnedWeights:
    text = files("deepprune_sdk.judges").joinpath(SHIPPED).read_text(encoding="utf-8")
    return LearnedWeights.model_validate_json(text)
