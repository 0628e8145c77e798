"""What was measured: each figure with its spread, its limit, and whether it holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

__all__ = ["Figure", "Sizes", "ratios"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured.

    Attributes:
        scale: Share of the usual work in each measurement.
        repeats: Measurements of each figure, in turn with those it is compared with.
    """

    scale: float = 1.0
    repeats: int = 5

    def of(self, usual: int, *, least: int = 1) -> int:
        """A number of things to do."""
        return max(least, round(usual * self.scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured quantity.

    Attributes:
        group: What it belongs to.
        name: What it is, in words.
        unit: Of the values; "x" for a ratio.
        values: One a repeat.
        limit: What its median is to keep, or None where it is only reported.
        at_least: Whether the limit is a least and not a most.
    """

    group: str
    name: str
    unit: str
    values: list[float] = field(default_factory=list[float])
    limit: float | None = None
    at_least: bool = False

    @property
    def value(self) -> float:
        """The median of the repeats."""
        return median(self.values)

    @property
    def holds(self) -> bool | None:
        """Whether the limit is kept; None without one."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def record(self) -> dict[str, Any]:
        """Return it as JSON values."""
        spread = {"value": self.value, "low": min(self.values), "high": max(self.values)}
        return {**asdict(self), **spread, "holds": self.holds}


def ratios(measured: list[float], base: list[float]) -> list[float]:
    """Ratios of what was measured in the same turn."""
    return [one / other for one, other in zip(measured, base, strict=True)]
