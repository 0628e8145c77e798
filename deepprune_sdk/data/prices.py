"""What tokens cost."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from pydantic import Field, model_validator

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.types import Usage

__all__ = ["Price"]


class Price(Config):
    """Money per million tokens, in whatever currency."""

    input: float = Field(ge=0, allow_inf_nan=False)
    """Tokens read."""
    output: float = Field(ge=0, allow_inf_nan=False)
    """Tokens written, reasoning included."""
    cached_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Tokens read that came from the server's cache; None: they cost what the others do."""

    @model_validator(mode="before")
    @classmethod
    def _plain_numbers(cls, data: Any) -> object:
        """Take two bare numbers, or three, in the order of the fields."""
        if type(data) in (list, tuple) and len(data) in (2, 3):
            return dict(zip(cls.model_fields, data, strict=False))
        return data

    def __str__(self) -> str:
        """The numbers, as a command line gives them."""
        numbers = (self.input, self.output, self.cached_input)
        return "/".join(f"{number:g}" for number in numbers if number is not None)

    def of(self, usage: Usage) -> float:
        """Return what some tokens cost."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = usage.prompt - usage.cached
        return (fresh * self.input + usage.cached * cached + usage.generated * self.output) / 1e6

    def of_traces(self, traces: Sequence[Trace], resumed: Container[int]) -> float:
        """Return what traces of one prompt cost, without those that come from a recording.

        A trace whose stream was closed before the server had reported has read the same prompt as
        the others: it is counted with their figure.
        """
        costs = [trace.cost for trace in traces if trace.index not in resumed]
        prompt = max((cost.prompt for cost in costs), default=0)
        unreported = sum(cost.generated > 0 and not cost.prompt for cost in costs)
        return sum(map(self.of, costs)) + unreported * prompt * self.input / 1e6
