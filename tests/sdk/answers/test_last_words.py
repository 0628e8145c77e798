"""Replies that state no answer in so many words: what their last sentence says."""

import pytest

from deepprune_sdk.answers import (
    Answers,
    ChoiceAnswers,
    JsonAnswers,
    NumberAnswers,
    TextAnswers,
    normalize,
)

LETTERS = ChoiceAnswers()
TONES = ChoiceAnswers(("positive", "negative", "neutral"))
LEVELS = ChoiceAnswers(("low", "medium", "high"))


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        # In bold, whatever the language.
        ("Il reste donc la **réponse C**.", "C"),
        ("Por tanto, el inciso correcto es el **b)**.", "B"),
        ("正解は「**C．光合成**」です。", "C"),
        ("I would answer **C – increase, because demand is inelastic**.", "C"),
        ("It is not **B**.", None),
        ("Both **A** and **C** could be defended.", None),
        # Concluded, by elimination, or against another.
        ("Таким образом, верным является утверждение под буквой C.", "C"),
        ("Do đó các phương án A, B, C đều sai. Chọn D.", "D"),
        ("It cannot be A, B or D, which leaves C.", "C"),
        ("So the answer is not A but C.", "C"),
        ("정답은 3번이 아니라 B입니다.", "B"),
        ("Die Antwort ist nicht A, sondern B.", "B"),
        ("A is correct? No, B is correct.", "B"),
        ("The statement that is false is C.", "C"),
        ("On balance, D fits best.", "D"),
        ("B ✅", "B"),
        # A line for each option.
        ("A: 20%, B: 70%, C: 10%", None),
        ("C\n\nA: wrong\nB: wrong\nD: wrong", "C"),
        ("A ❌\nB ❌\nC ✅\nD ❌", "C"),
        ("A. False\nB. False\nC. True", None),
        ("A) 12\nB) 14\n\nB) 14 it is.", "B"),
        ("C, because the others are wrong.", "C"),
        # What is only named by a letter.
        ("Donc il manque la vitamine C.", None),
        ("Therefore, we need plan B.", None),
        ("Vitamin C", None),
    ],
)
def test_letters(text: str, letter: str | None) -> None:
    assert LETTERS.extract(text, complete=True) == letter


@pytest.mark.parametrize(
    "text",
    [
        "Let's analyze each option:\n\n**A. Bonds** – strong.\n\n**B. Forces** – weak.\n\n**C. Lon",
        "Looking at the options:\n\n- **A**: wrong because of the sign.\n- **B**: plausible, since",
    ],
)
def test_a_list_of_options_that_is_cut_off_is_no_answer(text: str) -> None:
    assert LETTERS.extract(text, complete=False) is None
    assert Answers().extract(text, complete=False) is None


@pytest.mark.parametrize(
    ("choices", "text", "label"),
    [
        (TONES, "## Verdict\n\nThis passage is **negative** to a fault.", "negative"),
        (TONES, "Tone: positive 😊", "positive"),
        (TONES, "This is clearly positive, although the first half is negative.", "positive"),
        (TONES, "It starts out negative but ends up positive.", "positive"),
        (TONES, "No negative words appear.", None),
        (LEVELS, "The priority should be medium, since the impact is low.", "medium"),
        (LEVELS, "This ticket is high, but its impact is low.", "high"),
        (LEVELS, "high risk", "high"),
        (TONES, "Positive: 0.2, Negative: 0.8", None),
        (TONES, "Positive? No, negative.", "negative"),
        (TONES, "Positive — no wait, negative.", "negative"),
        (ChoiceAnswers(("yes", "no")), "Yes, of course. Actually no.", "no"),
        (ChoiceAnswers(("yes", "no")), "I would say no.", "no"),
    ],
)
def test_labels(choices: ChoiceAnswers, text: str, label: str | None) -> None:
    assert choices.extract(text, complete=True) == label


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("A escala do mapa é **1:25 000**.", "1:25000"),
        ("The sheet measures **8.5 × 11 inches**.", "8.5 × 11 inches"),
        ("That is a rate of **120 mg per 5 mL**.", "120 mg per 5 mL"),
        ("The plane has equation **2x − 3y + z = 7**.", "2x - 3y + z = 7"),
        ("The line is **y = -2x + 5**.", "-2x+5"),
        ("## Risposta\n\nIn tutto Marco ha speso **46 euro**.", "46"),
        ("Somit beträgt der Umfang **31,4 cm**.", "31.4"),
        ("It must be **C**.", "C"),
        ("Of the **12** eggs, 5 are left.\n\n**Note:** none broke.", "5"),
        ("It took 45 minutes.\n\nLet me know if you want the 3 other methods!", "45"),
        ("So x = 5.\n\nCheck: 2(5) + 3 = 13 ✓", "5"),
        ("So x = 5. Check: 2·5 + 3 = 13.", "5"),
        ("Portanto, x = 5.\nVerificação: 2·5 + 3 = 13", "5"),
        ("It is minus 3.", "-3"),
        ("So 10 minus 3.", "3"),
        ("It is not 42.", None),
        ("The answer cannot be 42.", None),
        ("The wrong answer is 7.", None),
        ("Only 5 works because 6 is too large.", "5"),
        ("Die Wahrscheinlichkeit beträgt **3/8 (37,5 %)**.", "3/8"),
        ("The sides are 3, 4 and 5.", "3, 4, 5"),
        ("The first term is **3**, so the sum is 12.", "12"),
        ("The sum of the first **5** terms is 35.", "35"),
        ("Meeting time: $\\boxed{2{:}45\\text{ p.m.}}$", "14:45"),
        ("よって、終了時刻は **午後4時20分** です。", "午後4時20分"),
        ("So the foci lie at (±3, 0).", "(\\pm 3, 0)"),
        ("So the box measures 3 × 4 × 5 cm.", "3 × 4 × 5"),
        ("Area: 3 x 4 = 12", "12"),
        ("It is 42 or 43.", "42 or 43"),
        ("3 degrees below zero", None),
        ("최종 답은 \\boxed{\\text{여기에 답}} 형식으로 작성하세요.", None),
        ("题目缺条件（例如第 2 题中三角形的高），请您补充完整后我再为您解答。", None),
        ("There isn't enough information; the height (maybe 5 m?) is never given.", None),
        ("I need more than 3 apples. In total 12.", "12"),
        ("If the answer is 5 then we fail.", None),
        ("If x = 3, then y = 5.", "5"),
        ("The circle is (x-1)^2 + (y+2)^2 = 9.", "(x-1)^2+(y+2)^2=9"),
        ("Hence m + n = 11.", "11"),
        ("So we have $x=3$, $y=4$.", "x=3, y=4"),
        (
            "The matrix is \\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}.",
            "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
        ),
        ("Answer: 1; 5; 9", "1, 5, 9"),
        ("Answer #1: 42", "42"),
        ("| Field | Value |\n|---|---|\n| Final answer | 72 |\n| Confidence | 90% |", "72"),
        ("| Answer | Count |\n|---|---|\n| 72 | 9 |", "9"),
        ("إذن عدد التفاحات هو ٥.", "5"),
    ],
)
def test_values(text: str, answer: str | None) -> None:
    found = Answers().extract(text, complete=True)
    assert (found and normalize(found)) == (answer and normalize(answer))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Ответ: 3,75 л", "3.75"),
        ("Svar: 4,5 meter", "4.5"),
        ("Antwort: 3,5", "3.5"),
        ("Jadi, jawabannya adalah Rp85.000.", "85000"),
        ("답: 1억 2천만 원", "120000000"),
        ("The answer is two days.", "2"),
        ("The value is zero.", "0"),
        ("42-45", None),
        ("42 or 43", None),
        ("2024-01-05", None),
        ("I am not sure that it is one.", None),
    ],
)
def test_numbers(text: str, answer: str | None) -> None:
    found = NumberAnswers().extract(text, complete=True)
    assert (found is None) == (answer is None)
    assert found is None or answer is None or NumberAnswers().equivalent(found, answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("العاصمة المطلوبة هي **الرباط**.", "الرباط"),
        ("## Respuesta final\n\nLa autora de la novela es **Isabel Allende**.", "Isabel Allende"),
        ("第五代移动通信技术的英文简称是：5G", "5G"),
        ("The answer is 10 Downing Street.", "10 Downing Street"),
        ("It's Canberra.", "Canberra"),
        ("Well, the answer is definitely Lima!", "Lima"),
        ("The capital? Canberra.", "Canberra"),
        ("**City:** Canberra", "Canberra"),
        ("The capital is **Paris**. Would you like to know more?", "Paris"),
        ("Paris\n\nLet me know if you need anything else!", "Paris"),
        ("- Canberra\n- Sydney", None),
        ('"**War and Peace**" was written by **Leo Tolstoy**.', None),
        (
            "I'm not able to identify people. I can describe the clothing and the general mood.",
            None,
        ),
        ("N/A", None),
        ("TBD", None),
        ("Answer: [your answer]", None),
        ("Answer: [city]", None),
        ("Final answer: <insert city here>", None),
        ("回答：【在此填写答案】", None),
        ("[Paris]", "[Paris]"),
        ("(blue)", "(blue)"),
    ],
)
def test_texts(text: str, answer: str | None) -> None:
    assert TextAnswers().extract(text, complete=True) == answer


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("twenty-five", "25"),
        ("3万5千", "35000"),
        ("US$ 40", "40"),
        ("R$ 5,00", "5"),
        ("CHF 12.50", "12.5"),
        ("0,432", "0.432"),
        ("1:25 000", "1:25000"),
        ("(1,5; 2)", "(1.5, 2)"),
        ("5'11\"", "5 feet 11 inches"),
        ("2\\mathrm{A}F_{16}", "2AF_{16}"),
        ("A \\bigcup B", "A ∪ B"),
    ],
)
def test_one_value_in_two_forms(left: str, right: str) -> None:
    assert normalize(left) == normalize(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [("0,432", "432"), ("Seven Samurai", "7"), ("3千克", "3000"), ("10 Downing Street", "11")],
)
def test_values_that_stay_apart(left: str, right: str) -> None:
    assert normalize(left) != normalize(right)


def test_names_without_quotes_in_json() -> None:
    found = JsonAnswers().extract('{\n  name: "Okafor",\n  roles: ["admin",],\n}', complete=True)
    assert found == '{"name": "Okafor", "roles": ["admin"]}'
    assert JsonAnswers().extract("In TypeScript: { foo: string }", complete=True) is None
