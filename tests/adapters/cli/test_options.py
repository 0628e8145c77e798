"""Groups of options: a command takes one value, the command line its fields."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from deepprune_adapters.cli.app import app as deepprune
from deepprune_adapters.cli.app import run
from deepprune_adapters.cli.commands.judge.train import Changes
from deepprune_adapters.cli.groups import add_command
from deepprune_adapters.cli.options import Source
from deepprune_adapters.training.settings import PRESETS, TrainSettings
from deepprune_sdk import ConfigurationError

Output = pytest.CaptureFixture[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    width: Annotated[int, typer.Option("-w", "--width", help="How wide.")]
    height: Annotated[int, typer.Option(help="How high.")] = 3


class Drawn:
    """A command line of one command, and what its command was called with."""

    def __init__(self) -> None:
        self.app = typer.Typer(add_completion=False)
        self.called: list[tuple[str, Size, bool]] = []
        called = self.called

        def draw(
            name: Annotated[str, typer.Argument(metavar="NAME")],
            *,
            size: Size,
            fast: Annotated[bool, typer.Option("--fast")] = False,
        ) -> int:
            """Draw NAME."""
            called.append((name, size, fast))
            return 7

        add_command(self.app, draw, epilog="Examples follow.")

    def run(self, *arguments: str) -> int:
        return self.app(list(arguments), prog_name="draw", standalone_mode=False)


def test_the_fields_of_a_group_are_options_and_their_values_one_value() -> None:
    drawn = Drawn()

    assert drawn.run("cat", "-w", "2", "--fast") == 7
    assert drawn.run("dog", "--height", "5", "--width", "4") == 7

    assert drawn.called == [
        ("cat", Size(width=2, height=3), True),
        ("dog", Size(width=4, height=5), False),
    ]


def test_a_field_without_a_default_is_required() -> None:
    drawn = Drawn()

    with pytest.raises(typer.TyperException) as error:
        drawn.run("cat")

    assert "Missing option '-w' / '--width'" in error.value.format_message()
    assert drawn.called == []


def test_a_group_stands_in_the_help_where_it_stands_in_the_signature(capsys: Output) -> None:
    Drawn().run("--help")

    said = capsys.readouterr().out
    places = [said.index(text) for text in ("Draw NAME.", "How wide.", "How high.", "--fast")]
    assert places == sorted(places)
    assert "Examples follow." in said
    assert "size" not in said


# --- the groups themselves ------------------------------------------------------------------------


def test_a_source_limits_the_embedded_model_and_leaves_the_limit_of_others_to_the_server() -> None:
    assert Source().sampling(seed=1).max_tokens == 512
    assert Source(model="gpt-5-mini").sampling(seed=1).max_tokens is None
    assert Source(max_tokens=9, temperature=0.1).sampling(seed=None, top_p=0.5).model_dump(
        exclude_defaults=True
    ) == {"temperature": 0.1, "top_p": 0.5, "max_tokens": 9}


def test_an_unknown_backend_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="--backend 'cloud' is unknown; known: llama"):
        Source(backend="cloud").offer(n=1, prompt_bytes=0)


def test_what_training_is_told_changes_a_preset() -> None:
    preset = PRESETS["deepprune"]

    assert Changes().of(preset) == preset
    changed = Changes(batch=4, lora_modules="q_proj,v_proj", gamma=0).of(preset)
    assert changed == preset.model_copy(
        update={"batch": 4, "lora_modules": ("q_proj", "v_proj"), "gamma": 0.0}
    )
    with pytest.raises(ConfigurationError, match=r"TrainSettings\(head='tail'\)"):
        Changes(head="tail").of(preset)


def test_every_change_is_a_setting_of_training() -> None:
    assert {field.name for field in fields(Changes)} <= TrainSettings.model_fields.keys()


# --- every command --------------------------------------------------------------------------------

GROUP = get_command(deepprune)
assert isinstance(GROUP, TyperGroup)
JUDGE = GROUP.commands["judge"]
assert isinstance(JUDGE, TyperGroup)
COMMANDS = {**GROUP.commands, **{f"judge {name}": own for name, own in JUDGE.commands.items()}}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_says_what_it_is(name: str, capsys: Output) -> None:
    assert run([*name.split(), "--help"]) == 0

    assert f"deepprune {name}" in capsys.readouterr().out
    assert all(vars(parameter)["help"] for parameter in COMMANDS[name].params)
