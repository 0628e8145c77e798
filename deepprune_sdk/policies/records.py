"""Policies as JSON values, for files that name them: run logs and recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from deepprune_sdk.data.config import Config
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.methods import METHODS
from deepprune_sdk.policies.base import Policy
from deepprune_sdk.policies.by_name import policy_class
from deepprune_sdk.policies.composed import Composed

__all__ = ["policy_from_record", "policy_record"]

COMPOSED = "composed"
"""Stands where a row's name does: what + makes of several policies has no row of its own."""


def policy_record(policy: Policy) -> dict[str, Any]:
    """Return a policy's settings as JSON values; one of the user's own gives its name alone."""
    if isinstance(policy, Composed):
        parts = [policy_record(part) for part in policy.policies]
        return {"name": COMPOSED, "method": policy.name, "policies": parts}
    settings = policy.model_dump(mode="json") if isinstance(policy, Config) else {}
    return {**settings, "name": policy.name}


def policy_from_record(record: Mapping[str, Any]) -> Policy:
    """Make the policy that `policy_record` described.

    Raises:
        ConfigurationError: It is none of the SDK's, or a setting is not one of its own.
    """
    name = record.get("name")
    if name == COMPOSED:
        parts = [policy_from_record(part) for part in record["policies"]]
        return Composed(*parts, name=record.get("method"))
    row = METHODS.get(name) if isinstance(name, str) else None
    if row is None or not row.policy:
        raise ConfigurationError(f"policy {name!r} is none of the SDK's: pass the policy itself")
    return cast("Policy", policy_class(row.name).model_validate(dict(record)))
