"""Methods as pure decisions: one file a method."""

from deepprune_sdk.policies.answered import StopAtAnswer
from deepprune_sdk.policies.base import (
    Advanced,
    Elapsed,
    Imputation,
    Observation,
    Policy,
    PolicyState,
    ProbeAnswered,
    RunSetup,
    RunView,
    Scored,
    TraceOver,
)
from deepprune_sdk.policies.budgets import Deadline, MoneyBudget, TokenBudget
from deepprune_sdk.policies.checkpoints import Checkpoints
from deepprune_sdk.policies.composed import Composed
from deepprune_sdk.policies.confidence import DeepConf
from deepprune_sdk.policies.deepprune import DeepPrune
from deepprune_sdk.policies.full import FullSampling
from deepprune_sdk.policies.loops import CloseLoops
from deepprune_sdk.policies.named import METHODS, method
from deepprune_sdk.policies.probe import ParallelProbe
from deepprune_sdk.policies.settled import SettledVote
from deepprune_sdk.policies.unanimous import UnanimousWindow
from deepprune_sdk.policies.waves import Waves

__all__ = [
    "METHODS",
    "Advanced",
    "Checkpoints",
    "CloseLoops",
    "Composed",
    "Deadline",
    "DeepConf",
    "DeepPrune",
    "Elapsed",
    "FullSampling",
    "Imputation",
    "MoneyBudget",
    "Observation",
    "ParallelProbe",
    "Policy",
    "PolicyState",
    "ProbeAnswered",
    "RunSetup",
    "RunView",
    "Scored",
    "SettledVote",
    "StopAtAnswer",
    "TokenBudget",
    "TraceOver",
    "UnanimousWindow",
    "Waves",
    "method",
]
