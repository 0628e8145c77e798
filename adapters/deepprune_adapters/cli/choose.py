"""The backends and judges that options name, each in one place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from deepprune_sdk.methods import DEFAULT_METHOD, METHODS
from deepprune_sdk.methods import JUDGES as CORE_JUDGES

if TYPE_CHECKING:  # the rest of the SDK takes a second to load, and --help needs none of it
    from deepprune_adapters.server import Server
    from deepprune_sdk.data.named import Named
    from deepprune_sdk.protocols import Backend, Judge

    Offer = tuple[AbstractAsyncContextManager[Backend], str]
    """A backend to be entered, and its address to be shown; "" for one in this process."""

__all__ = [
    "BACKENDS",
    "DEFAULT_JUDGE",
    "DEFAULT_METHOD",
    "JUDGES",
    "METHOD_HELP",
    "Wanted",
    "above_zero",
    "choose_backend",
    "choose_judge",
    "choose_live_judge",
    "default_max_tokens",
    "named",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a backend is to serve.

    Attributes:
        n: Traces of a run.
        model: Name of a hosted model, a GGUF file, or None for the backend's own default.
        base_url: The server's address, or None for the provider's own.
        idle_timeout: Seconds of silence after which a response is given up, or None.
        max_tokens: Generated tokens per trace, or None.
        prompt_bytes: Length of the longest prompt, in UTF-8.
    """

    n: int
    model: str | None = None
    base_url: str | None = None
    idle_timeout: float | None = None
    max_tokens: int | None = None
    prompt_bytes: int = 0


def _openai(wanted: Wanted) -> Offer:
    from deepprune_adapters.openai import OpenAIBackend
    from deepprune_adapters.server import Server

    above_zero("--idle-timeout", wanted.idle_timeout)
    server = Server(base_url=wanted.base_url, idle_timeout=wanted.idle_timeout)
    model = wanted.model or os.environ.get("OPENAI_MODEL")
    if not model:
        raise _no_model(server)
    backend = OpenAIBackend(model, server=server)
    return backend, backend.base_url


def _no_model(server: Server) -> Exception:
    """Return the error of a server without a model, with those that it serves where it can say."""
    import anyio

    from deepprune_adapters.server.connection import without_credentials
    from deepprune_adapters.server.models import served_models
    from deepprune_sdk import ConfigurationError, DeepPruneError

    missing = "--model is missing: give one, or set OPENAI_MODEL"
    try:
        url = without_credentials(server.address()[0])
        names = anyio.run(served_models, server)
    except DeepPruneError as error:
        return ConfigurationError(f"{missing}; which ones the server has cannot be asked: {error}")
    if not names:
        return ConfigurationError(f"{missing}; {url} does not say which ones it serves")
    rest = f" and {len(names) - MOST_MODELS} more" if len(names) > MOST_MODELS else ""
    return ConfigurationError(f"{missing}; {url} serves {', '.join(names[:MOST_MODELS])}{rest}")


MOST_MODELS: Final = 12
"""Names of models in an error: some servers list hundreds."""


def _llama(wanted: Wanted) -> Offer:
    from deepprune_sdk import ConfigurationError

    if wanted.base_url is not None:
        raise ConfigurationError("--base-url is for --backend openai: llama runs in this process")
    if wanted.idle_timeout is not None:
        raise ConfigurationError(
            "--idle-timeout is for --backend openai: llama runs in this process"
        )
    from deepprune_adapters.llama import LlamaBackend

    # Few texts have less than two bytes per token; the chat template adds some tokens.
    context = (wanted.max_tokens or LLAMA_MAX_TOKENS) + wanted.prompt_bytes // 2 + 128
    return LlamaBackend(
        wanted.model, slots=min(wanted.n, LLAMA_SLOTS), context=-(-context // 256) * 256
    ), ""


LLAMA_MAX_TOKENS: Final = 512
"""A small model that has lost its thread never stops by itself."""
LLAMA_SLOTS: Final = 16

BACKENDS: dict[str, Callable[[Wanted], Offer]] = {
    "llama": _llama,
    "openai": _openai,
}


def choose_backend(backend: str | None, model: str | None, base_url: str | None) -> str:
    """Return the backend that the options mean.

    Without `--backend`, a server's address or the name of a hosted model means `openai`, whether
    an option gives it or OPENAI_BASE_URL and OPENAI_MODEL do; nothing at all, or a GGUF file, means
    the embedded model. A key by itself chooses nothing: one that lies about must not send a
    question, and a bill, somewhere.
    """
    if backend is not None:
        return backend
    if base_url is not None:
        return "openai"
    if model is not None:
        is_file = model.lower().endswith(".gguf") or Path(model).is_file()
        return "llama" if is_file else "openai"
    named = os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_MODEL")
    return "openai" if named else "llama"


def default_max_tokens(backend: str) -> int | None:
    """Return the limit of a trace where the user gives none; None leaves it to the server."""
    return LLAMA_MAX_TOKENS if backend == "llama" else None


def _of_the_core(given: Named) -> Callable[[], Judge]:
    from deepprune_sdk.judges.by_name import judge_maker

    return judge_maker(given)


def _embedding(given: Named) -> Callable[[], Judge]:
    from deepprune_adapters.judges import EmbeddingJudge

    model = given.take(("model",), argument="model").get("model")
    return partial(EmbeddingJudge.sentence_transformers, model or EMBEDDING_MODEL)


def _remote(given: Named) -> Callable[[], Judge]:
    from deepprune_sdk import ConfigurationError

    served = given.take(("model",), argument="model").get("model", "")
    # Names of models hold colons and slashes, and an @ now and then, but never before an address.
    model, _, address = served.partition("@http")
    if not model:
        raise ConfigurationError(
            "--judge remote names no model: give remote:MODEL@http://HOST:PORT/v1, or remote:MODEL "
            "for the server of OPENAI_BASE_URL"
        )
    from deepprune_adapters.judges import RemoteJudge

    return partial(RemoteJudge, model, base_url=f"http{address}" if address else None)


def _transformers(given: Named) -> Callable[[], Judge]:
    from deepprune_sdk import ConfigurationError

    model = given.take(("model",), argument="model").get("model")
    if not model:
        raise ConfigurationError(
            "--judge transformers names no model: give transformers:DIRECTORY, a GGUF file, or a "
            "name in the local Hugging Face cache"
        )
    from deepprune_adapters.judges import TransformersJudge

    return partial(TransformersJudge, model)


def _probe(given: Named) -> Callable[[], Judge]:
    from deepprune_sdk import ConfigurationError

    if given.argument:
        raise ConfigurationError(
            f"--judge probe:{given.argument}: this judge has no model of its own"
        )
    given.take(())
    raise ConfigurationError(
        "--judge probe asks the model that writes the traces, and a recording has none: choose "
        "another judge"
    )


DEFAULT_JUDGE: Final = "learned"
EMBEDDING_MODEL: Final = "sentence-transformers/all-MiniLM-L6-v2"

JUDGES: dict[str, Callable[[Named], Callable[[], Judge]]] = {
    **dict.fromkeys(CORE_JUDGES, _of_the_core),
    "embedding": _embedding,
    "remote": _remote,
    "transformers": _transformers,
    "probe": _probe,
}
"""Called with the name and what follows it (`embedding:DIRECTORY`, `learned:prior=0.6`). What they
return makes the judge, in a worker thread: it may have a model to load."""


METHOD_HELP: Final = (
    "How traces are started, closed and counted: "
    f"{', '.join(name for name, row in METHODS.items() if not row.added)}. Settings follow a "
    "colon. What may be added to a method follows a +: "
    f"{', '.join(name for name, row in METHODS.items() if row.added)}. `deepprune methods` says "
    "what each is."
)


def choose_judge(judge: str) -> Callable[[], Judge]:
    """Return what makes the judge that `--judge` names.

    Raises:
        ConfigurationError: It is unknown; the message lists the known ones.
    """
    from deepprune_sdk.data.named import read_named

    given = read_named(judge)
    return named("--judge", given.name, JUDGES)(given)


def choose_live_judge(judge: str) -> Callable[[Backend], Judge]:
    """Return what makes the judge of a run on a backend, whose model it may ask itself.

    Raises:
        ConfigurationError: As `choose_judge`.
    """
    if judge == "probe":
        from deepprune_adapters.judges import ProbeJudge

        return ProbeJudge
    make = choose_judge(judge)
    return lambda backend: make()


def above_zero(option: str, value: float | None) -> None:
    """Refuse an amount that is none.

    Raises:
        ConfigurationError: It is not a finite number above 0.
    """
    from deepprune_sdk import ConfigurationError

    if value is not None and not 0 < value < float("inf"):
        raise ConfigurationError(f"{option} {value:g}: give a number above 0")


def named(option: str, name: str, known: Mapping[str, T]) -> T:
    """Look a name up.

    Raises:
        ConfigurationError: It is unknown; the message lists the known ones.
    """
    from deepprune_sdk import ConfigurationError
    from deepprune_sdk.data.named import among

    if name not in known:
        raise ConfigurationError(f"{option} {name!r} is unknown{among(name, known)}")
    return known[name]
