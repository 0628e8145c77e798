"""Placeholders and refusals, which look like answers and are none."""

import pytest

from deepprune_sdk.answers import Answers
from deepprune_sdk.answers.no_answer import is_placeholder, is_refusal

PLACEHOLDERS = [
    "", " ", "...", "…", "?", "???", "____", "\\ldots", "\\dots", "\\cdots", "\\quad", "\\,",
    "\\square", "\\_\\_\\_", "answer", "Answer", "ANSWER", "\\text{answer}", "your answer",
    "Your final answer", "\\text{final answer}", "\\text{Your final answer here}",
    "[your answer]", "<answer>", "{answer}", "final_answer", "YOUR_ANSWER_HERE",
    "insert answer here", "\\text{[insert final answer]}", "result", "number", "the number",
    "letter", "your solution", "\\ref{30}", "\\eqref{eq:1}", "\\phantom{00}", "\\hspace{1cm}",
    "\\text{}", "\\text{ }", "\\boxed{}", "N/A", "xxx", "TODO", "Ihre Antwort", "votre réponse",
    "tu respuesta", "sua resposta", "la tua risposta", "答案", "你的答案", "答え", "정답",
    "ответ", "cevabınız", "उत्तर",
]  # fmt: skip
ANSWERS = [
    "5", "0", "x", "X", "A", "a", "n", "-", "yes", "no", "no solution", "none", "solution",
    "option", "\\emptyset", "\\{\\}", "∅", "∞", "\\infty", "\\pi", "\\alpha", "\\text{no}",
    "name", "text", "the Amazon", "here", "\\ref{30} 5", "answer 5", "Antwerp", "a + b", "<", ">",
    "=", "+", "%", "the " * 30 + "answer",
]  # fmt: skip


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_placeholder_is_no_answer(text: str) -> None:
    assert is_placeholder(text)
    for ending in (f"So 3 + 4 = 7. \\boxed{{{text}}}", f"So 3 + 4 = 7.\n\nAnswer: {text}"):
        assert Answers().extract(ending, complete=True) is None
        assert Answers().extract(f"{ending}\n", complete=False) is None
    assert Answers().extract(f"\\boxed{{5}} in \\boxed{{{text}}}", complete=True) == "5"


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_is_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        "I cannot answer. My data ends in 2021.",
        "I can't solve this; 3 values are missing.",
        "I\u2019m sorry, but I can\u2019t help with these 2 questions.",
        "I'm unable to determine this from 4 numbers.",
        "As an AI model trained until 2023, I have no opinion.",
        "There is not enough information in these 2 lines.",
        "The value cannot be determined from 2 equations.",
        "Could you provide all 5 numbers?",
        "Is it 5?",
        "这是 5 吗？",
        "Ich kann diese 2 Fragen leider nicht beantworten.",
        "Je ne peux pas répondre: mes données s'arrêtent en 2021.",
        "No puedo responder: mis datos llegan a 2021.",
        "Não consigo responder; meus dados vão até 2021.",
        "Non posso rispondere: i dati arrivano al 2021.",
        "Не могу ответить: данные до 2021.",
        "我无法回答，数据截止到 2021。",
        "2021年以降のことはわかりません。",
        "2021년 이후는 알 수 없습니다.",
        "لا أستطيع الإجابة، بياناتي حتى 2021.",
        "मुझे पता नहीं, मेरा डेटा 2021 तक है।",
        "Üzgünüm, verilerim 2021 yılına kadar.",
        "Helaas lopen mijn gegevens tot 2021.",
        "Niestety moje dane kończą się na 2021.",
    ],
)
def test_a_refusal_is_no_answer(text: str) -> None:
    assert is_refusal(text)
    assert Answers().extract(text, complete=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "So she has 18 eggs left.",
        "I know that 5 is prime. It is 5!",
        f"I cannot use 3 here, so I use 4. {'Then it is shown that more follows. ' * 20} So 5.",
    ],
)
def test_a_number_at_the_end_is_no_refusal(text: str) -> None:
    assert not is_refusal(text)


def test_an_explicit_answer_beside_an_apology_counts() -> None:
    text = "Sorry for the mistake in my previous message. The answer is 17."
    assert Answers().extract(text, complete=True) == "17"
