"""Policies by name, for files that name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from deepprune_sdk.data.config import Config
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import Policy
from deepprune_sdk.policies.close_loops import CloseLoops
from deepprune_sdk.policies.composed import Composed
from deepprune_sdk.policies.cons import FullSampling
from deepprune_sdk.policies.deadline import Deadline
from deepprune_sdk.policies.deepconf import DeepConf
from deepprune_sdk.policies.deepprune import DeepPrune
from deepprune_sdk.policies.esc import UnanimousWindow
from deepprune_sdk.policies.money_budget import MoneyBudget
from deepprune_sdk.policies.parallel_probe import ParallelProbe
from deepprune_sdk.policies.settled import SettledVote
from deepprune_sdk.policies.stop_at_answer import StopAtAnswer
from deepprune_sdk.policies.token_budget import TokenBudget
from deepprune_sdk.policies.waves import Waves

__all__ = ["BuiltIn", "policy_from_record", "policy_record"]

BuiltIn = (
    CloseLoops
    | Deadline
    | DeepConf
    | DeepPrune
    | FullSampling
    | MoneyBudget
    | ParallelProbe
    | SettledVote
    | StopAtAnswer
    | TokenBudget
    | UnanimousWindow
    | Waves
)
"""The SDK's own policies; each is told by its `name`."""

_built_in: TypeAdapter[BuiltIn] = TypeAdapter(
    Annotated[BuiltIn, Field(discriminator="name")], config=ConfigDict(defer_build=True)
)


def policy_record(policy: Policy) -> dict[str, Any]:
    """Return a policy's settings as JSON values; one of the user's own gives its name alone."""
    if isinstance(policy, Composed):
        return {"name": "composed", "policies": [policy_record(part) for part in policy.policies]}
    settings = policy.model_dump(mode="json") if isinstance(policy, Config) else {}
    return {**settings, "name": policy.name}


def policy_from_record(record: Mapping[str, Any]) -> Policy:
    """Make the policy that `policy_record` described.

    Raises:
        ConfigurationError: It is none of the SDK's.
    """
    name = record.get("name")
    if name == "composed":
        return Composed(*(policy_from_record(part) for part in record["policies"]))
    try:
        return _built_in.validate_python(dict(record))
    except ValidationError as error:
        raise ConfigurationError(
            f"policy {name!r} is none of the SDK's: pass the policy itself"
        ) from error
