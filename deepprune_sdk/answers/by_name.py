r"""Kinds of answers by the names of the table in `methods.py`: `choice:positive|negative`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from pydantic import BaseModel

from deepprune_sdk.answers.functions import FunctionAnswers
from deepprune_sdk.answers.json_object import JsonAnswers
from deepprune_sdk.data.arguments import check_brought
from deepprune_sdk.data.named import among
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.methods import ANSWERS
from deepprune_sdk.protocols import AnswerExtractor

__all__ = ["ReadsAnswers", "as_extractor"]

ReadsAnswers = AnswerExtractor | str | type[BaseModel] | Callable[[str], str | None]
"""Whatever `as_extractor` takes."""


def as_extractor(answers: ReadsAnswers | None) -> AnswerExtractor:
    r"""Return an extractor, made of what is easier to write.

    Args:
        answers: A kind as text (`number`, `choice:ABCD`, `json:fields=city/country`), a pydantic
            model, a function from a text to its answer, or an extractor, which is returned as it
            is. None is `auto`.

    Raises:
        ConfigurationError: An unknown kind, or one that cannot be made of what follows it.
    """
    if answers is None:
        return _named("auto")
    if isinstance(answers, str):
        return _named(answers)
    if isinstance(answers, type):
        if issubclass(answers, BaseModel) and answers is not BaseModel:
            return JsonAnswers(answers)
        raise ConfigurationError(
            f"answers={answers.__name__} is a class: give {answers.__name__}()"
        )
    if hasattr(answers, "extract"):
        fix = "give an extractor with both, or a function from a text to its answer"
        check_brought("answers", answers, ("extract", "equivalent"), fix)
        return cast("AnswerExtractor", answers)
    if callable(answers):
        return FunctionAnswers(answers)
    raise ConfigurationError(
        f"answers={answers!r}: give a kind ({', '.join(ANSWERS)}), a pydantic model, a function "
        "from a text to its answer, or an extractor"
    )


def _named(text: str) -> AnswerExtractor:
    name, _, argument = text.lstrip().partition(":")
    row = ANSWERS.get(name.strip())
    if row is None:
        raise ConfigurationError(
            f"no kind of answers {name.strip()!r}{among(name.strip(), ANSWERS)}"
        )
    # The package's own names: the modules that define them are no part of the table.
    made: Any = getattr(import_module(__package__ or ""), row.extractor)
    if hasattr(made, "by_name"):
        return made.by_name(argument)
    if argument.strip():
        raise ConfigurationError(f"{row.name} takes no settings, as in {row.example}")
    return made()
