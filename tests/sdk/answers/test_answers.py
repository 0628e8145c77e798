"""Extraction and equivalence of answers, case by case: each worked by hand."""

import re
import sys
from fractions import Fraction
from typing import Any

import pytest

from deepprune_sdk.answers import Answers, FunctionAnswers, exact_number, is_worded, normalize
from deepprune_sdk.errors import ConfigurationError

# Each line: answers that are one ballot; answers of different lines are different ballots.
SAME = {
    "1000": [
        "1000", "1,000", "1{,}000", "1\\,000", "1,\\!000", "1 000", "1000.00", "10^3", "10**3",
        "10^{3}", "1e3", "1.0E+3", "1\\times10^3", "1 \\times 10^{3}", "1 x 10^3", "1·10³",
        "\uff11\uff10\uff10\uff10", "$1,000$", "\\$1,000", "$1,000.00", "1,000 dollars",
        "1 thousand", "**1000**",
        "x=1000", "x_1 = 1000", "\\boxed{1000}", "2000/2",
    ],
    "0.5": [
        "0.5", ".5", "0.50", "1/2", "2/4", "\\frac{1}{2}", "\\frac12", "\\frac 1 2", "\\frac{1}2",
        "\\dfrac{1}{2}", "\\tfrac12", "50\\%", "50%", "50 percent", "50.0 %", "½",
        "\\left(\\frac{1}{2}\\right)", "5\\times10^{-1}", "$\\frac{1}{2}$", "2^{-1}",
    ],
    "B": ["B", "(B)", "b", "(b)", "B.", "**B**", "\\text{B}", "\\text{(B)}", "\\textbf{(B)}.",
    "'B'"],
    "C": ["C", "(C)"],
    "5": [
        "5", "5.", "5.0", "+5", "(5)", "{5}", "5\\text{ cm}", "5\\text{cm}", "5 cm", "5cm", "$5",
        "\\$5",
        "5€", "5 dollars", "5 apples in total", "5\\ \\mathrm{m/s^2}", "5 miles per hour", "5 m",
        "5\\text{m}^2", "5 square meters", "5^\\circ", "5^{\\circ}", "5°C", "5 degrees Celsius",
        "5 dollars/pound", "5 foot-pounds", "5 (metres)", "5 元", "5~\\text{cm}", "f(x) = 5",
        "3+2=5", "y = 5", "Total cost = $5", "about 5", "x \\approx 5", "≈ 5", "10/2", "5 sec",
        "5 hours",
        "\\[5\\]", "\\(5\\)",
    ],
    "30": ["30", "30^\\circ", "30\\degree"],
    "50": ["50", "50 people"],
    "0": ["0", "-0", "0.0", "-0.00", "0%", "0/7", "+0"],
    "-5": ["-5", "\u22125", "- 5", "-5.0", "-$5", "$-5", "-\\$5", "-10/2", "\\frac{-10}{2}"],
    "3/2": ["3/2", "1 1/2", "1\\frac{1}{2}", "1½", "1.5", "\\frac{3}{2}", "150%", "-\\frac{-3}{2}"],
    "5000000": ["5000000", "5 million", "5 million dollars", "5e6"],
    "24": ["24", "2 dozen", "2 dozen eggs"],
    "(1,2)": ["(1,2)", "(1, 2)", "( 1 , 2 )", "\\left(1,2\\right)", "(1.0, 4/2)"],
    "[1,2]": ["[1,2]", "x \\in [1, 2]", "x\\in[1,2]"],
    "(1,2]": ["(1,2]", "(1, 2]"],
    "{1,2}": ["\\{1,2\\}", "\\left\\{1, 2\\right\\}", "\\lbrace 1,2\\rbrace"],
    "1, 2": ["1,2", "1, 2"],
    "2, 1": ["2,1"],
    "(1000, 2)": ["(1,000, 2)", "(1000,2)"],
    "(1, 200)": ["(1,200)", "(1, 200)"],
    "1200": ["1,200", "1200"],
    "pairs": ["(1,2),(3,4)", "(1, 2), (3.0, 4)"],
    "5x": ["5x", "5 x", "$5x$"],
    "5x+1": ["5x+1", "5x + 1", "y = 5x + 1"],
    "5i": ["5i"],
    "5ab": ["5ab"],
    "5m-g": ["5 m - g"],
    "5a": ["5 a"],
    "5!": ["5!"],
    "5 or 6": ["5 or 6", "5  or 6"],
    "5 or more": ["5 or more"],
    "5 am": ["5 am"],
    "5 pm": ["5 pm"],
    "5(x)": ["5(x)"],
    "5(": ["5 (cm"],
    "12": ["12"],
    "1 2": ["1 2"],
    "7h30": ["7 hours 30 minutes"],
    "2\\frac{3}{2}": ["2\\frac{3}{2}"],
    "2sqrt3": ["2\\sqrt{3}", "2\\sqrt3", "2 \\sqrt{3}", "2√3", "2\\sqrt(3)"],
    "pi/2": ["\\frac{\\pi}{2}", "\\pi/2", "π/2"],
    "inf": ["\\infty", "∞"],
    "-inf": ["-\\infty", "-∞"],
    "equations": ["x=1,y=2", "x = 1, y = 2"],
    "equation": ["x+y=3"],
    "x>5": ["x>5", "x > 5"],
    "yes": ["yes", "Yes", "YES.", "\\text{yes}", '"yes"'],
    "new york": ["New York", "new york"],
    "emptyset": ["\\emptyset"],
    "nothing": ["", " ", ".", "$$", "\\text{}"],
    "5/0": ["5/0"],
    "0^-1": ["0^{-1}"],
    "tower": ["10^{10^9}"],
    "huge": ["1e99999"],
    "huger": ["1e999999999999"],
    "long": ["9" * 400],
    "long power": [("9" * 290) + "^{9}"],
    "unmatched": ["1), 2"],
    "trailing comma": ["(1,)"],
    "matrix": ["\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}"],
}  # fmt: skip


@pytest.mark.parametrize("answers", SAME.values(), ids=SAME)
def test_writings_of_one_answer_have_one_form(answers: list[str]) -> None:
    assert {answer: normalize(answer) for answer in answers} == dict.fromkeys(
        answers, normalize(answers[0])
    )


def test_different_answers_have_different_forms() -> None:
    forms = {line: normalize(answers[0]) for line, answers in SAME.items()}
    assert len(set(forms.values())) == len(forms), forms


@pytest.mark.parametrize("answer", [answer for answers in SAME.values() for answer in answers])
def test_a_form_is_its_own_form(answer: str) -> None:
    assert normalize(normalize(answer)) == normalize(answer)


def test_numbers_have_a_readable_form() -> None:
    assert [normalize(answer) for answer in ("1.50", "-0.25", "1e3", "12%")] == [
        "3/2",
        "-1/4",
        "1000",
        "3/25",
    ]


def test_exact_number() -> None:
    assert exact_number("50\\%") == Fraction(1, 2)
    assert exact_number("7 apples") == 7
    assert exact_number("seven") == 7
    assert exact_number("Seven Samurai") is None
    assert exact_number("1" * 5000) is None


def test_words() -> None:
    assert is_worded("New York")
    assert not is_worded("x")
    assert not is_worded("x+y")
    assert not is_worded("5 cm")


def test_what_is_longer_than_any_answer_is_only_freed_of_spaces() -> None:
    assert normalize("1,000  + " * 1000) == " ".join(["1,000 +"] * 1000)


COMPLETE: list[tuple[str, str | None]] = [
    # boxes
    ("so \\boxed{5}", "5"),
    ("\\boxed{\\frac{1}{2}} m", "\\frac{1}{2}"),
    ("\\boxed{3}, no: \\boxed{4}.", "4"),
    ("\\boxed{4}. The answer is 3.", "3"),
    ("\\boxed{3} then \\boxed{42$.", "42"),
    ("\\boxed{3} then \\boxed{$.", "3"),
    ("\\boxed{}", None),
    ("\\boxed{5}; the form is \\boxed{ }", "5"),
    ("in \\boxed{...} it goes: 7 apples", "7"),
    ("\\boxed{\\ldots}", None),
    ("\\fbox{9}", "9"),
    ("\\boxed 5", "5"),
    ("\\boxed -5.", "-5"),
    ("\\boxed{1} \\boxed 2", "2"),
    ("\\boxed B", "B"),
    ("\\boxed {5}", "5"),
    ("the \\boxed notation and \\boxedness {5}; it is 3", "3"),
    ("\\boxed{\\{1,2\\}}", "\\{1,2\\}"),
    ("\\boxed{\\left\\{ x \\right.}", "\\left\\{ x \\right."),
    ("\\boxed{a \\\\{b}}", "a \\\\{b}"),
    ("\\\\boxed{5}", "5"),
    ("{ } } \\boxed{5} }", "5"),
    ("\\boxed{a=\\boxed{1}}", "1"),
    ("\\boxed{\\textbf{(B)}\\ 12}", "B"),
    ("\\boxed{(C) Paris}", "C"),
    ("\\boxed{(B)}", "B"),
    ("\\boxed{A: 5, B: 3}", "A: 5, B: 3"),
    # statements
    ("The answer is 5.", "5"),
    ("the answer is 5", "5"),
    ("The answer: 5.", "5"),
    ("The answer = 5", "5"),
    ("The final answer is: **42**", "42"),
    ("**Final Answer:**\n\n42", "42"),
    ("### Final Answer\n\n**$1,200**", "$1,200"),
    ("#### 42", "42"),
    ("#### -1,042.5", "-1,042.5"),
    ("#### 4. Compute the sum 3+4=7", "7"),
    ("#### .", None),
    ("The answer to the question is 12.5%.", "12.5%"),
    ("The answer to this question is 12.5%.", "12.5%"),
    ("The answer to this question lies within geometry, at 90 degrees", "90"),
    ("The answer is 5 because 3+2 is 5 and 7 is not.", "5"),
    ("The answer is 7 hours 30 minutes.", "7 hours 30 minutes"),
    ("The answer is 5 or 6.", "5 or 6"),
    ("The answers are 3 and 5.", "3 and 5"),
    ("The answer is $5$.", "5"),
    ("The answer is $5 and $6.", "$5 and $6"),
    ("The answer is $18. It costs $5", "$18"),
    ("The answer is $$ 18 $$", "18"),
    ("The answer is \\(x+1\\).", "x+1"),
    ("The answer is\n\\[\nx+1\n\\]", "x+1"),
    ("The answer is x = 5.", "x = 5"),
    ("The answer is 3 + 4 = 7.", "3 + 4 = 7"),
    ("The answer is 5x.", "5x"),
    ("The answer is (1, 2).", "(1, 2)"),
    ("The answer is 10:30.", "10:30"),
    ("The answer is 5!", "5"),
    ("Answer: 3 million dollars.", "3 million"),
    ("Answer: 1\\,000", "1\\,000"),
    ("The answer is 1,000, which is 2 more", "1,000"),
    ("the answer is therefore $18.", "$18"),
    ("the answer is I think 5", "5"),
    ("the answer is actually 5", "5"),
    ("The answer is 7. Let me check that the answer is consistent with x.", "7"),
    ("Answer: 7\n\nSee whether the answer is a sensible one", "7"),
    ("The answer is Paris.", "Paris"),
    ("Answer: Yes", "Yes"),
    ("The answer is the city on the Seine, called Paris", "the city on the Seine"),
    ("The answer is a prime. It is 7.", "a prime"),
    (f"The answer is {'very ' * 30}long. It is 7.", "7"),
    ("The answer is not 5", None),  # the last number, not the statement
    ("The answer is not known.", None),
    ("The final answer is within \\boxed{}.", None),
    ("The answer isn't clear", None),
    ("The answer is:", None),
    ("The answer is: \n", None),
    ("The answer is ?!", None),
    # letters
    ("Answer: B", "B"),
    ("Answer: (B) because of 5", "B"),
    ("Answer: B\n\nbecause of 5", "B"),
    ("The answer is **A**.", "A"),
    ("The answer is A because it is", "A"),
    ("The answer is A prime", "A prime"),
    ("The correct answer is (D) none of these", "D"),
    ("The correct option is C.", "C"),
    ("The option is 7 now", "7"),  # an option is a letter; the rest is the last number
    ("Answer: A, B and D.", "A, B and D"),
    ("The answer is A and B.", "A and B"),
    ("Therefore option B is correct: 5.", "B"),
    ("Option A is incorrect. Option (C) is the best.", "C"),
    ("Clearly (D) is right.", "D"),
    ("so\n**B**", "B"),
    ("so\n(B)", "B"),
    ("so\nB.", "B"),
    ("so\nOption D", "D"),
    ("so\nZ", None),
    # last numbers
    ("total of $1,234.50 spent", "$1,234.50"),
    ("so 5 - 3", "3"),
    ("it is -3", "-3"),
    ("- 5 apples", "5"),
    ("it's 3/4 of it", "3/4"),
    ("about 50% off", "50%"),
    ("50\\% off", "50\\%"),
    ("is \\frac{3}{4}.", "\\frac{3}{4}"),
    ("= 1.5 \\times 10^3", "1.5 \\times 10^3"),
    ("= 2^{10} ", "2^{10}"),
    ("1,000,000 people on the 3rd", "1,000,000"),
    ("C3PO", None),
    ("no number", None),
    ("", None),
    # thinking left in the text
    ("<think>\\boxed{3}</think> The answer is 4.", "4"),
    ("draft \\boxed{3}</think> none", None),
    ("<think>\\boxed{3}", "3"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "answer"), COMPLETE)
def test_answers_of_complete_texts(text: str, answer: str | None) -> None:
    assert Answers().extract(text, complete=True) == answer


INCOMPLETE: list[tuple[str, str | None]] = [
    ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
    ("\\boxed{3} then \\boxed{4", "3"),
    ("\\boxed{4", None),
    ("The answer is 3. So \\boxed{4", "3"),
    ("\\boxed 5", None),
    ("\\boxed 5 ", "5"),
    ("The answer is 5", None),
    ("The answer is 5.", None),  # may become 5.25
    ("The answer is 5. So", "5"),
    ("The answer is 5.\n", "5"),
    ("The answer is 5, which", "5"),
    ("The answer is **5**", None),
    ("The answer is $5$", "5"),
    ("The answer is $5", None),
    ("#### 42", None),
    ("#### 42\n", "42"),
    ("Answer: B", None),
    ("Answer: B ", None),
    ("Answer: B.", "B"),
    ("Answer: B\n", "B"),
    ("Answer: (B", None),
    ("Answer: (B) b", "B"),
    ("Answer: Par", None),
    ("Answer: Paris\n", "Paris"),
    ("so\nB", None),
    ("so\nB\n", "B"),
    ("5 here", None),
    ("<think>\\boxed{3}", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "answer"), INCOMPLETE)
def test_answers_of_texts_that_were_cut_off(text: str, answer: str | None) -> None:
    assert Answers().extract(text, complete=False) == answer


def test_letters_can_be_chosen() -> None:
    assert Answers(choices="XY").extract("Answer: X", complete=True) == "X"
    assert Answers(choices="xy").extract("The answer is X because", complete=True) == "X"
    assert Answers(choices="XY").extract("The answer is A and more", complete=True) == "A and more"


def test_letters_can_be_switched_off() -> None:
    answers = Answers(choices=None)
    assert answers.extract("\\boxed{(B) 12}", complete=True) == "(B) 12"
    assert answers.extract("It is so.\nB", complete=True) is None


def test_the_last_number_can_be_switched_off() -> None:
    answers = Answers(last_number=False)
    assert answers.extract("It is 5", complete=True) is None
    assert answers.extract("The answer is 5", complete=True) == "5"


def test_equivalence_is_equality_of_forms() -> None:
    answers = Answers()
    assert answers.equivalent("\\frac{1}{2}", "50\\%")
    assert not answers.equivalent("50", "50\\%")


# Two megabytes each: more than quadratic time would ever finish, and nothing but the result is
# asserted, so that a slow machine cannot fail them.
SIZE = 2_000_000
HOSTILE = [
    "\\boxed{", "\\boxed ", "\\boxed{}", "\\boxed{1}}", "{", "}", "{}", "(", "\\", "\\{", "$",
    "*", " ", "\n", "1",
    "1,", ",111", "1.", "1^", "-", "a", "\\frac{1}{", "\\text{", "#### ", "#### 1", "answer: ",
    "the answer is ", "the answer to ", "final answer\n", "option A is ",
    "answer" + " " * 30, "A, ",
    "</think>",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_texts_are_read_to_their_end(unit: str) -> None:
    text = unit * (SIZE // len(unit))
    assert Answers().extract(f"{text} \\boxed{{7}}", complete=False) == "7"
    Answers().extract(text, complete=False)
    Answers().extract(f"\\boxed{{{text}", complete=True)
    assert normalize(text) == normalize(normalize(text))


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_answers_have_a_form(unit: str) -> None:
    for text in (unit * 1000, f"5{unit * 1000}", f"({unit * 1000})", f"x={unit * 1000}"):
        assert normalize(normalize(text[:1000])) == normalize(text[:1000])


def test_deep_nesting_has_a_form() -> None:
    nested = "(" * 240 + "1" + ",2)" * 240
    assert normalize(normalize(nested)) == normalize(nested)


def test_a_function_of_ones_own() -> None:
    def label(text: str) -> str | None:
        found = re.search(r"LABEL: *(\S*)", text)
        return found[1] if found else None

    answers = FunctionAnswers(label)
    assert answers.extract("LABEL: spam", complete=True) == "spam"
    assert answers.extract("LABEL: ", complete=True) is None
    assert answers.extract("nothing", complete=True) is None
    assert answers.equivalent("Spam", "spam")


def test_texts_that_the_model_did_not_end_have_a_function_of_their_own() -> None:
    assert FunctionAnswers(str.strip).extract("5", complete=False) is None
    answers = FunctionAnswers(str.upper, incomplete=str.lower)
    assert answers.extract("Ham", complete=False) == "ham"
    assert answers.extract("Ham", complete=True) == "HAM"
    assert answers.extract(" ", complete=False) is None


def test_a_probe_needs_what_reads_the_answer_to_it() -> None:
    assert FunctionAnswers(str.strip, incomplete=str.strip, probe="So: ").probe == "So: "
    with pytest.raises(ConfigurationError, match=r"probe='So: '.* give incomplete="):
        FunctionAnswers(str.strip, probe="So: ")


def test_an_equivalence_of_ones_own() -> None:
    answers = FunctionAnswers(str.strip, lambda left, right: left[0] == right[0])
    assert answers.equivalent("spam", "sun")
    assert not answers.equivalent("spam", "ham")


def test_an_error_in_the_function_is_not_hidden() -> None:
    def fails(text: str) -> str | None:
        raise LookupError(text)

    with pytest.raises(LookupError, match="spam"):
        FunctionAnswers(fails).extract("spam", complete=True)


def test_a_function_that_returns_no_string_is_told_so() -> None:
    count: Any = len
    with pytest.raises(TypeError, match="must return a string or None, not 5"):
        FunctionAnswers(count).extract("12345", complete=True)


# Ten megabytes: what is more than linear would never finish. Nothing but the result is asserted.
@pytest.mark.parametrize(
    "unit", ["word 12, ", "the answer is ", "\\boxed{1} ", "<think>", "答案是"]
)
def test_ten_megabytes_are_read_to_their_end(unit: str) -> None:
    text = unit * (10_000_000 // len(unit))
    assert Answers().extract(f"{text}</think>\nAnswer: 7\n", complete=False) == "7"


def steps(text: str) -> int:
    """How many functions, Python's and C's, are called to read a text."""
    count = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        Answers().extract(text, complete=True)
        Answers().extract(text, complete=False)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("unit", HOSTILE)
def test_twice_the_text_takes_at_most_twice_the_steps(unit: str) -> None:
    text = unit * (50_000 // len(unit))
    Answers().extract(text, complete=True)  # patterns are compiled once
    assert steps(text * 2) <= 2.1 * steps(text) + 1000
