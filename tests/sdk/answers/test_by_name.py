"""Kinds of answers by name, and back."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel
from support.labels import LABELS

from deepprune_sdk.answers import (
    Answers,
    ChoiceAnswers,
    CodeAnswers,
    ExtractorPowers,
    FunctionAnswers,
    JsonAnswers,
    NumberAnswers,
    RegexAnswers,
    TextAnswers,
    ToolAnswers,
    as_extractor,
)
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.methods import ANSWERS
from deepprune_sdk.protocols import AnswerExtractor


class Place(BaseModel):
    city: str
    country: str = ""


SCHEMA = '{"type": "object", "properties": {"a,b=c": {"enum": ["x,y=z", "}"]}}}'

SPELLED: dict[str, AnswerExtractor] = {
    "math": Answers(),
    "choice": ChoiceAnswers(),
    "choice:ABCD": ChoiceAnswers("ABCD"),
    "choice:positive|negative|neutral": ChoiceAnswers(("positive", "negative", "neutral")),
    "choice:a, b|c=d:e": ChoiceAnswers(("a, b", "c=d:e")),
    "choice:Y|N": ChoiceAnswers("YN"),
    "number": NumberAnswers(),
    "text": TextAnswers(),
    "json": JsonAnswers(),
    "json:fields=city/country": JsonAnswers(fields=("city", "country")),
    "json:fields=city,ignore=reason,by_field=true": JsonAnswers(
        fields=("city",), ignore=("reason",), by_field=True
    ),
    f"json:{SCHEMA}": JsonAnswers(SCHEMA),
    f"json:{SCHEMA},ignore=a=b,by_field=true": JsonAnswers(
        SCHEMA.replace('"a,b=c"', '"a=b"'), ignore=("a=b",), by_field=True
    ),
    "tool": ToolAnswers(),
    "tool:ignore=id/limit": ToolAnswers(("id", "limit")),
    "code": CodeAnswers(),
    "regex:LABEL: (\\w+), x=(\\d+)": RegexAnswers("LABEL: (\\w+), x=(\\d+)"),
    "regex: a ": RegexAnswers(" a "),
}
SPELLED[f"json:{SCHEMA},ignore=a=b,by_field=true".replace('"a,b=c"', '"a=b"')] = SPELLED.pop(
    f"json:{SCHEMA},ignore=a=b,by_field=true"
)


@pytest.mark.parametrize("text", SPELLED)
def test_a_kind_can_be_named(text: str) -> None:
    assert as_extractor(text) == SPELLED[text]


@pytest.mark.parametrize("text", SPELLED)
def test_a_kind_says_how_it_is_named(text: str) -> None:
    assert ExtractorPowers.of(SPELLED[text]).spec == text


@pytest.mark.parametrize(
    "answers",
    [
        ChoiceAnswers(("a|b", "c")),
        JsonAnswers(fields=("a/b",)),
        JsonAnswers(ignore=("a,b",)),
        ToolAnswers(("a/b",)),
        CodeAnswers(lambda left, right: left == right),
        LABELS,
    ],
)
def test_what_cannot_be_spelled_says_so(answers: AnswerExtractor) -> None:
    assert ExtractorPowers.of(answers).spec is None


def test_a_model_is_spelled_by_its_fields() -> None:
    assert JsonAnswers(Place).spec is None  # a model is code: a recording has what it read


def test_other_things_stand_for_an_extractor() -> None:
    assert as_extractor(Place) == JsonAnswers(Place)
    assert as_extractor(LABELS) is LABELS
    made = as_extractor(str.strip)
    assert isinstance(made, FunctionAnswers)
    assert made.extract(" x ", complete=True) == "x"
    assert as_extractor(None) == as_extractor("auto")


@pytest.mark.parametrize("name", ANSWERS)
def test_every_row_of_the_table_has_an_example_that_works(name: str) -> None:
    row = ANSWERS[name]
    made = as_extractor(row.example)
    assert type(made).__name__ == row.extractor
    assert row.example.partition(":")[0] == name
    for complete in (True, False):
        assert made.extract("", complete=complete) is None


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ("jsn", "no kind of answers 'jsn': did you mean json? known: auto, math"),
        ("", "no kind of answers ''"),
        ("choise:a|b", "did you mean choice"),
        ("number:1", "number takes no settings"),
        ("choice:positive", "choice:positive has one label: join two or more"),
        ("choice:ABD", "has one label"),
        ("choice:yes|Yes.", "'yes' and 'Yes.' are the same label"),
        ("choice:yes|", "a label is empty"),
        ("json:field=city", "json has no setting 'field=city': did you mean fields"),
        ("json:city", "json has no setting 'city'"),
        ("json:by_field=maybe", "json:by_field=maybe: give true or false"),
        ('json:{"type": "strng"}', "'strng' is not a type"),
        ('json:{"type"', "the schema is not JSON"),
        ("tool:ignored=x", "tool has no setting 'ignored=x': did you mean ignore"),
        ("regex:(", "is not a regular expression"),
        ("regex", "regex needs a pattern"),
        (Answers, "answers=Answers is a class: give Answers()"),
        (5, "answers=5: give a kind (auto, math"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(answers: object, said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)) as raised:
        as_extractor(answers)  # pyright: ignore[reportArgumentType]  the point
    assert "\n" not in str(raised.value)
