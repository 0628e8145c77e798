"""Laws of extraction and equivalence, on generated texts."""

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from deepprune_sdk.answers import Answers, exact_number, normalize
from deepprune_sdk.answers.markers import folded, nouns_from_the_end
from deepprune_sdk.answers.no_answer import is_placeholder, is_refusal
from deepprune_sdk.answers.statements import stated
from deepprune_sdk.answers.thinking import without_thinking

FRAGMENTS = [
    "\\boxed{", "\\boxed ", "\\fbox{", "{", "}", "\\{", "\\}", "\\", "$", "(", ")", "[", "]", ",",
    ", ", " ", "\n", "1", "12", "000", ".", "/", "-", "\u2212", "+", "=", "^", "*", "%", "°", "½",
    "²", "e3", "10^3", "x", "A", "(B)", "answer is ", "Answer: ", "Final answer\n", "#### ",
    "option ", "not ", "\\frac", "\\frac{1}{2}", "\\text{", "\\left", "\\circ", "\\sqrt", "\\pi",
    "\\times", "\\,", "cm", " apples", " million", "'", '"', "`", "**", "İ", "ß", "ΑΣ", "Å",
    "\uff15", "…", "!", "?", ":", ";", "_", "~", "<think>", "</think>", "[THINK]", "[/THINK]",
    "<|channel|>", "analysis", "<|message|>", "assistantfinal", "答案是", "。", "Antwort: ",
    "Réponse : ", "उत्तर ", " है", "정답은 ", "입니다", "cevap ", "الإجابة: ", "٤", "<answer>",
    "</answer>", '{"answer": ', "}", "[ANSWER]", "\\begin{pmatrix}", "\\end{pmatrix}", "\\\\",
    "&", "±", "∪", "∅", "\\varnothing", "₂", "⁴", "_{2}", "^{2}", "\\Omega", " and ", " or ",
    " May ", "8", "1945", ":30", " PM", " p.m.", "(since ", " mod ", "\\pmod{", "€",
    "\\text{ cm}", " <= ", "|", "\\mid ", "\\infty", "...", "\\ldots", "\\overline{3}", "0.",
    "\ud800",
]  # fmt: skip

# Halves of surrogate pairs, too: a server may cut an emoji in two.
characters = st.characters(codec=None, exclude_categories=())
texts = st.one_of(
    st.text(characters, max_size=60), st.lists(st.sampled_from(FRAGMENTS)).map("".join)
)
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
    assume(not any(mark in text for mark in ("think", "THINK", "channel", "analysis")))
    assume(not is_placeholder(content) and "box" not in text)
    assume("=" not in content)  # "the sum = 5" is a sentence
    extracted = Answers(choices=None).extract(f"{text}\n\\boxed{{{content}}}", complete=complete)
    assert extracted == content.strip()


@given(balanced, texts)
def test_what_follows_a_box_and_states_nothing_changes_nothing(content: str, after: str) -> None:
    marks = ("box", "think", "THINK", "channel", "analysis", "assistantfinal", "####")
    assume(not is_placeholder(content) and not any(mark in after for mark in marks))
    assume("=" not in content)
    assume(not any(nouns_from_the_end(folded(after))))
    text = f"\\boxed{{{content}}} {after}"
    assert Answers(choices=None).extract(text, complete=True) == content.strip()


@given(extractors, texts)
def test_a_cut_off_text_never_ends_in_its_last_number_alone(extractor: Answers, text: str) -> None:
    # Without a box, a statement or a letter nothing is explicit.
    assume("box" not in text.lower() and not any(nouns_from_the_end(folded(text))))
    if not any(letter in folded(text) for letter in "ABCDEFGHIJ"):
        assert extractor.extract(text, complete=False) is None


@given(texts, st.booleans())
def test_a_statement_needs_no_number(text: str, complete: bool) -> None:
    said = stated(text, complete=complete)
    assert said is None or (said == said.strip() and not is_placeholder(said))
    assert isinstance(is_refusal(text), bool)


@given(texts, texts)
def test_what_is_thought_is_not_said(thought: str, said: str) -> None:
    marks = ("think", "THINK", "thought", "channel", "analysis", "assistantfinal", "\u25c1", "<")
    assume(not any(mark in thought + said for mark in marks))
    for opening, closing in (
        ("<think>", "</think>"),
        ("[THINK]", "[/THINK]"),
        ("<seed:think>", "</seed:think>"),
        ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
        ("analysis\n", "assistantfinal"),
    ):
        for complete in (True, False):
            text = f"{opening}{thought}{closing}{said}"
            assert without_thinking(text, complete=complete) == said
        assert without_thinking(f"{opening}{thought}", complete=False) == ""


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
