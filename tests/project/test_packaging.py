"""What a user gets when they install the distribution."""

import importlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.face import homes, stub
from support.places import ROOT

import deepprune_adapters
import deepprune_sdk

# Providers' libraries and everything heavy: only adapters may load them.
FOREIGN = {
    "matplotlib",
    "deepprune_adapters",
    "httpx",
    "httpx2",
    "numpy",
    "openai",
    "rich",
    "tiktoken",
    "torch",
    "transformers",
    "typer",
}

needs_wheel = pytest.mark.skipif(
    os.environ.get("DEEPPRUNE_TEST_WHEEL") != "1", reason="runs on the built wheel, in `make test`"
)


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after the statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    # -I: no working directory and no environment variable decides what is imported.
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_core_loads_no_adapter_and_no_providers_library() -> None:
    loaded = loaded_by("import deepprune_sdk")

    assert "deepprune_sdk" in loaded
    assert not loaded & FOREIGN


def test_every_module_of_the_core_loads_no_adapter_and_no_providers_library() -> None:
    loaded = loaded_by(
        "import importlib, pkgutil, deepprune_sdk\n"
        "for module in pkgutil.walk_packages(deepprune_sdk.__path__, 'deepprune_sdk.'):\n"
        "    importlib.import_module(module.name)"
    )

    assert not loaded & FOREIGN


@needs_wheel
def test_the_wheel_holds_both_packages_and_says_that_they_are_typed() -> None:
    files = importlib.metadata.files("deepprune-sdk")
    assert files is not None
    paths = {path.as_posix() for path in files}

    assert {
        "deepprune_sdk/__init__.py",
        "deepprune_sdk/__init__.pyi",
        "deepprune_sdk/py.typed",
        "deepprune_adapters/__init__.py",
        "deepprune_adapters/py.typed",
    } <= paths
    tops = {path.partition("/")[0] for path in paths if path.endswith(".py")}
    assert tops == {"deepprune_sdk", "deepprune_adapters"}


@needs_wheel
@pytest.mark.parametrize("package", [deepprune_sdk, deepprune_adapters], ids=lambda p: p.__name__)
def test_the_tests_run_against_the_wheel_and_not_the_checkout(package: object) -> None:
    location = Path(str(getattr(package, "__file__", None))).resolve()

    assert "site-packages" in location.parts
    assert not location.is_relative_to(ROOT / "deepprune_sdk")
    assert not location.is_relative_to(ROOT / "adapters")


def test_the_command_is_declared() -> None:
    scripts = importlib.metadata.distribution("deepprune-sdk").entry_points.select(
        group="console_scripts"
    )

    assert {script.name: script.value for script in scripts} == {
        "deepprune": "deepprune_adapters.cli:main"
    }


def test_the_heavy_runtimes_are_extras() -> None:
    metadata = importlib.metadata.metadata("deepprune-sdk")

    extras = {"aiohttp", "all", "cli", "embed", "eval", "hf", "local", "train"}
    assert set(metadata.get_all("Provides-Extra") or []) == extras


def test_the_bare_import_loads_no_dependency_and_every_name_is_there() -> None:
    assert not loaded_by("import deepprune_sdk") & {"anyio", "pydantic", "tenacity"}
    assert set(homes()) == set(vars(deepprune_sdk)["__all__"])
    assert set(homes()) <= set(dir(deepprune_sdk))
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        deepprune_sdk.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_type_checkers_and_the_interpreter_see_the_same_face() -> None:
    written = Path(deepprune_sdk.__file__).with_suffix(".pyi").read_text(encoding="utf-8")

    assert written == stub(), "run `make face`"
    for name, home in homes().items():
        assert getattr(deepprune_sdk, name) is getattr(importlib.import_module(home), name)
