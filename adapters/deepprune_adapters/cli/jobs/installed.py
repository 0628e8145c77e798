"""What is installed: the SDK, its extras, the embedded model; and what the environment says."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

from deepprune_adapters.cli.jobs.findings import Finding, State

__all__ = ["in_this_process", "installed", "set_variables"]

DISTRIBUTION: Final = "deepprune-sdk"

EXTRAS: Final[Mapping[str, str]] = {
    "cli": "the command line",
    "local": "a model in this process",
    "aiohttp": "streams at half the processor time",
    "eval": "bench and judge reports, symbolic comparison of answers",
    "embed": "--judge embedding",
    "hf": "--judge transformers",
    "train": "judge train",
}
"""Extras and what each is for, those of most use first."""

REQUIREMENT: Final = re.compile(r"([\w.-]+)(?:\[([\w,.-]+)\])?([^;]*)(?:;(.*))?")
NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*")


def installed() -> Iterator[Finding]:
    """Look at the versions of what is installed, extra by extra."""
    yield Finding(
        about="installed",
        state="ok",
        said=f"{DISTRIBUTION} {version(DISTRIBUTION)}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}",
    )
    for extra, use in EXTRAS.items():
        yield _extra(extra, use)


def _extra(extra: str, use: str) -> Finding:
    there: list[str] = []
    lacking: list[str] = []
    for name, wanted in _packages(DISTRIBUTION, extra):
        try:
            found = version(name)
        except PackageNotFoundError:
            lacking.append(name)
            continue
        (lacking if _older(found, wanted) else there).append(f"{name} {found}")
    if lacking:
        said = f"{extra} ({use}): without {', '.join(lacking)}"
        fix = f"pip install '{DISTRIBUTION}[{extra}]'"
        return Finding(about="installed", state="note", said=said, fix=fix)
    return Finding(about="installed", state="ok", said=f"{extra} ({use}): {', '.join(there)}")


def _packages(distribution: str, extra: str) -> Iterator[tuple[str, str]]:
    """Yield the packages that an extra brings, and what is asked of their versions."""
    for text in requires(distribution) or ():
        found = REQUIREMENT.match(text)
        if found is None or not re.search(
            rf"extra == ['\"]{re.escape(extra)}['\"]", found[4] or ""
        ):
            continue
        name, extras, wanted = found[1], found[2], found[3]
        yield name, wanted
        for inner in (extras or "").split(","):
            if inner:
                try:
                    yield from _packages(name, inner)
                except PackageNotFoundError:
                    continue  # named as lacking already


def _older(found: str, wanted: str) -> bool:
    """Whether a version is below the least one that is asked for."""
    least = re.search(r">=\s*([\d.]+)", wanted)
    numbers = NUMBERS.match(found)
    if least is None or numbers is None:
        return False
    return _parts(numbers[0]) < _parts(least[1])


def _parts(text: str) -> list[int]:
    return [int(part) for part in text.strip(".").split(".")]


def set_variables() -> Iterator[Finding]:
    """Say which variables are set, a key without its value and an address without credentials."""
    from deepprune_adapters.server.connection import without_credentials

    address = os.environ.get("OPENAI_BASE_URL")
    shown = {
        "OPENAI_API_KEY": "set" if os.environ.get("OPENAI_API_KEY", "").strip() else "",
        "OPENAI_BASE_URL": without_credentials(address) if address else "",
        "OPENAI_MODEL": os.environ.get("OPENAI_MODEL", ""),
    }
    for name, value in shown.items():
        yield Finding(about="environment", state="ok", said=f"{name}: {value or 'not set'}")


def in_this_process(model: str | None) -> Iterator[Finding]:
    """Look for what a model in this process needs."""
    from pathlib import Path

    from deepprune_adapters.llama.gguf import embedded_model, model_file
    from deepprune_sdk import ConfigurationError

    about = "model in this process"
    state: State = "ok"
    try:
        said, fix = f"xllamacpp {version('xllamacpp')}", ""
    except PackageNotFoundError:
        state, said = "broken", "llama.cpp is not installed"
        fix = f"pip install '{DISTRIBUTION}[local]', or name a server by --base-url"
    yield Finding(about=about, state=state, said=said, fix=fix)
    try:
        path = model_file(embedded_model() if model is None else Path(model))
    except ConfigurationError as error:
        yield Finding(about=about, state="broken", said=str(error))
    else:
        yield Finding(
            about=about, state="ok", said=f"{path.name}, {path.stat().st_size / 1e6:,.0f} MB"
        )
