"""Policies by name, for files that name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.policies.base import Policy
from deepprune_sdk.policies.composed import Composed
from deepprune_sdk.policies.deepprune import DeepPrune
from deepprune_sdk.policies.full import FullSampling
from deepprune_sdk.policies.settled import SettledVote
from deepprune_sdk.types import Config

__all__ = ["policy_from_record", "policy_record"]

KNOWN: dict[str, type[DeepPrune] | type[FullSampling] | type[SettledVote]] = {
    "deepprune": DeepPrune,
    "cons": FullSampling,
    "settled": SettledVote,
}


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
    if name not in KNOWN:
        raise ConfigurationError(
            f"policy {name!r} is not one of {', '.join(KNOWN)}: pass the policy itself"
        )
    return KNOWN[name].model_validate(record)
