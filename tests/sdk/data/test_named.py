"""`NAME:key=value`, as methods and judges are spelled."""

import pytest

from deepprune_sdk import ConfigurationError
from deepprune_sdk.data.named import Named, among, read_named, value_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("esc", Named("esc", "", {})),
        ("esc:", Named("esc", "", {})),
        ("esc:window=3", Named("esc", "", {"window": "3"})),
        ("a:x=1,y=2,", Named("a", "", {"x": "1", "y": "2"})),
        (" esc:window=3\n", Named("esc", "", {"window": "3"})),
        ("a:x=y=z", Named("a", "", {"x": "y=z"})),
        ("a:b", Named("a", "b", {})),
        ("a:b/c,d.json,x=1", Named("a", "b/c,d.json", {"x": "1"})),
        ("a:qwen3:4b@http://h:1/v1?k=v", Named("a", "qwen3:4b@http://h:1/v1?k=v", {})),
        ("", Named("", "", {})),
    ],
)
def test_a_name_is_taken_apart(text: str, expected: Named) -> None:
    assert read_named(text) == expected


def test_an_argument_is_a_setting_without_its_key() -> None:
    assert read_named("a:b,x=1").take(("x", "y"), argument="y") == {"x": "1", "y": "b"}
    assert read_named("a:y=c").take(("x", "y"), argument="y") == {"y": "c"}


@pytest.mark.parametrize("text", ["a:x=1,y=2,x=3", "a:b,x=1", "a:x=1,x=1"])
def test_a_setting_given_twice_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="x is given twice; give it once"):
        read_named(text).take(("x", "y"), argument="x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:z=1", "a has no setting 'z=1'; known: width, height"),
        ("a:z", "a has no setting 'z'; known: width, height"),
        ("a:widht=1", r"a has no setting 'widht=1': did you mean width\? known: width, height"),
        ("a:width", r"a: width needs a value, as in a:width=\.\.\."),
    ],
)
def test_an_unknown_setting_is_told_with_the_known_ones(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_named(text).take(("width", "height"))


def test_what_is_near_is_offered() -> None:
    assert among("ecs", ["esc", "cons"]) == ": did you mean esc? known: esc, cons"
    assert among("magic", ["esc"]) == "; known: esc"
    assert among("magic", []) == "; known: none"


def test_a_value_that_nests_without_end_is_a_word() -> None:
    assert value_of("[" * 100_000) == "[" * 100_000
