"""Writings that are one ballot, and others that are not: each line worked by hand."""

import pytest

from deepprune_sdk.answers import Answers, normalize

# Each line: writings of one answer; those of different lines are different answers.
SAME = [
    [
        "\\begin{pmatrix}1\\\\23\\end{pmatrix}",
        "\\begin{bmatrix} 1 \\\\ 23 \\end{bmatrix}",
        "\\left(\\begin{array}{c}1\\\\23\\end{array}\\right)",
        "\\begin{pmatrix}1\\\\[2pt] 23\\\\ \\end{pmatrix}",
    ],
    ["\\begin{pmatrix}12\\\\3\\end{pmatrix}"],
    ["\\begin{pmatrix}1&23\\end{pmatrix}"],
    ["\\begin{pmatrix}12&3\\end{pmatrix}"],
    [
        "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
        "\\begin{bmatrix}1 & 2\\\\ 3 & \\frac{8}{2}\\end{bmatrix}",
    ],
    ["\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}"],
    ["\\begin{cases}1\\\\23\\end{cases}"],
    ["\\begin{cases}12\\\\3\\end{cases}"],
    ["1/2^{99}", "\\frac{1}{2^{99}}"],
    ["1/2^{98}"],
    ["1,00,000", "100000", "100,000", "1 lakh", "₹1,00,000"],
    ["12,34,567", "1234567"],
    ["1,00", "1, 00"],
    [
        "0.333...",
        "1/3",
        "0.\\overline{3}",
        "0.\\bar{3}",
        "\\frac13",
        "0.333\\ldots",
        "0.333…",
        "0.(3)",
        "0.33333...",
    ],
    ["0.333"],
    ["0.3333"],
    ["3.14159..."],
    ["3.14159"],
    ["0.1\\overline{6}", "1/6", "0.1666..."],
    ["1010_{2}", "1010_2", "1010_{(2)}", "1010₂"],
    ["1010"],
    ["1010_3"],
    ["3.5 × 10⁴", "3.5\\times10^4", "35000", "3.5e4", "3.5 \\cdot 10^{4}"],
    ["10⁻⁴", "10^{-4}", "0.0001"],
    ["±3", "\\pm 3", "\\pm3"],
    ["A ∪ B", "A \\cup B", "A\\cup B"],
    ["A ∩ B", "A \\cap B"],
    ["∅", "\\emptyset", "\\varnothing", "\\{\\}", "empty set", "the empty set"],
    ["9 and 10", "9, 10", "9,10", "9 & 10"],
    ["10, 9"],
    ["2.5\\ \\Omega", "2.5 Ω", "2.5 ohms", "2.5", "2.5\\,\\Omega", "2.5 \\text{ }\\Omega"],
    ["7 k\\Omega", "7"],
    [
        "4\\sqrt3\\text{ cm}^2",
        "4\\sqrt{3}",
        "4√3",
        "4\\sqrt{3}\\ \\text{cm}^2",
        "4\\sqrt{3}\\,\\mathrm{cm}^{2}",
        "4√3 cm²",
        "4\\sqrt{3} square units",
    ],
    ["3:30 PM", "3:30 p.m.", "3:30PM", "15:30", "3:30 pm", "03:30 PM"],
    ["3:30 AM", "3:30", "3:30 a.m."],
    ["12:00 PM", "12:00", "12 PM"],
    ["12:00 AM", "0:00"],
    [
        "May 8, 1945",
        "8 May 1945",
        "May 8th, 1945",
        "1945-05-08",
        "8. Mai 1945",
        "8 de mayo de 1945",
        "8 mai 1945",
    ],
    ["May 9, 1945"],
    ["May 1945"],
    ["2:1", "2 : 1", "2\\colon 1", "2 \\colon1"],
    ["1:2"],
    [
        "(-\\infty, 3]",
        "x \\le 3",
        "x ≤ 3",
        "\\{x \\mid x \\le 3\\}",
        "x\\leq 3",
        "(-∞, 3]",
        "3 \\ge x",
    ],
    ["(-\\infty,3)", "x<3"],
    ["-1 < x \\le 5", "(-1, 5]", "(-1,5]"],
    ["[-1,5]"],
    ["(-1,5)"],
    ["\\frac{\\sqrt{3}}{2}", "\\sqrt{3}/2", "√3/2", "\\dfrac{\\sqrt3}{2}"],
    ["\\sqrt{3/2}"],
    ["\\frac{3}{2}"],
    ["\\frac{3\\sqrt{2}}{2}", "3\\sqrt2/2"],
    ["2\\frac{3}{2}"],
    ["23/2"],
    ["\\frac{x+1}{2}", "(x+1)/2"],
    ["x+1/2", "x+\\frac12"],
    ["\\frac{1}{2x}", "1/(2x)"],
    ["x^{2}", "x^2", "x²"],
    ["x^{2+1}"],
    ["x^{12}", "x^12"],
    ["a_{1}", "a_1", "a₁"],
    ["a1"],
    ["\\{1,2\\}", "\\{2,1\\}", "{1, 2}", "\\left\\{1,2\\right\\}"],
    ["(1,2)"],
    ["1, 2"],
    ["x=1, x=4", "x = 1 \\text{ or } x = 4", "x=1 or x=4"],
    ["2\\pi", "2 \\cdot \\pi", "2π", "2*\\pi", "2\\pi"],
    ["\\sin x", "sin x"],
    ["3{,}5", "3.5", "7/2"],
    ["3,5"],
    ["9.234.567", "9234567"],
    ["1.234,56", "1234.56", "1,234.56"],
    ["8 234,56", "8234.56"],
    ["1'000'000", "1000000"],
    ["12,50 €", "12.50", "€12.50"],
    ["6,5 cm", "6.5", "6,5 л", "6,5 km"],
    ["P(X > 2) = 0.4", "0.4", "2/5", "40\\%"],
    ["\\angle ABC = 37^\\circ", "37", "37°"],
    ["\\theta", "θ"],
    ["\\alpha + \\beta", "α + β"],
    ["x \\neq 6", "x ≠ 6", "x != 6"],
    ["$\\text{Final Answer: } 43$", "43", "Answer: 43", "The answer is 43"],
    ["1.5 million", "1500000", "1,500,000"],
    ["3 crore", "30000000"],
    ["5万", "50000"],
    ["٤٢", "42", "४२", "４２"],
    ["\\log_2 3", "log_2 3"],
    ["A)", "A", "(A)", "A."],
    ["-13", "−13", "–13"],
    ["f(x) = 3x+2", "3x+2", "y = 3x + 2"],
    ["5 \\text{ and } 6", "5, 6", "5 and 6"],
    ["(x-1)(x+1)"],
    ["x^2-1"],
    ["7 + 4i", "7+4i"],
    ["n^2+1"],
    ["n^{2+1}"],
    ["5%", "0.05"],
    ["5"],
    ["no solution", "No solutions", "\\text{no solution}"],
    ["yes"],
    ["no"],
    ["not yes"],
    ["\\infty", "infinity", "∞", "+\\infty"],
    ["10^{-7}", "1e-7"],
    ["10^{-8}"],
    ["50 km/h", "50"],
    ["-286 kJ mol^{-1}", "-286", "-286 kJ/mol"],
    ["1\\frac{3}{4}", "1.75", "1 3/4", "7/4"],
    ["12x^{3}y", "12x^3y"],
    ["\\mathbb{R}", "ℝ", "all real numbers"],
    ["between 5 and 10"],
    ["5 to 10"],
    ["2 hours and 30 minutes"],
    ["A, B, and D", "A, B and D", "A,B,D"],
    ["17 (mod 23)", "17 \\pmod{23}"],
]


@pytest.mark.parametrize("answers", SAME)
def test_writings_of_one_answer(answers: list[str]) -> None:
    assert {answer: normalize(answer) for answer in answers} == dict.fromkeys(
        answers, normalize(answers[0])
    )


def test_different_answers() -> None:
    forms = [normalize(answers[0]) for answers in SAME]
    assert len(set(forms)) == len(forms)


@pytest.mark.parametrize("answers", SAME)
def test_a_form_is_its_own_form(answers: list[str]) -> None:
    assert [normalize(normalize(answer)) for answer in answers] == [*map(normalize, answers)]


def test_what_is_equal_by_chance_of_a_separator_is_not() -> None:
    same = Answers().equivalent
    assert not same(
        "\\begin{pmatrix}1\\\\23\\end{pmatrix}", "\\begin{pmatrix}12\\\\3\\end{pmatrix}"
    )
    assert not same(
        "\\begin{pmatrix}1,2\\\\3,4\\end{pmatrix}", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"
    )
    assert not same("1, 00", "1,000")
