"""Judges by name, with settings: `learned`, `learned:prior=0.6`, `learned:weights.json`.

These are the judges that need nothing but the core. One that asks a model needs a server's address
or a runtime, so it is given as an object. `CachedJudge` has no name either: what it wraps is a
judge of its own, and `LearnedJudge` gains nothing from it (its verdicts cost nothing, and depend on
the pairs that are asked together).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from deepprune_sdk.data.named import Named, among, read_named
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.judges.learned import LearnedJudge
from deepprune_sdk.protocols import Judge

__all__ = ["JUDGES", "as_judge"]


def as_judge(judge: Judge | str) -> Judge:
    """Return a judge, made by name where it is given as text.

    Raises:
        ConfigurationError: An unknown name or setting; lists the known ones. Or a value that the
            setting refuses.
    """
    if not isinstance(judge, str):
        return judge
    given = read_named(judge)
    if given.name not in JUDGES:
        raise ConfigurationError(
            f"no judge {given.name!r}{among(given.name, JUDGES)}; give another one as an object, "
            "as RemoteJudge(...) of deepprune_adapters.judges"
        )
    return JUDGES[given.name](given)()


def _learned(given: Named) -> Callable[[], Judge]:
    settings = given.take(("weights", "prior"), argument="weights")
    prior = settings.get("prior")
    try:
        share = None if prior is None else float(prior)
    except ValueError:
        raise ConfigurationError(
            f"judge learned:prior={prior}: give the share of pairs of traces that end in the same "
            "answer, such as prior=0.6 (`deepprune redundancy` measures it)"
        ) from None
    return partial(LearnedJudge, settings.get("weights") or None, prior=share)


JUDGES: Mapping[str, Callable[[Named], Callable[[], Judge]]] = {"learned": _learned}
"""By name: reads the settings and returns what makes the judge, here or in another process."""
