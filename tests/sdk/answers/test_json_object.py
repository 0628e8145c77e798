"""JSON as an answer: found, checked, compared by its types, voted on by its fields."""

from __future__ import annotations

import json
import pickle
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, Field, RootModel

from deepprune_sdk.answers import JsonAnswers
from deepprune_sdk.errors import ConfigurationError


class Place(BaseModel):
    """A place, as an application would describe one."""

    city: str
    country: str = "France"
    founded: date | None = None
    people: int = Field(default=0, ge=0, alias="inhabitants")


class Cities(RootModel[list[str]]):
    """A list of names."""


SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 1}},
    "required": ["city"],
    "additionalProperties": False,
}

ANY = JsonAnswers()


def read(text: str, answers: JsonAnswers = ANY, *, complete: bool = True) -> Any:
    answer = answers.extract(text, complete=complete)
    return None if answer is None else json.loads(answer)


PARIS = {"city": "Paris", "people": 2}


@pytest.mark.parametrize(
    "text",
    [
        '{"city": "Paris", "people": 2}',
        '{"people": 2.0, "city": "Paris"}',
        '```json\n{"city": "Paris", "people": 2}\n```',
        '```\n{\n  "city": "Paris",\n  "people": 2\n}\n```\nI hope this helps!',
        'Here it is: {"city": "Paris", "people": 2}. That is all.',
        'A draft {"city": "Lyon", "people": 1} first.\n\n{"city": "Paris", "people": 2}',
        '<think>{"city": "Lyon"}</think>{"city": "Paris", "people": 2}',
        '\\boxed{{"city": "Paris", "people": 2}}',
        'By [1] and {see below} it is {"city": "Paris", "people": 2}, as [2] says.',
        '{"city": "Paris", "people": 2,}',
        "{'city': 'Paris', 'people': 2}",
        '{\n  // a comment\n  "city": "Paris", // another, {\n  "people": 2\n}',
        '{"city": "Paris", "people": 2e0}',
        '{"city": "Paris", "people": 2',  # the model ended it so
        '{"city": "\\u0050aris", "people": 2} {}',
    ],
)
def test_the_last_object_is_read(text: str) -> None:
    assert read(text) == PARIS
    assert ANY.equivalent(ANY.extract(text, complete=True) or "", json.dumps(PARIS))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": {"b": [1, {"c": null}]}}', {"a": {"b": [1, {"c": None}]}}),
        ('["a", "b"]', ["a", "b"]),
        ('The list:\n["a", "b"]', ["a", "b"]),
        ("{}", {}),
        ("[]", []),
        ("42", 42),
        ('"Paris"', "Paris"),
        ("```json\ntrue\n```", True),
        ('{"ok": True, "none": None, "said": "it\'s \\"so\\""}', {"ok": True, "none": None,
         "said": 'it\'s "so"'}),
        ("{'said': 'it\\'s \"so\"'}", {"said": 'it\'s "so"'}),
        ('{"formula": "\\(x\\) and \\frac12"}', {"formula": "\\(x\\) and \x0crac12"}),
        ('{"lines": "one\ntwo"}', {"lines": "one\ntwo"}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('{"a": "}{"}', {"a": "}{"}),
        # Nothing is there.
        ("", None),
        ("No JSON at all.", None),
        ("As [1] and [2] say, {x} holds.", None),
        ("{1, 2, 3}", None),
        ('{"city": "Paris", oops}', None),
        ('{"city" "Paris"}', None),
        ('{"city": "Par', None),
        ('First {"city": "Lyon"}, or rather {"city": "Par', None),
        ('{"a": 007}', None),
        ('{"a": NaN}', None),
        ('{"a": 1e999}', None),
        ('{"a": ' + "9" * 400 + "}", None),
        ('{"a": 1e99999999999999999999}', None),
        ('{"a"}', None),
        ("{,}", None),
        ("[" * 1000 + "]" * 1000, None),
    ],
)  # fmt: skip
def test_what_counts_as_a_value(text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"city": "Paris"} and', {"city": "Paris"}),
        ('{"city": "Paris"}', {"city": "Paris"}),
        ('{"city": "Paris"', None),
        ('{"city": "Lyon"} or {"ci', None),
        ('{"city": "Lyon"} or {"city": tr', None),
        ("42", None),
    ],
)
def test_an_unfinished_text_has_the_value_that_is_closed(text: str, value: object) -> None:
    assert read(text, complete=False) == value


def test_a_probe_is_continued_to_an_object() -> None:
    assert read(f'{ANY.probe}"city": "Paris"}}\n', complete=False) == {"city": "Paris"}


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ('{"a": 1}', '{"a": 1.0}', True),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', True),
        ('{"a": 100}', '{"a": 1e2}', True),
        ('{"a": 1}', '{"a": "1"}', False),
        ('{"a": 1}', '{"a": true}', False),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', False),
        ('{"a": null}', "{}", False),
        ('{"a": "x"}', '{"a": "X"}', False),
        ('{"a": 0.1}', '{"a": 0.10}', True),
        ('{"a": -0.0}', '{"a": 0}', True),
        ("not JSON", "Not JSON.", True),
        ("not JSON", '{"a": 1}', False),
    ],
)
def test_values_are_compared_by_their_types(left: str, right: str, same: bool) -> None:
    assert ANY.equivalent(left, right) is same


def test_the_vote_is_on_some_fields() -> None:
    some = JsonAnswers(fields=("city", "country"))
    assert read('{"city": "Paris", "reason": "x"}', some) == {"city": "Paris"}
    assert some.equivalent('{"city": "Paris"}', '{"city": "Paris", "reason": "y"}')
    assert read('{"reason": "x"}', some) is None
    assert read('["city"]', some) is None


def test_some_fields_are_left_out() -> None:
    but = JsonAnswers(ignore="reason")
    assert read('{"city": "Paris", "reason": "x"}', but) == {"city": "Paris"}
    assert read('{"reason": "x"}', but) is None
    assert read("[1]", but) is None


def test_a_model_reads_what_fits_it() -> None:
    places = JsonAnswers(Place)
    assert read('{"city": "Paris", "inhabitants": "2", "founded": "1900-01-02"}', places) == {
        "city": "Paris",
        "country": "France",
        "founded": "1900-01-02",
        "inhabitants": 2,
    }
    assert read('{"city": "Paris", "inhabitants": -1}', places) is None
    assert read('{"country": "France"}', places) is None
    assert read('{"city": "Paris"} as [1] says', places) is not None
    assert places.equivalent('{"city": "Paris"}', '{"city": "Paris", "country": "France"}')
    assert read('["Paris", "Lyon"]', JsonAnswers(Cities)) == ["Paris", "Lyon"]
    assert read('{"city": "Paris"}', JsonAnswers(Place, fields=("city",))) == {"city": "Paris"}


def test_a_schema_checks_what_is_read() -> None:
    places = JsonAnswers(SCHEMA)
    assert read('{"city": "Paris", "people": 2.0}', places) == {"city": "Paris", "people": 2}
    for wrong in ('{"people": 2}', '{"city": "Paris", "people": 0}', '{"city": "Paris", "x": 1}'):
        assert read(wrong, places) is None


def test_each_field_is_voted_on_by_itself() -> None:
    answers = JsonAnswers(by_field=True)
    ballots = [
        ('{"city": "Paris", "people": 2, "river": "Seine"}', 1.0),
        ('{"city": "Paris", "people": 3}', 1.0),
        ('{"city": "Lyon", "people": 3}', 1.0),
        ('{"city": "Lyon", "people": 4}', 0.5),
        ("no JSON", 9.0),
        ("[1]", 9.0),
    ]
    assert answers.fold(ballots) == '{"city": "Paris", "people": 3}'
    assert answers.fold([("no JSON", 1.0)]) is None
    assert answers.fold([]) is None


def test_what_the_majorities_make_must_fit() -> None:
    schema = {"anyOf": [{"required": ["a"], "not": {"required": ["b"]}}, {"const": {"b": 1}}]}
    either = JsonAnswers(schema, by_field=True)
    both = [('{"a": 1}', 1.0), ('{"a": 1}', 1.0), ('{"b": 1}', 1.0)]
    assert either.fold(both) == '{"a": 1}'
    assert JsonAnswers({"required": ["a", "b"]}, by_field=True).fold(both) is None
    assert JsonAnswers(fields=("a",), by_field=True).fold(both) == '{"a": 1}'


def test_a_server_can_be_asked_for_it() -> None:
    assert ANY.response_format == {"type": "json_object"}
    asked = JsonAnswers(Place).response_format
    assert asked["type"] == "json_schema"
    described: Any = asked["json_schema"]
    assert described["name"] == "Place"
    assert described["schema"] == Place.model_json_schema()
    assert JsonAnswers(SCHEMA).response_format == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA},
    }


def test_the_prompt_says_what_is_wanted() -> None:
    assert ANY.instruction == "Give your final answer as a JSON object."
    assert JsonAnswers(fields=("city",), ignore=("reason",)).instruction.endswith(
        'with the fields "city", "reason".'
    )
    assert '"minimum": 1' in JsonAnswers(SCHEMA).instruction
    assert "\n" not in JsonAnswers(Place).instruction


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"schema": {"type": "objekt"}}, r"'objekt' is not a type: did you mean object\?"),
        ({"schema": "no schema"}, "'no schema' is not a JSON schema"),
        ({"schema": "[1]"}, r"'\[1\]' is not a JSON schema"),
        ({"schema": "true"}, "'true' is not a JSON schema"),
        ({"schema": {"type": {1}}}, "is not JSON"),
        ({"schema": SCHEMA, "fields": ("citi",)}, r"no field 'citi': did you mean city\?"),
        ({"schema": Place, "ignore": ("people",)}, "no field 'people'.*inhabitants"),
        ({"fields": ("a", "b"), "ignore": ("b",)}, "'b' is in fields= and in ignore="),
    ],
)
def test_bad_input_is_refused_at_once(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        JsonAnswers(settings.pop("schema", None), **settings)


def test_a_model_without_a_schema_is_refused() -> None:
    class Unwritable(BaseModel, arbitrary_types_allowed=True):
        thing: pickle.Pickler

    with pytest.raises(ConfigurationError, match="Unwritable"):
        JsonAnswers(Unwritable)


def test_it_is_a_value() -> None:
    made = JsonAnswers(SCHEMA, fields=["city"])
    assert made == JsonAnswers(json.dumps(SCHEMA), fields=("city",))
    assert hash(made) == hash(JsonAnswers(SCHEMA, fields=["city"]))
    assert pickle.loads(pickle.dumps(made)) == made
    assert pickle.loads(pickle.dumps(JsonAnswers(Place))) == JsonAnswers(Place)
