r"""Final answers: finding them in a text, and telling whether two are the same.

A vote is only as good as this step: a miss loses a ballot, and `0.5` against `\frac{1}{2}` splits
one. So each kind of answer has a reader of its own: `Answers` for mathematics and multiple choice,
`ChoiceAnswers`, `NumberAnswers`, `TextAnswers`, `JsonAnswers`, `ToolAnswers`, `CodeAnswers`,
`RegexAnswers`, and `FunctionAnswers` for a function of your own. `as_extractor` makes them by name,
as `choice:positive|negative`. A symbolic comparison (`\sqrt{8}` and `2\sqrt{2}`) is
`deepprune_adapters.math.MathAnswers`, extra `eval`.
"""

from deepprune_sdk.answers.auto import AutoAnswers
from deepprune_sdk.answers.by_name import ReadsAnswers, as_extractor
from deepprune_sdk.answers.choice import ChoiceAnswers
from deepprune_sdk.answers.code import CodeAnswers
from deepprune_sdk.answers.equivalence import exact_number, is_worded, normalize
from deepprune_sdk.answers.extraction import Answers
from deepprune_sdk.answers.functions import FunctionAnswers
from deepprune_sdk.answers.json_object import JsonAnswers
from deepprune_sdk.answers.number import NumberAnswers
from deepprune_sdk.answers.powers import ExtractorPowers
from deepprune_sdk.answers.regex import RegexAnswers
from deepprune_sdk.answers.text import TextAnswers
from deepprune_sdk.answers.tool import ToolAnswers

__all__ = [
    "Answers",
    "AutoAnswers",
    "ChoiceAnswers",
    "CodeAnswers",
    "ExtractorPowers",
    "FunctionAnswers",
    "JsonAnswers",
    "NumberAnswers",
    "ReadsAnswers",
    "RegexAnswers",
    "TextAnswers",
    "ToolAnswers",
    "as_extractor",
    "exact_number",
    "is_worded",
    "normalize",
]
