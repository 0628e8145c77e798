"""Laws of extraction and equivalence, on generated texts."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from deepprune_sdk.answers import Answers, exact_number, normalize

FRAGMENTS = [
    "\\boxed{", "\\boxed ", "\\fbox{", "{", "}", "\\{", "\\}", "\\", "$", "(", ")", "[", "]", ",",
    ", ", " ",
    "\n", "1", "12", "000", ".", "/", "-", "\u2212", "+", "=", "^", "*", "%", "°", "½", "²", "e3",
    "10^3", "x",
    "A", "(B)", "answer is ", "Answer: ", "Final answer\n", "#### ", "option ", "not ", "\\frac",
    "\\frac{1}{2}",
    "\\text{", "\\left", "\\circ", "\\sqrt", "\\pi", "\\times", "\\,", "cm", " apples",
    " million", "'", '"',
    "`", "**", "İ", "ß", "ΑΣ", "Å", "\uff15", "…", "!", "?", ":", ";", "_", "~", "<think>",
    "</think>",
]  # fmt: skip

texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS)).map("".join))
answers = st.one_of(
    texts,
    st.fractions().map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["1/2", "0.5", "50\\%", "\\frac12", "1,000", "1000", "(1,2)", "(1, 2)", "b",
    "(B)"]),
)  # fmt: skip
balanced = st.recursive(
    st.text(alphabet="abxyz0123456789+-=,()^ ", min_size=1, max_size=8),
    lambda inner: st.one_of(
        inner.map(lambda text: f"{{{text}}}"),
        inner.map(lambda text: f"\\{{{text}\\}}"),
        inner.map(lambda text: f"\\sqrt{{{text}}}"),
        st.tuples(inner, inner).map("".join),
    ),
).filter(lambda text: any(sign.isalnum() for sign in text))
extractors = st.builds(
    Answers, choices=st.sampled_from([None, "ABCD", "ABCDEFGHIJ"]), last_number=st.booleans()
)


@given(extractors, texts, st.booleans())
def test_extraction_takes_any_text(extractor: Answers, text: str, complete: bool) -> None:
    answer = extractor.extract(text, complete=complete)
    assert answer is None or (answer != "" and answer == answer.strip())


@given(texts, balanced, st.booleans())
def test_the_last_box_is_the_answer(text: str, content: str, complete: bool) -> None:
    # Only the end of thinking may hide a box.
    extracted = Answers(choices=None).extract(f"{text}\n\\boxed{{{content}}}", complete=complete)
    hidden = text.lstrip().startswith("<think>") and "</think>" not in text and not complete
    assert extracted == (None if hidden else content.strip())


@given(balanced, texts.filter(lambda text: "box" not in text and "think" not in text))
def test_what_follows_a_box_changes_nothing(content: str, after: str) -> None:
    text = f"\\boxed{{{content}}} {after}"
    assert Answers(choices=None).extract(text, complete=True) == content.strip()


@given(extractors, texts)
def test_a_cut_off_text_never_ends_in_its_last_number_alone(extractor: Answers, text: str) -> None:
    # Without a box, a statement or a letter nothing is explicit.
    if not any(word in text.lower() for word in ("box", "answer", "####", "option", "a", "b")):
        assert extractor.extract(text, complete=False) is None


@given(answers)
def test_forms_are_their_own_forms(answer: str) -> None:
    assert normalize(normalize(answer)) == normalize(answer)


@given(answers, answers, answers)
def test_equivalence_is_an_equivalence(first: str, second: str, third: str) -> None:
    same = Answers().equivalent
    assert same(first, first)
    assert same(first, second) == same(second, first)
    if same(first, second) and same(second, third):
        assert same(first, third)


@given(st.fractions())
def test_every_fraction_is_exact_in_every_writing(value: Fraction) -> None:
    numerator, denominator = value.numerator, value.denominator
    sign, size = ("-" if value < 0 else ""), abs(numerator)
    for writing in (
        f"{numerator}/{denominator}",
        f"\\frac{{{numerator}}}{{{denominator}}}",
        f"{sign}\\dfrac{{{size}}}{{{denominator}}}",
        f"x = {sign}{size} / {denominator}\\text{{ cm}}",
        f"{sign}{size:,}/{denominator:,}",
        f"{numerator * 100}/{denominator}\\%",
    ):
        assert exact_number(writing) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_every_decimal_is_exact(value: object) -> None:
    assert exact_number(f"{value:f}") == Fraction(str(value))
    assert exact_number(f"${value:,f}") == Fraction(str(value))
