"""Loading a local Hugging Face checkpoint: offline, without remote code, safetensors only."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast
from warnings import catch_warnings, simplefilter

from deepprune_adapters.judges.gguf_tokens import mend_tokenizer
from deepprune_sdk import ConfigurationError, MissingExtraError

__all__ = ["Checkpoint", "load_checkpoint", "quiet", "same_label"]


CLASSIFIER: Final = "AutoModelForSequenceClassification"


class Checkpoint:
    """A model with its tokenizer, ready to be asked.

    Attributes:
        torch: The library.
        model: The model, in evaluation mode.
        tokenizer: Its tokenizer.
        device: Where it computes.
        classifies: Whether it is a sequence classifier and not a language model.
        context: Tokens it reads, or None where nothing says.
    """

    def __init__(
        self, torch: Any, model: Any, tokenizer: Any, device: str, classifies: bool
    ) -> None:
        """Put the model on its device."""
        self.torch = torch
        self.model = model.to(device).eval()
        self.tokenizer = tokenizer
        self.device = device
        self.classifies = classifies
        text = getattr(model.config, "get_text_config", lambda: model.config)()
        limits = (
            getattr(text, "max_position_embeddings", None),
            getattr(tokenizer, "model_max_length", None),
        )
        # Tokenizers that know no limit say 1e30.
        known = [limit for limit in limits if isinstance(limit, int) and 0 < limit < 1 << 30]
        self.context = min(known, default=None)


def load_checkpoint(
    model: str | Path,
    *,
    device: str | None,
    dtype: str | None,
    allow_download: bool,
    labels: Sequence[str] | None = None,
) -> Checkpoint:
    """Load a directory, a GGUF file, or a name in the local Hugging Face cache.

    Args:
        model: Which of them.
        device: Where it is to compute; None takes the fastest there is.
        dtype: Of its weights; None takes float32 on a CPU, else the checkpoint's.
        allow_download: Whether a name may be fetched from the hub.
        labels: Gives a language model a new classification head with these classes.

    Raises:
        MissingExtraError: torch, transformers or what a GGUF file needs is not installed.
        ConfigurationError: It is no language model and no sequence classifier, or cannot be loaded.
    """
    torch, library = _library("torch"), _library("transformers")
    source, options = _source(model)
    options |= {"local_files_only": not allow_download, "trust_remote_code": False}
    try:
        with quiet(library):
            config = library.AutoConfig.from_pretrained(source, **options)
            kind = CLASSIFIER if labels else _kind(config, library)
            tokenizer = _tokenizer(library, model, source, config, options)
            if labels:
                config.id2label = dict(enumerate(labels))
                config.label2id = {label: index for index, label in enumerate(labels)}
                config.pad_token_id = tokenizer.pad_token_id
            if "gguf_file" in options:  # weights that can be trained, saved and moved anywhere
                options["quantization_config"] = library.GgufConfig(dequantize=True)
            device = device or _best_device(torch)
            loaded = getattr(library, kind).from_pretrained(
                source,
                config=config,
                use_safetensors=None if "gguf_file" in options else True,
                dtype=_dtype(torch, dtype, device),
                **options,
            )
            return Checkpoint(torch, loaded, tokenizer, device, kind == CLASSIFIER)
    except (MissingExtraError, ConfigurationError):
        raise
    except Exception as error:  # a broken checkpoint fails in the library's and torch's own ways
        hint = "" if allow_download else ", or allow_download=True to fetch it by name"
        raise ConfigurationError(
            f"no judge model at {str(model)!r}: give a directory with a safetensors checkpoint or "
            f"a GGUF file{hint} ({_why(error)})"
        ) from error


def _tokenizer(
    library: Any, model: str | Path, source: str, config: Any, options: Mapping[str, Any]
) -> Any:
    """Load the tokenizer, with a token to pad with: its own, else the one that ends a text.

    Raises:
        ConfigurationError: There is none, or it has neither token.
    """
    try:
        tokenizer = library.AutoTokenizer.from_pretrained(source, config=config, **options)
    except Exception as error:
        raise ConfigurationError(
            f"{model}: the model has no tokenizer that can be loaded; put that of its base beside "
            f"the weights ({_why(error)})"
        ) from error
    if "gguf_file" in options:
        mend_tokenizer(tokenizer, Path(source, options["gguf_file"]))
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token is None:
            raise ConfigurationError(
                f"{model}: the tokenizer has no token to pad with, and none that ends a text; name "
                "a pad_token in its tokenizer_config.json"
            )
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(extra="hf", package=name) from error


def _source(model: str | Path) -> tuple[str, dict[str, Any]]:
    path = Path(model).expanduser()
    if path.suffix.casefold() != ".gguf":
        return str(path if path.is_dir() else model), {}
    if not path.is_file():
        raise ConfigurationError(f"no judge model at {str(model)!r}: there is no such file")
    for package in ("gguf", "accelerate"):  # what transformers needs to read it
        _library(package)
    return str(path.parent), {"gguf_file": path.name}


def _kind(config: Any, library: Any) -> str:
    """Choose the class by the architectures that a checkpoint names.

    Raises:
        ConfigurationError: It is of another kind.
    """
    named = cast("list[str]", getattr(config, "architectures", None) or [])
    if any(name.endswith("ForSequenceClassification") for name in named):
        return CLASSIFIER
    # A GGUF file names none: it holds a language model.
    generates = type(config) in library.MODEL_FOR_CAUSAL_LM_MAPPING
    if generates and (not named or any(n.endswith(("CausalLM", "LMHeadModel")) for n in named)):
        return "AutoModelForCausalLM"
    kind = ", ".join(named) or str(config.model_type)
    raise ConfigurationError(
        f"{config.name_or_path or kind}: {kind} is no judge: give a causal language model or a "
        "sequence classifier"
    )


def _best_device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    mps = getattr(torch.backends, "mps", None)
    return "mps" if mps is not None and mps.is_available() else "cpu"


def _dtype(torch: Any, dtype: str | None, device: str) -> Any:
    if dtype is None:
        return torch.float32 if device == "cpu" else "auto"
    chosen = getattr(torch, dtype, None)
    if dtype != "auto" and not isinstance(chosen, torch.dtype):
        raise ConfigurationError(f"dtype={dtype!r} is unknown: float32, bfloat16, float16 or auto")
    return chosen or dtype


@contextmanager
def quiet(library: Any) -> Generator[None]:
    """Keep the library's progress bars and remarks off the terminal; its errors are raised."""
    talk = library.utils.logging
    shown, level = talk.is_progress_bar_enabled(), talk.get_verbosity()
    talk.disable_progress_bar()
    talk.set_verbosity_error()
    try:
        with catch_warnings():
            simplefilter("ignore", FutureWarning)  # of one such library to another
            yield
    finally:
        talk.set_verbosity(level)
        if shown:
            talk.enable_progress_bar()


def same_label(labels: Mapping[int, str], named: str | None) -> int:
    """Find the class of a sequence classifier that means the same answer.

    Raises:
        ConfigurationError: None of the labels says so.
    """
    if named is not None:
        for index, label in labels.items():
            if label == named:
                return index
    else:
        known = {"identical", "same", "equivalent", "duplicate", "yes", "true", "label_1", "1"}
        for index, label in labels.items():
            if label.casefold().strip() in known:
                return index
    listed = ", ".join(labels.values())
    raise ConfigurationError(
        f"same_label={named!r}: the classifier's labels are {listed}; name the one that means the "
        "same answer"
    )
