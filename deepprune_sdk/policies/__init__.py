"""Methods as pure decisions: one file a method."""

from deepprune_sdk.policies.base import (
    Advanced,
    Imputation,
    Observation,
    Policy,
    PolicyState,
    RunSetup,
    RunView,
    Scored,
    TraceOver,
)
from deepprune_sdk.policies.checkpoints import Checkpoints
from deepprune_sdk.policies.composed import Composed
from deepprune_sdk.policies.deepprune import DeepPrune
from deepprune_sdk.policies.full import FullSampling
from deepprune_sdk.policies.settled import SettledVote

__all__ = [
    "Advanced",
    "Checkpoints",
    "Composed",
    "DeepPrune",
    "FullSampling",
    "Imputation",
    "Observation",
    "Policy",
    "PolicyState",
    "RunSetup",
    "RunView",
    "Scored",
    "SettledVote",
    "TraceOver",
]
