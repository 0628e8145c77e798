"""Several policies at work in one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from deepprune_sdk.data.arguments import check_brought
from deepprune_sdk.data.signals import Decision
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.voting import Vote
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import (
    Imputation,
    Observation,
    Policy,
    PolicyState,
    RunSetup,
    RunView,
)

__all__ = ["Composed"]


class Composed:
    """Policies that work together.

    The least admission, every closing with the first reason kept, every protection, and at most
    one that owns the vote.
    """

    def __init__(self, *policies: Policy, name: str | None = None) -> None:
        """Join `policies`, in the order in which they are heard.

        Args:
            policies: The parts.
            name: What results and logs call the whole; by default the names of all, joined by "+".

        Raises:
            ConfigurationError: There is none, or one of them is not a policy.
        """
        if not policies:
            raise ConfigurationError("Composed() needs at least one policy")
        for policy in policies:
            fix = "give policies, as method('esc:window=4')"
            check_brought("Composed: policy", policy, ("name", "begin"), fix)
        self.policies = policies
        self.name: str = name or "+".join(policy.name for policy in policies)

    def __repr__(self) -> str:
        return f"Composed({', '.join(map(repr, self.policies))}, name={self.name!r})"

    def begin(self, setup: RunSetup) -> PolicyState:
        """Make the state of one run.

        Raises:
            ConfigurationError: More than one of the policies owns the vote.
        """
        states = [policy.begin(setup) for policy in self.policies]
        owners = [
            policy.name
            for policy, state in zip(self.policies, states, strict=True)
            if state.vote() is not None
        ]
        if len(owners) > 1:
            raise ConfigurationError(
                f"{' and '.join(owners)} both decide how votes are counted: keep one of them"
            )
        return _ComposedState(states)


class _ComposedState(PolicyState):
    def __init__(self, states: Sequence[PolicyState]) -> None:
        self._states = states

    def admitted(self, view: RunView) -> int:
        return min(state.admitted(view) for state in self._states)

    def interest(self, trace: Trace) -> int | None:
        wanted = [state.interest(trace) for state in self._states]
        return min((tokens for tokens in wanted if tokens is not None), default=None)

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        for state in self._states:
            yield from state.observe(seen, view)

    def wake_after(self) -> float | None:
        wanted = [state.wake_after() for state in self._states]
        return min((seconds for seconds in wanted if seconds is not None), default=None)

    def candidates(self) -> int:
        return max(state.candidates() for state in self._states)

    def protects(self, trace: Trace, view: RunView) -> bool:
        return any(state.protects(trace, view) for state in self._states)

    def may_end(self) -> bool:
        return all(state.may_end() for state in self._states)

    def imputations(self) -> Mapping[int, Imputation]:
        claims: dict[int, Imputation] = {}
        for state in self._states:
            claims.update(state.imputations())
        return claims

    def vote(self) -> Vote | None:
        return next((vote for state in self._states if (vote := state.vote())), None)
