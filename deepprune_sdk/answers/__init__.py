r"""Final answers: finding them in a text, and telling whether two are the same.

A vote is only as good as this step: a miss loses a ballot, and `0.5` against `\frac{1}{2}` splits
one. `Answers` is the default; `FunctionAnswers` takes a function of your own; a symbolic
comparison (`\sqrt{8}` and `2\sqrt{2}`) is `deepprune_adapters.math.MathAnswers`, extra `eval`.
"""

from deepprune_sdk.answers.equivalence import exact_number, is_worded, normalize
from deepprune_sdk.answers.extraction import Answers, FunctionAnswers
from deepprune_sdk.answers.powers import ExtractorPowers

__all__ = [
    "Answers",
    "ExtractorPowers",
    "FunctionAnswers",
    "exact_number",
    "is_worded",
    "normalize",
]
