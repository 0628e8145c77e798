"""Parallel reasoning that stops paying for redundant traces: sample, judge, prune, vote.

Here is what most programs need: the front door, its settings, the policies, the errors. The rest is
in its folder: what flows through a run in `deepprune_sdk.data`, reports in `deepprune_sdk.results`,
what you may plug in under `deepprune_sdk.protocols`, fakes and checks in `deepprune_sdk.testing`.

Importing the package loads nothing; each name brings its module with it when it is first used. Type
checkers read the same names in `__init__.pyi`, which `make face` writes.
"""

from importlib import import_module

HOMES = {
    "answers": "Answers FunctionAnswers",
    "data.messages": "Message",
    "data.prices": "Price",
    "data.types": "Sampling",
    "errors": (
        "AllTracesFailedError AuthenticationError BackendError BackendTimeoutError BadRequestError "
        "BatchError ConfigurationError DeepPruneError JudgeError MissingExtraError "
        "ModelNotFoundError ProtocolError RateLimitError RecordingError RunTimeoutError "
        "UnavailableError"
    ),
    "judges": "CachedJudge LearnedJudge",
    "live.notebook": "watch",
    "live.requests": "Requests",
    "live.retry": "Retries",
    "policies": (
        "Checkpoints CloseLoops Composed Deadline DeepConf "
        "DeepPrune FullSampling MoneyBudget ParallelProbe SettledVote "
        "StopAtAnswer TokenBudget UnanimousWindow Waves method"
    ),
    "policies.limits": "JudgingLimits Limits",
    "reasoner": "ParallelReasoner",
    "results": "Result",
}
"""The names of the face by the module that defines them: the only list of them."""

_home_of = {name: home for home, names in HOMES.items() for name in names.split()}
__all__ = [name for names in HOMES.values() for name in names.split()]  # pyright: ignore[reportUnsupportedDunderAll]  the stub lists them


def __getattr__(name: str) -> object:
    if name not in _home_of:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_home_of[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
