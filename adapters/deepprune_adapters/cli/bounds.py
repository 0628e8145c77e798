"""What a run on the command line may take: time, money, streams at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from deepprune_adapters.cli.choose import above_zero

if TYPE_CHECKING:
    from deepprune_sdk import Price

__all__ = ["Bounds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Options that bound a run, the same for every command that makes one."""

    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Time per question, after which it ends with what it has.",
            show_default=False,
        ),
    ] = None
    price: Annotated[
        str | None,
        typer.Option(
            metavar="READ/WRITTEN[/CACHED]",
            help="What a million tokens cost, as 0.15/0.6, for the result to say what was spent.",
            show_default=False,
        ),
    ] = None
    money: Annotated[
        float | None,
        typer.Option(
            metavar="AMOUNT",
            help="Most that the traces of this command may cost, at the --price.",
            show_default=False,
        ),
    ] = None
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Most streams at once; by default the backend's own limit.",
            show_default=False,
        ),
    ] = None

    def streams(self, n: int) -> int:
        """Return how many of `n` traces are live at once."""
        return n if self.concurrency is None else min(n, self.concurrency)

    def check(self) -> None:
        """Find out, before a model is loaded, whether the bounds can be kept.

        Raises:
            ConfigurationError: An amount is not above 0, or money is bounded without a price.
        """
        from deepprune_sdk import ConfigurationError

        above_zero("--timeout", self.timeout)
        above_zero("--money", self.money)
        if self.money is not None and self.price is None:
            raise ConfigurationError(
                f"--money {self.money:g} needs --price: what a million tokens cost, read and "
                "written, as 0.15/0.6"
            )
        self.read_price()

    def read_price(self) -> Price | None:
        """Return the price, or None where none is given.

        Raises:
            ConfigurationError: It is not two or three numbers from 0.
        """
        from deepprune_sdk import ConfigurationError, Price
        from deepprune_sdk.data.named import value_of

        if self.price is None:
            return None
        try:
            return Price.model_validate(value_of(self.price))
        except (ConfigurationError, ValueError) as error:
            raise ConfigurationError(
                f"--price {self.price!r}: give what a million tokens cost, read and written, as "
                "0.15/0.6; a third number is for those from the cache"
            ) from error
