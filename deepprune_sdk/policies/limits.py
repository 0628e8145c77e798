"""What a run may use up."""

from __future__ import annotations

from pydantic import Field

from deepprune_sdk.data.config import Config
from deepprune_sdk.data.prices import Price
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies import CloseLoops, Composed, MoneyBudget, Policy, StopUnread

__all__ = ["JudgingLimits", "Limits"]


class JudgingLimits(Config):
    """What a judge may take in one run. A pair beyond it keeps its trace."""

    timeout: float = Field(default=30.0, gt=0)
    """Seconds per batch of pairs."""
    max_pairs: int | None = Field(default=None, ge=0)
    """Pairs per run."""
    max_tokens: int | None = Field(default=None, ge=0)
    """Judge tokens per run, read and written, after which no further pair is asked."""


class Limits(Config):
    """What a run may use up, whatever its policy. None sets no limit.

    Time has limits of its own: a backend's for connecting, for silence and for a stream in all,
    and `solve(timeout=)` or the policy `Deadline` for a run.
    """

    characters: int | None = Field(default=1_000_000, ge=1)
    """Of one trace; a trace that has more is cut there, as by a token limit."""
    traces: int | None = Field(default=None, ge=1)
    """Of all runs of a reasoner together; a run waits until there is room for its n. What it found
    is the caller's from then on. The same for every reasoner that `replace` makes of it."""
    money: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Of a run, in the currency of its price; then the run ends with what it has. Streams that were
    open may have generated more by then, which is counted. Judges and probes are not."""
    loops: bool = True
    """Whether a trace is closed as degenerate that repeats the same few lines again and again."""
    unread: bool = True
    """Whether a run ends whose first 16 ended traces, or first n / 4 where that is more, all have
    no answer that could be read."""
    judging: JudgingLimits = JudgingLimits()
    """What the judge may take."""
    keep_text: bool = True
    """Whether results have the texts of the traces. Without them the text of a trace is dropped
    when the trace is over: only its answer is needed to vote."""

    def around(self, policy: Policy, price: Price | None) -> Policy:
        """Return a policy that keeps these limits too.

        Raises:
            ConfigurationError: Money is limited, and nothing says what tokens cost.
        """
        guards: list[Policy] = [CloseLoops()] if self.loops else []
        if self.unread:
            guards.append(StopUnread())
        if self.money is not None:
            if price is None:
                raise ConfigurationError(
                    f"Limits(money={self.money:g}) needs to know what tokens cost: give "
                    "price=Price(input=..., output=...)"
                )
            guards.append(MoneyBudget(run=self.money, price=price))
        parts = policy.policies if isinstance(policy, Composed) else (policy,)
        # Limits are no part of a method: results and logs call the run by its policy's own name.
        return Composed(*parts, *guards, name=policy.name) if guards else policy
