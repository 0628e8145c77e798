"""Methods as pure decisions, a file for each; `deepprune_sdk.methods` has the table of them."""

from deepprune_sdk.methods import DEFAULT_METHOD, METHODS
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
from deepprune_sdk.policies.by_name import as_policy, method
from deepprune_sdk.policies.checkpoints import Checkpoints
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
from deepprune_sdk.policies.stop_unread import StopUnread
from deepprune_sdk.policies.token_budget import TokenBudget
from deepprune_sdk.policies.waves import Waves

__all__ = [
    "DEFAULT_METHOD",
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
    "StopUnread",
    "TokenBudget",
    "TraceOver",
    "UnanimousWindow",
    "Waves",
    "as_policy",
    "method",
]
