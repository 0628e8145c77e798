"""The one table of methods, and what is derived from it."""

from importlib import import_module
from pathlib import Path

import pytest

import deepprune_sdk.policies
from deepprune_sdk import (
    ConfigurationError,
    Deadline,
    DeepPrune,
    Limits,
    Price,
    SettledVote,
    method,
)
from deepprune_sdk.data.config import Config
from deepprune_sdk.data.named import spell, value_of
from deepprune_sdk.methods import DEFAULT_METHOD, METHODS, Row
from deepprune_sdk.policies import Composed, as_policy
from deepprune_sdk.policies.by_name import policy_class, settings_of
from deepprune_sdk.policies.records import policy_from_record, policy_record

ROWS = pytest.mark.parametrize("row", METHODS.values(), ids=list(METHODS))


def example(row: Row) -> str:
    """A method that takes no more settings than it needs."""
    return f"{row.name}:{row.needs}" if row.needs else row.name


def test_every_policy_lies_in_the_file_named_after_it_and_has_a_row() -> None:
    found: dict[str, str] = {}
    for file in sorted(Path(deepprune_sdk.policies.__file__).parent.glob("*.py")):
        module = import_module(f"deepprune_sdk.policies.{file.stem}")
        for value in vars(module).values():
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and issubclass(value, Config) and hasattr(value, "begin"):
                found[str(value.model_fields["name"].default)] = f"{file.stem}.{value.__name__}"

    assert found == {
        name: f"{name.replace('-', '_')}.{row.policy}"
        for name, row in METHODS.items()
        if row.policy
    }


@ROWS
def test_a_row_is_a_policy_or_made_of_others(row: Row) -> None:
    assert METHODS[row.name] is row
    assert bool(row.policy) != bool(row.parts)
    assert "\n" not in row.help


@ROWS
def test_results_and_logs_call_a_method_as_users_do(row: Row) -> None:
    assert method(example(row)).name == row.name


@ROWS
def test_a_method_is_the_same_after_its_record(row: Row) -> None:
    policy = method(example(row))
    again = policy_from_record(policy_record(policy))
    assert repr(again) == repr(policy)
    assert type(again) is type(policy)


@ROWS
def test_defaults_are_spelled_as_they_are_typed(row: Row) -> None:
    settings = settings_of(row.name)
    given = {key: value for key, value in settings.items() if value is not None}
    given |= dict(part.split("=") for part in filter(None, row.needs.split(",")))
    text = ",".join(f"{key}={value}" for key, value in given.items())
    assert repr(method(f"{row.name}:{text}")) == repr(method(example(row)))


def test_the_name_alone_is_a_method_where_the_table_says_so() -> None:
    for row in METHODS.values():
        required = [name for name, value in settings_of(row.name).items() if value is None]
        assert bool(row.needs) == bool(required) or row.name == "token-budget"
    assert METHODS[DEFAULT_METHOD].ready


def test_only_what_may_be_added_is_added() -> None:
    for row in METHODS.values():
        text = f"esc+{example(row)}"
        if row.added:
            policy = method(text)
            assert policy.name == f"esc+{row.name}"
            assert isinstance(policy, Composed)
            assert [part.name for part in policy.policies] == ["esc", row.name]
        else:
            with pytest.raises(ConfigurationError, match=r"are methods of their own"):
                method(text)


def test_a_method_can_be_named_wherever_a_policy_goes() -> None:
    assert as_policy("esc:window=3") == method("esc:window=3")
    mine = Deadline(seconds=3)
    assert as_policy(mine) is mine
    with pytest.raises(ConfigurationError, match=r"no method 'ecs': did you mean esc\?"):
        as_policy("ecs")


def test_limits_are_no_part_of_a_name() -> None:
    guarded = Limits(money=3).around(method(DEFAULT_METHOD), Price(input=1, output=2))
    assert guarded.name == DEFAULT_METHOD
    assert isinstance(guarded, Composed)
    assert [part.name for part in guarded.policies] == [
        "deepprune",
        "settled",
        "close-loops",
        "stop-unread",
        "money-budget",
    ]
    assert Limits().around(DeepPrune(), None).name == "deepprune"
    record = policy_record(guarded)
    assert (record["name"], record["method"]) == ("composed", DEFAULT_METHOD)
    assert policy_from_record(record).name == DEFAULT_METHOD


def test_a_composition_without_a_name_is_called_by_its_parts() -> None:
    assert Composed(DeepPrune(), SettledVote()).name == "deepprune+settled"
    assert Composed(DeepPrune(), SettledVote(), name="mine").name == "mine"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"name": "magic"}, "policy 'magic' is none of the SDK's"),
        ({"name": "esc-"}, "none of the SDK's"),
        ({"name": DEFAULT_METHOD}, "none of the SDK's"),  # its parts stand in a record
        ({"name": ["esc"]}, "none of the SDK's"),
        ({}, "policy None is none of the SDK's"),
        ({"name": "esc", "window": 1}, "UnanimousWindow"),
        (
            {"name": "esc", "width": 3},
            "UnanimousWindow has no setting 'width'; known: name, window",
        ),
    ],
)
def test_a_record_that_is_not_ours_is_told(record: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        policy_from_record(record)


def test_a_class_is_found_by_its_row() -> None:
    assert policy_class("settled") is SettledVote


@pytest.mark.parametrize("value", [None, True, False, 3, 0.95, "join"])
def test_a_value_is_read_as_it_was_spelled(value: object) -> None:
    assert value_of(spell(value)) == value


def test_a_price_is_two_numbers_or_three() -> None:
    assert Price.model_validate([1, 2]) == Price(input=1, output=2)
    assert Price.model_validate([1, 2, 0.5]) == Price(input=1, output=2, cached_input=0.5)
    assert str(Price(input=0.15, output=0.6, cached_input=0)) == "0.15/0.6/0"
    with pytest.raises(ConfigurationError, match="Price"):
        Price.model_validate([1])
