"""Parallel reasoning that stops paying for redundant traces: sample, judge, prune, vote.

Importing the package loads nothing; each name brings its module with it when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepprune_sdk.answers import Answers, FunctionAnswers
    from deepprune_sdk.data.events import (
        Event,
        PairJudged,
        RunEnded,
        RunWarning,
        TraceClosed,
        TraceFailed,
        TraceFinished,
        TracePlaced,
        TraceProgress,
        TraceStarted,
        VoteChanged,
    )
    from deepprune_sdk.data.prices import Price
    from deepprune_sdk.data.trace import Pair, Trace, TracePrefix
    from deepprune_sdk.data.types import (
        Chunk,
        Message,
        Prompt,
        Sampling,
        TraceRequest,
        Usage,
        Verdict,
    )
    from deepprune_sdk.data.voting import Ballot, ClusterWeightedVote, SurvivorsVote, Tally, Vote
    from deepprune_sdk.engine.engine import Engine
    from deepprune_sdk.errors import (
        AllTracesFailedError,
        AuthenticationError,
        BackendError,
        BackendTimeoutError,
        BadRequestError,
        BatchError,
        ConfigurationError,
        DeepPruneError,
        JudgeError,
        MissingExtraError,
        ModelNotFoundError,
        ProtocolError,
        RateLimitError,
        RecordingError,
        RunTimeoutError,
        UnavailableError,
    )
    from deepprune_sdk.judges import CachedJudge, LearnedJudge
    from deepprune_sdk.live.judging import JudgingLimits
    from deepprune_sdk.live.retry import Retries
    from deepprune_sdk.live.run import Run
    from deepprune_sdk.policies import (
        Checkpoints,
        CloseLoops,
        Composed,
        Deadline,
        DeepConf,
        DeepPrune,
        FullSampling,
        MoneyBudget,
        ParallelProbe,
        Policy,
        PolicyState,
        SettledVote,
        StopAtAnswer,
        TokenBudget,
        UnanimousWindow,
        Waves,
        method,
    )
    from deepprune_sdk.policies.limits import Limits
    from deepprune_sdk.protocols import (
        AnswerExtractor,
        Backend,
        ContinuesPrefix,
        Judge,
        SharesPrompt,
        TokenCounter,
    )
    from deepprune_sdk.reasoner import ParallelReasoner
    from deepprune_sdk.results.ending import Finish, Outcome
    from deepprune_sdk.results.reports import (
        JudgeReport,
        RunUsage,
        ShadowReport,
        TallyReport,
        TraceReport,
    )
    from deepprune_sdk.results.result import Result
else:
    _HOMES = {
        "answers": "Answers FunctionAnswers",
        "engine.engine": "Engine",
        "errors": (
            "AllTracesFailedError AuthenticationError BackendError BackendTimeoutError "
            "BadRequestError BatchError ConfigurationError DeepPruneError JudgeError "
            "MissingExtraError ModelNotFoundError ProtocolError RateLimitError "
            "RecordingError RunTimeoutError UnavailableError"
        ),
        "data.events": (
            "Event PairJudged RunEnded RunWarning TraceClosed TraceFailed TraceFinished "
            "TracePlaced TraceProgress TraceStarted VoteChanged"
        ),
        "judges": "CachedJudge LearnedJudge",
        "live.judging": "JudgingLimits",
        "policies.limits": "Limits",
        "policies": (
            "Checkpoints CloseLoops Composed Deadline DeepConf DeepPrune FullSampling "
            "MoneyBudget ParallelProbe Policy PolicyState SettledVote StopAtAnswer TokenBudget "
            "UnanimousWindow Waves method"
        ),
        "data.prices": "Price",
        "protocols": "AnswerExtractor Backend ContinuesPrefix Judge SharesPrompt TokenCounter",
        "reasoner": "ParallelReasoner",
        "results.result": "JudgeReport Result RunUsage ShadowReport TallyReport TraceReport",
        "live.retry": "Retries",
        "live.run": "Run",
        "data.trace": "Outcome Pair Trace TracePrefix",
        "data.types": "Chunk Finish Message Prompt Sampling TraceRequest Usage Verdict",
        "data.voting": "Ballot ClusterWeightedVote SurvivorsVote Tally Vote",
    }
    _home_of = {name: home for home, names in _HOMES.items() for name in names.split()}

    def __getattr__(name: str) -> object:
        if name not in _home_of:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_home_of[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "AllTracesFailedError",
    "AnswerExtractor",
    "Answers",
    "AuthenticationError",
    "Backend",
    "BackendError",
    "BackendTimeoutError",
    "BadRequestError",
    "Ballot",
    "BatchError",
    "CachedJudge",
    "Checkpoints",
    "Chunk",
    "CloseLoops",
    "ClusterWeightedVote",
    "Composed",
    "ConfigurationError",
    "ContinuesPrefix",
    "Deadline",
    "DeepConf",
    "DeepPrune",
    "DeepPruneError",
    "Engine",
    "Event",
    "Finish",
    "FullSampling",
    "FunctionAnswers",
    "Judge",
    "JudgeError",
    "JudgeReport",
    "JudgingLimits",
    "LearnedJudge",
    "Limits",
    "Message",
    "MissingExtraError",
    "ModelNotFoundError",
    "MoneyBudget",
    "Outcome",
    "Pair",
    "PairJudged",
    "ParallelProbe",
    "ParallelReasoner",
    "Policy",
    "PolicyState",
    "Price",
    "Prompt",
    "ProtocolError",
    "RateLimitError",
    "RecordingError",
    "Result",
    "Retries",
    "Run",
    "RunEnded",
    "RunTimeoutError",
    "RunUsage",
    "RunWarning",
    "Sampling",
    "SettledVote",
    "ShadowReport",
    "SharesPrompt",
    "StopAtAnswer",
    "SurvivorsVote",
    "Tally",
    "TallyReport",
    "TokenBudget",
    "TokenCounter",
    "Trace",
    "TraceClosed",
    "TraceFailed",
    "TraceFinished",
    "TracePlaced",
    "TracePrefix",
    "TraceProgress",
    "TraceReport",
    "TraceRequest",
    "TraceStarted",
    "UnanimousWindow",
    "UnavailableError",
    "Usage",
    "Verdict",
    "Vote",
    "VoteChanged",
    "Waves",
    "method",
]
