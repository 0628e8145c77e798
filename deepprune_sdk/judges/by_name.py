"""Judges by the names of the table in `methods.py`, with settings: `learned:prior=0.6`.

These are the judges that need nothing but the core. One that asks a model needs a server's address
or a runtime, so it is given as an object. `CachedJudge` has no name either: what it wraps is a
judge of its own, and `LearnedJudge` gains nothing from it (its verdicts cost nothing, and depend on
the pairs that are asked together).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from deepprune_sdk.data.arguments import check_brought
from deepprune_sdk.data.named import Named, among, read_named
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.methods import JUDGES
from deepprune_sdk.protocols import Judge

__all__ = ["as_judge", "judge_maker"]


def as_judge(judge: Judge | str) -> Judge:
    """Return a judge, made by name where it is given as text.

    Raises:
        ConfigurationError: An unknown name or setting; lists the known ones. Or a value that the
            setting refuses. Or it is not a judge.
    """
    if not isinstance(judge, str):
        fix = "give the name of a judge, as 'learned:prior=0.8', or a judge, as RemoteJudge(model)"
        check_brought("judge", judge, ("name", "costs_tokens", "compare"), fix)
        return judge
    given = read_named(judge)
    if given.name not in JUDGES:
        raise ConfigurationError(
            f"no judge {given.name!r}{among(given.name, JUDGES)}; give another one as an object, "
            "as RemoteJudge(...) of deepprune_adapters.judges"
        )
    return judge_maker(given)()


def judge_maker(given: Named) -> Callable[[], Judge]:
    """Read the settings of a judge of the table; return what makes it, here or in another process.

    Raises:
        ConfigurationError: There is no such setting, or it has no such value.
    """
    module = import_module(f"{__package__}.{given.name.replace('-', '_')}")
    made: Any = getattr(module, JUDGES[given.name].judge)
    if hasattr(made, "by_name"):
        return made.by_name(given)
    given.take(())
    return made
